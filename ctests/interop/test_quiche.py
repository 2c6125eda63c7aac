"""Our example programs and quiche, both ways, with HTTP/3 over loopback.

    test_quiche.py DIRECTORY_OF_THE_EXAMPLES QUICHE_PEER [CASE]...

QUICHE_PEER is the program of ctests/interop/quiche; h3_cases.py has the cases.
"""

import sys
from pathlib import Path

from h3_cases import run_both_ways
from peers import LinePeer


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: test_quiche.py DIRECTORY_OF_THE_EXAMPLES QUICHE_PEER [CASE]...")
    quiche = LinePeer("quiche", [Path(sys.argv[2]).resolve()], dynamic=False)
    run_both_ways(quiche, sys.argv[1], sys.argv[3:])


if __name__ == "__main__":
    main()
