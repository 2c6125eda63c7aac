"""HTTP/3 clients and servers of several makers behind one interface.

A peer can `visit` a server, which gives a Visit, and `serve` a folder, which gives a Host while its
block lasts. A visit asks for all paths at once; if it is to be `settled`, most of them only when the
SETTINGS of the server have come, so that dynamic tables can be used. What a peer's programs cannot
do or tell is None in a Visit and a Host, or missing in the sets `as_client` and `as_server`, whose
members are:

    trailers   a server ends responses with them if the path ends in ?trailers, a client shows them
    request trailers   a client sends them, a server tells in its answer to POST what it got
    dynamic    has a QPACK encoder and decoder with a dynamic table
"""

import contextlib
import hashlib
import re
import shutil
import socket
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from support import START_SECONDS

VISIT_SECONDS = 300
# Until a server has seen that its clients are gone, which it may hear of after they have ended.
GONE_SECONDS = 10
ALL = {"trailers", "request trailers", "dynamic"}


@dataclass
class Answer:
    """A response: `status` and fields are None where the program does not tell them."""

    status: int | None
    length: int
    sha256: str
    headers: dict = field(default_factory=dict)
    trailers: dict = field(default_factory=dict)


@dataclass
class Visit:
    """A connection as the client saw it; `failure` is empty if all went well."""

    answers: dict = field(default_factory=dict)
    resumed: bool | None = None
    early: bool | None = None
    dynamic: bool | None = None
    failure: str = ""


@dataclass
class Host:
    """A server that runs; what it tells of its connections comes with the end of the block."""

    port: int
    log: Path
    status: int | None = None
    resumed: list = field(default_factory=list)
    early: list = field(default_factory=list)
    dynamic: list = field(default_factory=list)
    uploaded: int | None = None


class Peer:
    """What all have in common. `name` is that of the maker."""

    name = ""
    as_client = ALL
    as_server = ALL
    # A path whose content is empty.
    empty = "/0.bin"

    def read_log(self, host):
        """Takes from the log of a server that has ended what a Host tells."""

    def port(self, log):
        """The port from the log of a server that starts, or None."""
        found = re.search(r"listening on .*:(\d+)\n", log)
        return int(found.group(1)) if found else None

    def is_at_rest(self, log):
        """Whether a server has written all that it tells of its connections so far."""
        return True

    def uploaded(self, answer, sent):
        """Whether the answer to a POST proves that the server got all of a body with the digest
        `sent`; None: the answer does not tell."""
        return answer.sha256 == hashlib.sha256(sent.encode()).hexdigest()

    def trailers_seen(self, answer):
        """The trailers that came with a request, as its answer tells them."""
        prefix = "x-trailer-"
        return {name.removeprefix(prefix): value for name, value in answer.headers.items()
                if name.startswith(prefix)}

    @contextlib.contextmanager
    def run_server(self, command, log):
        """Starts a server and ends it; the value is its Host."""
        with open(log, "wb") as output:
            process = subprocess.Popen(list(map(str, command)), stdout=output,
                                       stderr=subprocess.STDOUT)
        try:
            host = Host(self.await_port(process, log), log)
            yield host
            deadline = time.monotonic() + GONE_SECONDS
            while time.monotonic() < deadline and not self.is_at_rest(log.read_text(errors="replace")):
                time.sleep(0.02)
            process.terminate()
            host.status = process.wait(timeout=10)
        finally:
            process.kill()
            process.wait()
        self.read_log(host)

    def await_port(self, process, log):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            port = self.port(log.read_text(errors="replace"))
            if port is not None:
                return port
            time.sleep(0.05)
        raise RuntimeError(f"{self.name}'s server did not start: {log.read_text()[-2000:]}")


def empty(directory):
    """Makes a directory, or removes the files that are in it."""
    directory.mkdir(exist_ok=True)
    for old in directory.iterdir():
        old.unlink()


def run(command, seconds=VISIT_SECONDS):
    """Runs a client: its output, and what went wrong."""
    try:
        result = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return "", f"no end within {seconds} s"
    output = result.stdout.decode(errors="replace")
    if result.returncode != 0:
        return output, f"status {result.returncode}: {output[-1000:]}"
    return output, ""


