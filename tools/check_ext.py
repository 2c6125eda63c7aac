#!/usr/bin/env python3
"""Checks xqc_ext.h and what stands behind it: check_ext.py INCLUDE [LIBRARY]

The header must compile alone, in C and C++, without a warning. Every function it declares must be
exported by the library as XQUIC_EXT_1.0, and nothing else may carry that version. Every xqc_ symbol
that is not of the original library's must be one of these.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NODE = "XQUIC_EXT_1.0"
MODES = [("cc", "c", "c99"), ("cc", "c", "c11"), ("c++", "c++", "c++17")]


def compile_errors(include):
    """What compilers say about the header on its own."""
    wrong = []
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "ext"
        source.write_text("#include <xquic/xqc_ext.h>\n")
        for compiler, language, standard in MODES:
            if shutil.which(compiler) is None:
                continue
            result = subprocess.run(
                [compiler, "-x", language, f"-std={standard}", "-D_GNU_SOURCE", "-Wall", "-Wextra",
                 "-Werror", "-fsyntax-only", "-I", include, source],
                capture_output=True, text=True, check=False)
            if result.returncode != 0:
                wrong.append(f"xqc_ext.h as {standard}: {result.stderr.strip()}")
    return wrong


def declared(include):
    """The functions that the header declares."""
    text = (Path(include) / "xquic" / "xqc_ext.h").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return set(re.findall(r"\b(xqc_\w+)\(", "".join(
        part.split(";")[0] for part in text.split("XQC_EXPORT_PUBLIC_API")[1:])))


def exported(library):
    """The names and versions of the library's xqc_ symbols."""
    result = subprocess.run(["nm", "-D", "--defined-only", "--with-symbol-versions", library],
                            capture_output=True, text=True, check=True)
    names = (line.split()[-1] for line in result.stdout.splitlines())
    symbols = (name.partition("@") for name in names if name.startswith("xqc_"))
    return {name: version.lstrip("@") for name, _, version in symbols}


def upstream_names():
    facts = json.loads((ROOT / "ctests" / "abi" / "xquic-abi.json").read_text())
    lists = ("functions", "exported_undeclared", "data", "version_script_undefined")
    return {item["name"] for key in lists for item in facts[key]}


def symbol_errors(include, library):
    names, symbols = declared(include), exported(library)
    if not names:
        return ["xqc_ext.h declares no function"]
    wrong = [f"{name}: declared in xqc_ext.h, but exported as {symbols.get(name)}"
             for name in sorted(names) if symbols.get(name) != NODE]
    wrong += [f"{name}: exported as {NODE}, but not declared in xqc_ext.h"
              for name, version in sorted(symbols.items()) if version == NODE and name not in names]
    known = upstream_names() | names
    wrong += [f"{name}: exported, but in no header" for name in sorted(symbols) if name not in known]
    return wrong


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: check_ext.py INCLUDE [LIBRARY]")
    wrong = compile_errors(sys.argv[1])
    if len(sys.argv) == 3:
        wrong += symbol_errors(*sys.argv[1:])
    for line in wrong:
        print(f"FAIL {line}")
    print(f"xqc_ext.h: {len(declared(sys.argv[1]))} functions, {len(wrong)} failed")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
