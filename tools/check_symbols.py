#!/usr/bin/env python3
"""Checks what libxquic.so exports: check_symbols.py [--list] LIBRARY

Every fact about the library must hold as in upstream: SONAME, version node, nothing outside xqc_,
types and sizes. The functions that are declared but not implemented yet are listed in
ctests/abi/not-exported.txt; one that is missing without being listed is an error, and so is a
listed one that is there, so that the list can only shrink. With --list the names that are missing are printed.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ABI = ROOT / "ctests" / "abi"


def listed():
    lines = (ABI / "not-exported.txt").read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def findings(library):
    """What check_abi.py says about the library's symbols."""
    result = subprocess.run(
        [sys.executable, ABI / "check_abi.py", "--include", ROOT / "include", "--lib", library,
         "--area", "symbols", "--json"], capture_output=True, text=True, check=False)
    if result.returncode not in (0, 1):
        sys.exit(result.stderr or result.stdout)
    return json.loads(result.stdout)


def main():
    arguments = sys.argv[1:]
    only_list = arguments[:1] == ["--list"]
    if len(arguments) - only_list != 1:
        sys.exit("usage: check_symbols.py [--list] LIBRARY")
    report = findings(arguments[-1])
    absent = {failure["item"] for failure in report["failures"]
              if failure["message"].endswith("is not exported")}
    if only_list:
        print("\n".join(sorted(absent)))
        return
    allowed = listed()

    wrong = [f"{failure['item']}: {failure['message']}" for failure in report["failures"]
             if failure["item"] not in absent & allowed]
    wrong += [f"{name}: is exported now: take it off not-exported.txt"
              for name in sorted(allowed - absent)]
    for line in wrong:
        print(f"FAIL {line}")
    for warning in report["warnings"]:
        print(f"WARN {warning['message']}")
    print(f"symbols: {report['checked']} checked, {len(absent & allowed)} not implemented yet, "
          f"{len(wrong)} failed")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
