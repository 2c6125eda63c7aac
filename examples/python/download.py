#!/usr/bin/env python3
"""Downloads a file over HTTP/3, as an example of a Python host of libxquic.

    download.py LIBRARY INCLUDE HOST PORT PATH FILE CERTIFICATE

LIBRARY is the path of libxquic.so, INCLUDE the directory that holds xquic/xquic.h. The server is
accepted if its certificate is the one in the file CERTIFICATE (PEM).
"""

import ssl
import sys
from pathlib import Path

from xquic import Client, XquicError


def main():
    if len(sys.argv) != 8:
        sys.exit(__doc__)
    library, include, host, port, path, file, certificate = sys.argv[1:]
    der = ssl.PEM_cert_to_DER_cert(Path(certificate).read_text(encoding="ascii"))
    try:
        with open(file, "wb") as output, Client(library, include, host, int(port), "localhost",
                                                der) as client:
            response = client.get(path, output.write)
    except (XquicError, OSError) as error:
        sys.exit(f"download.py: {error}")
    print(f"status {response.status}")
    return 0 if response.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