class Ours(Peer):
    """The example programs of this library."""

    name = "xquic"

    def __init__(self, examples):
        self.examples = examples

    def visit(self, work, port, paths, *, method="GET", data=None, fields=(), trailers=(),
              session=None, bulk=False, settled=False):
        out = work / "out-xquic"
        empty(out)
        command = [self.examples / "xqc_client", "--ca", work / "tls/cert.pem", "--sni",
                   "localhost", "--stats", "--verbose", "--include", "--output", out,
                   "--parallel", 4 if settled else len(paths), "--timeout", 30]
        # Its own option for HEAD is as good as the method's name.
        command += ["--head"] if method == "HEAD" else ["--request", method]
        for option, values in (("--header", fields), ("--trailer", trailers)):
            for name, value in values:
                command += [option, f"{name}: {value}"]
        if data is not None:
            command += ["--data-file", data]
        if session is not None:
            command += ["--resume", session]
        output, failure = run([*command, *(f"https://127.0.0.1:{port}{path}" for path in paths)])
        visit = Visit(failure=failure)
        for path in paths:
            file = out / path.rpartition("/")[2].partition("?")[0]
            if file.is_file():
                visit.answers[path] = self.read_answer(file.read_bytes())
        if session is not None:
            visit.early = re.search(r"^early data +accepted$", output, re.MULTILINE) is not None
        if len(paths) == 1 and paths[0] in visit.answers:
            visit.answers[paths[0]].trailers = self.trailers(output)
        return visit

    @staticmethod
    def read_answer(data):
        """What --include writes: the header section as in HTTP/1.1, then the body."""
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        status = int(first.removeprefix("HTTP/3 "))
        return Answer(status, len(body), hashlib.sha256(body).hexdigest(), headers)

    @staticmethod
    def trailers(output):
        """Sections end with an empty line; those of responses are marked, the first is the header
        section."""
        lines = re.findall(r"^< (.*)$", output, re.MULTILINE)
        sections = "\n".join(lines).split("\n\n")
        return dict(line.split(": ", 1) for section in sections[1:]
                    for line in section.splitlines() if line)

    def serve(self, work, *options, trailers=False):
        command = [self.examples / "xqc_server", "--cert", work / "tls/cert.pem", "--key",
                   work / "tls/key.pem", "--root", work / "root", "--listen", "127.0.0.1",
                   "--port", 0, "--stats", *(["--trailers"] if trailers else []), *options]
        return self.run_server(command, work / "xquic.log")

    def uploaded(self, answer, sent):
        return answer.sha256 == sent

    def trailers_seen(self, answer):
        return answer.trailers


class LinePeer(Peer):
    """A peer of this directory: `quiche/main.rs` describes the command line and what is printed."""

    def __init__(self, name, command, dynamic):
        self.name, self.command = name, command
        if not dynamic:
            self.as_client = self.as_server = ALL - {"dynamic"}

    def visit(self, work, port, paths, *, method="GET", data=None, fields=(), trailers=(),
              session=None, bulk=False, settled=False):
        command = [*self.command, "client", "--ca", work / "tls/cert.pem", "--method", method]
        for option, values in (("--field", fields), ("--trailer", trailers)):
            for name, value in values:
                command += [option, f"{name}:{value}"]
        if data is not None:
            command += ["--data", data]
        if session is not None:
            command += ["--session", session]
        command += ["--settled"] if settled else []
        output, failure = run([*command, port, *paths])
        visit = Visit(failure=failure)
        fields = {"header": defaultdict(dict), "trailer": defaultdict(dict)}
        for line in output.splitlines():
            self.take(visit, fields, line.split("\t"))
        for path, answer in visit.answers.items():
            answer.headers, answer.trailers = fields["header"][path], fields["trailer"][path]
        return visit

    @staticmethod
    def take(visit, fields, words):
        match words:
            case "response", path, status, length, sha256:
                visit.answers[path] = Answer(int(status or 0), int(length), sha256)
            case ("header" | "trailer") as kind, path, name, *value:
                fields[kind][path][name] = "\t".join(value)
            case "reset", path, code:
                visit.failure += f"{path} was reset with {code}; "
            case "connection", resumed, early, _:
                visit.resumed, visit.early = resumed == "true", early == "true"
            case "qpack", *traffic:
                visit.dynamic = all(map(int, traffic))

    def serve(self, work, trailers=False):
        tls = work / "tls"
        command = [*self.command, "server", tls / "cert.pem", tls / "key.pem", work / "root"]
        return self.run_server(command, work / f"{self.name}.log")

    def is_at_rest(self, log):
        """A server that tells of connections when they end says before that it accepts them."""
        kinds = [line.partition("\t")[0] for line in log.splitlines()]
        return kinds.count("connection") >= kinds.count("accepted")

    def read_log(self, host):
        for line in host.log.read_text().splitlines():
            match line.split("\t"):
                case "connection", resumed, early, _:
                    host.resumed.append(resumed == "true")
                    host.early.append(early == "true")
                case "qpack", *traffic:
                    host.dynamic.append(all(map(int, traffic)))


