"""What an HTTP/3 client and a server of different makers have to do together, over loopback."""

import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from peers import Answer, Ours
from support import Tally, digest, make_files, workspace

MANY = 100
UPLOAD = 50_000_000
SIZES = [0, 1, 1_000, 1_000_000, UPLOAD]
# BoringSSL tells the age of a ticket in whole seconds, by which it can seem to be older than it is;
# then GnuTLS takes no 0-RTT.
EARLY_TRIES = 5


@dataclass
class Pair:
    """A client, a server, and what they work with."""

    tally: object
    client: object
    server: object
    work: Path
    digests: dict

    def check(self, name, good, detail=""):
        label = f"{self.client.name}'s client, {self.server.name}'s server"
        return self.tally.check(f"{label}: {name}", good, detail)

    def check_answer(self, name, visit, path, sha256):
        answer = visit.answers.get(path)
        good = (answer is not None and answer.sha256 == sha256
                and answer.status in (None, 200) and not visit.failure)
        return self.check(name, good, visit.failure or f"{path}: {answer}")

    def can(self, feature):
        return feature in self.client.as_client and feature in self.server.as_server


def gets(pair):
    """Bodies of all sizes, in parallel on one connection."""
    paths = [pair.server.empty if size == 0 else f"/{size}.bin" for size in SIZES]
    with pair.server.serve(pair.work) as host:
        visit = pair.client.visit(pair.work, host.port, paths, bulk=True)
        missing = pair.client.visit(pair.work, host.port, ["/1.bin", "/missing"])
    for size, path in zip(SIZES, paths):
        pair.check_answer(f"GET of {size} bytes", visit, path, pair.digests[f"{size}.bin"])
    answer = missing.answers.get("/missing")
    pair.check("GET of what is not there", answer is not None and answer.status == 404, missing)
    pair.check_answer("GET beside it", missing, "/1.bin", pair.digests["1.bin"])


def many(pair):
    """A hundred requests at once."""
    ask_for_many(pair, f"{MANY} requests at once")


def tables(pair):
    """Dynamic tables for the fields that clients and servers repeat, in both directions."""
    if pair.can("dynamic"):
        visit, host = ask_for_many(pair, f"{MANY} requests with dynamic tables", settled=True)
        seen = [visit.dynamic] if visit.dynamic is not None else host.dynamic
        pair.check("dynamic tables in use both ways", seen == [True], seen)


def ask_for_many(pair, name, **how):
    names = [f"many-{number}.bin" for number in range(MANY)]
    fields = [("accept", "text/html,application/octet-stream;q=0.9"), ("x-token", "c" * 40)]
    with pair.server.serve(pair.work) as host:
        visit = pair.client.visit(pair.work, host.port, [f"/{name}" for name in names],
                                  fields=fields, **how)
    wrong = [name for name in names
             if (answer := visit.answers.get(f"/{name}")) is None or answer.status != 200
             or answer.sha256 != pair.digests[name]]
    pair.check(name, not wrong and not visit.failure, visit.failure or f"wrong: {wrong}")
    return visit, host


def upload(pair):
    """A body of 50 MB from the client to the server."""
    file = pair.work / "root" / f"{UPLOAD}.bin"
    with pair.server.serve(pair.work) as host:
        visit = pair.client.visit(pair.work, host.port, ["/1000"], method="POST", data=file,
                                  bulk=True)
    answer = visit.answers.get("/1000")
    good = answer is not None and answer.status in (None, 200) and not visit.failure
    proof = pair.server.uploaded(answer, pair.digests[file.name]) if good else False
    if proof is None:
        proof = host.uploaded >= UPLOAD
    pair.check(f"POST of {UPLOAD} bytes", proof, visit.failure or f"{answer} {host}")


def trailers(pair):
    """Fields after the body of a response, and of a request where both programs can."""
    path, file = "/1000.bin?trailers", pair.work / "root" / "1000.bin"
    sent = [("x-checksum", "0123"), ("x-words", "one two")]
    if pair.can("trailers"):
        with pair.server.serve(pair.work, trailers=True) as host:
            visit = pair.client.visit(pair.work, host.port, [path])
        if pair.check_answer("body before trailers", visit, path, pair.digests[file.name]):
            got = visit.answers[path].trailers
            pair.check("trailers of a response", len(got) == 1, visit)
    if pair.can("request trailers"):
        with pair.server.serve(pair.work) as host:
            visit = pair.client.visit(pair.work, host.port, ["/upload"], method="POST", data=file,
                                      trailers=sent)
        answer = visit.answers.get("/upload", Answer(None, 0, ""))
        seen = pair.server.trailers_seen(answer)
        pair.check("trailers of a request", seen == dict(sent) and not visit.failure, visit)
        pair.check("body before them", pair.server.uploaded(answer, pair.digests[file.name]), visit)


def head(pair):
    """A header section that tells the length, and no body."""
    with pair.server.serve(pair.work) as host:
        visit = pair.client.visit(pair.work, host.port, ["/1000.bin"], method="HEAD")
    answer = visit.answers.get("/1000.bin")
    good = (answer is not None and (answer.status, answer.length) == (200, 0)
            and answer.headers.get("content-length") == "1000" and not visit.failure)
    pair.check("HEAD", good, visit)


def early(pair):
    """A request in 0-RTT packets by one who comes back."""
    session = pair.work / "session"
    with pair.server.serve(pair.work) as host:
        first = pair.client.visit(pair.work, host.port, ["/1000.bin"], session=session)
        for _ in range(EARLY_TRIES):
            again = pair.client.visit(pair.work, host.port, ["/1000.bin", "/1.bin"],
                                      session=session)
            if again.early:
                break
    pair.check_answer("GET before resumption", first, "/1000.bin", pair.digests["1000.bin"])
    for name in ("1000.bin", "1.bin"):
        pair.check_answer(f"GET of {name} as 0-RTT", again, f"/{name}", pair.digests[name])
    pair.check("0-RTT taken, says the client", (first.early, again.early) == (False, True),
               (first, again))
    if host.early:
        pair.check("0-RTT taken, says the server", host.early[-1], host.early)
    for file in pair.work.glob("session*"):
        file.unlink()


CASES = [gets, many, tables, upload, trailers, head, early]


def prepare(work):
    """Makes the files that the servers hand out; the digests by name."""
    digests = make_files(work / "root", SIZES)
    for number in range(MANY):
        file = work / "root" / f"many-{number}.bin"
        file.write_bytes(f"this is file {number}\n".encode() * 50)
        digests[file.name] = digest(file)
    return digests


def run(tally, client, server, work, digests, wanted=()):
    """Tries all cases, or those wanted, with this client and this server."""
    pair = Pair(tally, client, server, work, digests)
    for case in CASES:
        if not wanted or case.__name__ in wanted:
            started = time.monotonic()
            try:
                case(pair)
            except Exception:  # whatever it is, the others still run
                pair.check(case.__name__, False, traceback.format_exc())
            print(f"     {case.__name__}: {time.monotonic() - started:.1f} s", flush=True)


def run_both_ways(peer, examples, wanted):
    """Our programs against those of a peer, each as client and as server; ends the process."""
    tally, ours = Tally(), Ours(Path(examples).resolve())
    with workspace() as work:
        digests = prepare(work)
        run(tally, ours, peer, work, digests, wanted)
        run(tally, peer, ours, work, digests, wanted)
    tally.exit()
