"""Our example programs and aioquic, both ways, with HTTP/3 over loopback.

    test_aioquic_h3.py DIRECTORY_OF_THE_EXAMPLES [CASE]...

aioquic_peer.py is the other side; h3_cases.py has the cases.
"""

import sys
from pathlib import Path

from h3_cases import run_both_ways
from peers import LinePeer


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: test_aioquic_h3.py DIRECTORY_OF_THE_EXAMPLES [CASE]...")
    peer = Path(__file__).with_name("aioquic_peer.py")
    aioquic = LinePeer("aioquic", [sys.executable, peer], dynamic=True)
    run_both_ways(aioquic, sys.argv[1], sys.argv[2:])


if __name__ == "__main__":
    main()