class Ngtcp2(Peer):
    """ngtcp2's gtlsclient and gtlsserver. They tell what happens in a log of every frame."""

    name = "ngtcp2"
    as_client = {"trailers", "dynamic"}
    as_server = {"trailers", "dynamic"}
    # It cannot map an empty file into memory, but makes as many bytes as a path of digits says.
    empty = "/0"

    def visit(self, work, port, paths, *, method="GET", data=None, session=None, bulk=False,
              settled=False, **_):
        out = work / "out-ngtcp2"
        empty(out)
        command = ["gtlsclient", "--exit-on-all-streams-close", "--no-quic-dump", "--no-http-dump",
                   "--download", out, "-m", method]
        # The log of so many packets would take longer than they do.
        command += ["-q"] if bulk else []
        command += ["-d", data] if data is not None else []
        if session is not None:
            command += ["--session-file", session, "--tp-file", f"{session}.parameters"]
        if settled:
            # So that the server's SETTINGS are there before the first request.
            command += ["--delay-stream", "200ms"]
        urls = [f"https://localhost{path}" for path in paths]
        output, failure = run([*command, "127.0.0.1", port, *urls])
        return self.read_visit(out, output, failure, paths, bulk, session)

    def read_visit(self, out, output, failure, paths, bulk, session):
        visit = Visit(failure=failure)
        for number, path in enumerate(paths):
            file = out / path.rpartition("/")[2]
            body = file.read_bytes() if file.is_file() else b""
            answer = Answer(None, len(body), hashlib.sha256(body).hexdigest())
            if not bulk:
                answer.headers, answer.trailers = self.sections(output, number * 4)
                answer.status = int(answer.headers.get(":status", 0))
            visit.answers[path] = answer
        if not bulk:
            visit.dynamic = tables_in_use(output)
        if session is not None:
            sent = " 0RTT STREAM" in output
            visit.early = sent and "Early data was rejected" not in output
        return visit

    @staticmethod
    def sections(output, stream):
        """The header section and the trailers of a response, as the log tells them."""
        found, section = {"headers": {}, "trailers": {}}, None
        prefix = re.escape(f"http: stream 0x{stream:x} ")
        for event in re.findall(f"^{prefix}(.*)$", output, re.MULTILINE):
            if event.endswith("started"):
                section = found["trailers" if "trailers" in event else "headers"]
            elif event.endswith("ended"):
                section = None
            elif section is not None and (pair := re.fullmatch(r"\[(:?[^:]+): (.*)\]", event)):
                section[pair.group(1)] = pair.group(2)
        return found["headers"], found["trailers"]

    def serve(self, work, trailers=False):
        self.chosen = free_port()
        # Where Debian puts it, which not all users have in their PATH.
        program = shutil.which("gtlsserver") or "/usr/sbin/gtlsserver"
        command = [program, "--no-quic-dump", "--no-http-dump", "-d", work / "root",
                   *(["--send-trailers"] if trailers else []), "127.0.0.1", self.chosen,
                   work / "tls/key.pem", work / "tls/cert.pem"]
        return self.run_server(command, work / "ngtcp2.log")

    def port(self, log):
        """It does not say when it is ready: the system knows whether the port is taken."""
        taken = f":{self.chosen:04X} "
        return self.chosen if taken in Path("/proc/net/udp").read_text() else None

    def uploaded(self, answer, sent):
        return None

    def read_log(self, host):
        log = host.log.read_text(errors="replace")
        host.dynamic = [tables_in_use(log)]
        host.early = [" rx " in line for line in log.splitlines() if " 0RTT STREAM(" in line][:1]
        host.uploaded = received_on_first_stream(log)


def tables_in_use(log):
    """Whether, by ngtcp2's log, more than their types went over the QPACK streams of both sides.

    Each side has three unidirectional streams, one of them for SETTINGS."""
    ends = defaultdict(int)
    pattern = r" frm (rx|tx) \d+ \S+ STREAM\(\S+\) id=(0x\w+) fin=\d offset=(\d+) len=(\d+) uni=1"
    for direction, stream, offset, length in re.findall(pattern, log):
        ends[direction, stream] = max(ends[direction, stream], int(offset) + int(length))
    used = {way: sum(end > 1 for (each, _), end in ends.items() if each == way)
            for way in ("rx", "tx")}
    return used == {"rx": 3, "tx": 3}


def received_on_first_stream(log):
    """The length of the client's first request stream, once a server got the end of it."""
    pattern = r" frm rx \d+ 1RTT STREAM\(\S+\) id=0x0 fin=1 offset=(\d+) len=(\d+) "
    ends = [int(offset) + int(length) for offset, length in re.findall(pattern, log)]
    return max(ends, default=0)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
