"""What the tests of the example programs share: files, a server process, a tally."""

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 10
# How much of what went wrong is printed.
DETAIL = 2_000


class Tally:
    """Prints one PASS or FAIL line per case and remembers how many of each there were."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, good, detail=""):
        if good:
            self.passed += 1
            print(f"PASS {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL {name}: {str(detail)[:DETAIL]}", flush=True)
        return good

    def exit(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed or not self.passed else 0)


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def make_certificate(directory):
    subprocess.run([ROOT / "tools" / "make-certificate.sh", directory], check=True)
    return Path(directory) / "cert.pem", Path(directory) / "key.pem"


def file_name(size):
    return f"{size}.bin"


def make_files(directory, sizes):
    """Writes one file of random bytes per size, named after it; returns their digests by name."""
    digests = {}
    for size in sizes:
        name = file_name(size)
        data = os.urandom(size)
        (Path(directory) / name).write_bytes(data)
        digests[name] = hashlib.sha256(data).hexdigest()
    return digests


@contextlib.contextmanager
def workspace():
    """A directory with a certificate and an empty root to serve from."""
    with tempfile.TemporaryDirectory(prefix="xquic-") as name:
        work = Path(name)
        (work / "root").mkdir()
        (work / "out").mkdir()
        make_certificate(work / "tls")
        yield work


class Server:
    """xqc_server on a port the system chose, ended when the block ends."""

    def __init__(self, examples, work, *options, address="127.0.0.1"):
        self.command = [
            examples / "xqc_server", "--cert", work / "tls/cert.pem", "--key", work / "tls/key.pem",
            "--root", work / "root", "--listen", address, "--port", "0", "--stats", *options,
        ]
        self.log = work / "server.log"

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r"listening on .*:(\d+)\n", self.log.read_text())
            if found:
                self.port = int(found.group(1))
                return self
            time.sleep(0.05)
        self.process.kill()
        self.process.wait()
        raise RuntimeError(f"xqc_server did not start: {self.log.read_text()}")

    def __exit__(self, *exception):
        self.process.terminate()
        try:
            self.status = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.status = self.process.wait()


class Cases:
    """A group of checks for every method whose name begins with "case_", each with a workspace."""

    def __init__(self, tally, examples, work):
        self.tally = tally
        self.examples = examples
        self.work = work

    def expect(self, name, result, status, text=""):
        """One run of the client must end with `status`, and say `text` on stderr."""
        good = result.returncode == status and text in result.stderr
        self.tally.check(name, good, f"status {result.returncode}, stderr: {result.stderr.strip()}")

    @classmethod
    def main(cls):
        if len(sys.argv) != 2:
            sys.exit(f"usage: {sys.argv[0]} DIRECTORY_OF_THE_EXAMPLES")
        examples = Path(sys.argv[1]).resolve()
        tally = Tally()
        for name in dir(cls):
            if not name.startswith("case_"):
                continue
            with workspace() as work:
                try:
                    getattr(cls(tally, examples, work), name)()
                except Exception as error:  # whatever it is, the other cases still run
                    tally.check(name, False, repr(error))
        tally.exit()


def run_client(examples, *arguments, timeout=60):
    """Runs xqc_client to its end; a hang counts as a result with the return code None."""
    command = [examples / "xqc_client", *map(str, arguments)]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        return subprocess.CompletedProcess(command, None, "", f"no end within {error.timeout} s")
