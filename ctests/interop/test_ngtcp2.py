"""Our example programs and ngtcp2's (gtlsclient and gtlsserver), both ways, with HTTP/3 over loopback.

    test_ngtcp2.py DIRECTORY_OF_THE_EXAMPLES [CASE]...

h3_cases.py has the cases.
"""

import sys

from h3_cases import run_both_ways
from peers import Ngtcp2


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: test_ngtcp2.py DIRECTORY_OF_THE_EXAMPLES [CASE]...")
    run_both_ways(Ngtcp2(), sys.argv[1], sys.argv[2:])


if __name__ == "__main__":
    main()
