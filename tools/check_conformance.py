#!/usr/bin/env python3
"""Checks that every test named in docs/CONFORMANCE.md exists.

usage: check_conformance.py RUST_TESTS

RUST_TESTS is what `cargo test -- --list` printed. A proof is one of, in backticks:
  module::tests::name        a Rust test
  scenarios/loss.c name      a case of a C program below ctests/
  interop/test_x.py name     a test of a Python program below ctests/
Fails when a named test is gone, when a rule has no proof, or when a rule is numbered out of order.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "CONFORMANCE.md"
RULE = re.compile(r"^\| (\d+)\.(\d+) \|(.*)\|(.*)\|$")
PROOF = re.compile(r"`([^`]+)`")


def rust_tests(listing):
    names = (line.removesuffix(": test") for line in listing.splitlines() if line.endswith(": test"))
    return set(names)


def exists_in_file(proof):
    name, _, case = proof.partition(" ")
    path = ROOT / "ctests" / name
    if not case or not path.is_file():
        return False
    text = path.read_text()
    if path.suffix == ".c":
        return re.search(r'\{\s*"%s"' % re.escape(case), text) is not None
    return re.search(r"\b%s\b" % re.escape(case), text) is not None


def faults(page, tests):
    last = (0, 0)
    rules = 0
    for line in page.splitlines():
        match = RULE.match(line)
        if not match:
            continue
        rules += 1
        number = (int(match[1]), int(match[2]))
        label = f"{number[0]}.{number[1]}"
        if number <= last:
            yield f"{label}: out of order"
        last = number
        proofs = PROOF.findall(match[4])
        if not proofs:
            yield f"{label}: no proof is named"
        for proof in proofs:
            known = proof in tests if "::" in proof else exists_in_file(proof)
            if not known:
                yield f"{label}: there is no test {proof}"
    if rules == 0:
        yield "no rules found"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tests = rust_tests(pathlib.Path(sys.argv[1]).read_text())
    found = list(faults(PAGE.read_text(), tests))
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        sys.exit(1)
    print("every test that docs/CONFORMANCE.md names exists")


if __name__ == "__main__":
    main()
