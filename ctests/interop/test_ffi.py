"""Hosts in other languages than C: downloads by examples/python and examples/cpp.

    test_ffi.py DIRECTORY_OF_THE_EXAMPLES LIBRARY INCLUDE
"""

import ctypes
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

from support import ROOT, Cases, Server, digest, make_certificate, make_files

if len(sys.argv) != 4:
    sys.exit(__doc__)
INCLUDE, LIBRARY = sys.argv.pop(), sys.argv.pop()
PYTHON = ROOT / "examples" / "python"
SIZES = [0, 1, 100_000, 5_000_000]

sys.path.insert(0, str(PYTHON))
from xquic_abi import Abi  # noqa: E402


class FfiCases(Cases):
    def run(self, *command):
        return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              timeout=120, check=False)

    def python(self, port, path, file, certificate):
        return self.run(sys.executable, PYTHON / "download.py", LIBRARY, INCLUDE, "127.0.0.1",
                        port, path, file, certificate)

    def cpp(self, port, path, file, certificate, *wrapper):
        der = Path(certificate).with_suffix(".der")
        der.write_bytes(ssl.PEM_cert_to_DER_cert(Path(certificate).read_text()))
        return self.run(*wrapper, self.examples / "cpp_download", "127.0.0.1", port, path, file, der)

    def check_downloads(self, language, download):
        digests = make_files(self.work / "root", SIZES)
        own = self.work / "tls/cert.pem"
        other, _ = make_certificate(self.work / "other")
        target = self.work / "target"
        with Server(self.examples, self.work) as server:
            for name, expected in digests.items():
                result = download(server.port, f"/{name}", target, own)
                self.tally.check(f"{language}: {name}", result.returncode == 0
                                 and digest(target) == expected, result)
            result = download(server.port, "/nothing", target, own)
            self.tally.check(f"{language}: a file that is not there", result.returncode == 1
                             and "status 404" in result.stdout, result)
            result = download(server.port, "/1.bin", target, other)
            self.tally.check(f"{language}: another certificate", result.returncode == 1
                             and "connection ended" in result.stderr, result)
            result = download(server.port, "/5000000.bin", "/dev/full", own)
            self.tally.check(f"{language}: an exception in a callback comes out again",
                             result.returncode == 1 and result.stderr.count("\n") == 1, result)
        result = download(server.port, "/1.bin", target, own)
        self.tally.check(f"{language}: no server", result.returncode == 1, result)

    def case_python(self):
        self.check_downloads("Python", self.python)

    def case_cpp(self):
        self.check_downloads("C++", self.cpp)

    def case_cpp_leaks_nothing(self):
        make_files(self.work / "root", [50_000])
        wrapper = ["valgrind", "--quiet", "--leak-check=full", "--error-exitcode=9"]
        if shutil.which("valgrind") is None:
            self.tally.check("valgrind is there", False)
            return
        with Server(self.examples, self.work) as server:
            for path, target, status in (("/50000.bin", self.work / "target", 0),
                                         ("/50000.bin", "/dev/full", 1)):
                result = self.cpp(server.port, path, target, self.work / "tls/cert.pem", *wrapper)
                self.tally.check(f"C++ under valgrind, to {Path(target).name}",
                                 result.returncode == status, result)

    def case_layouts(self):
        """What the header reader makes of the structs, against what a compiler does."""
        structs = {name: kind for name, kind in Abi(INCLUDE).structs().items() if " " not in name}
        lines, wanted = [], []
        for name, kind in structs.items():
            lines.append(f'printf("%zu\\n", sizeof({name}));')
            wanted.append((name, ctypes.sizeof(kind)))
            for field, _ in kind._fields_:
                lines.append(f'printf("%zu\\n", offsetof({name}, {field}));')
                wanted.append((f"{name}.{field}", getattr(kind, field).offset))
        source = self.work / "layouts.c"
        source.write_text("#include <stddef.h>\n#include <stdio.h>\n#include <xquic/xquic.h>\n"
                          "#include <xquic/xqc_http3.h>\nint main(void)\n{\n"
                          + "\n".join(lines) + "\n}\n")
        self.run("cc", "-I", INCLUDE, source, "-o", self.work / "layouts").check_returncode()
        found = self.run(self.work / "layouts").stdout.split()
        wrong = [(name, size, real) for (name, size), real in zip(wanted, found)
                 if size != int(real)]
        self.tally.check(f"layouts of {len(structs)} structs", len(structs) > 30
                         and len(found) == len(wanted) and not wrong, wrong[:3])


if __name__ == "__main__":
    FfiCases.main()
