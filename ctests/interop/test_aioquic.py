"""Our example programs against aioquic, both directions, over loopback.

    test_aioquic.py DIRECTORY_OF_THE_EXAMPLES

Files of 0 B, 1 B, 1 MB and 20 MB travel in parallel on one connection; the digests are compared.
Then a file that is not there, which must fail cleanly on both sides, and the smaller files over a
link that loses every fiftieth datagram.
"""

import asyncio
import contextlib
import hashlib
import sys
from pathlib import Path

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StreamDataReceived, StreamReset

from lossy_link import LossyLink
from support import Server, Tally, digest, file_name, make_files, workspace

ALPN = ["hq-interop"]
SIZES = [0, 1, 1_000_000, 20_000_000]
LOSSY_SIZES = [0, 1, 1_000_000]
LOSS = 50
SEED = 1
TRANSFER_SECONDS = 120
NOT_FOUND = 0x10
RECEIVE = 56


def configuration(is_client, work):
    settings = QuicConfiguration(is_client=is_client, alpn_protocols=ALPN, idle_timeout=30)
    if is_client:
        settings.load_verify_locations(cafile=str(work / "tls/cert.pem"))
        settings.server_name = "localhost"
        settings.max_data = 16 * 1024 * 1024
        settings.max_stream_data = 8 * 1024 * 1024
    else:
        settings.load_cert_chain(str(work / "tls/cert.pem"), str(work / "tls/key.pem"))
    return settings


class FileServer(QuicConnectionProtocol):
    """HTTP/0.9: a request line in, the file's bytes out."""

    root = None

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.requests = {}

    def quic_event_received(self, event):
        if not isinstance(event, StreamDataReceived):
            return
        line = self.requests.get(event.stream_id, b"") + event.data
        self.requests[event.stream_id] = line
        if not event.end_stream:
            return
        name = line.decode().removeprefix("GET /").rstrip("\r\n")
        path = self.root / name
        if path.is_file():
            self._quic.send_stream_data(event.stream_id, path.read_bytes(), end_stream=True)
        else:
            self._quic.reset_stream(event.stream_id, NOT_FOUND)
        self.transmit()


class FileClient(QuicConnectionProtocol):
    """Asks for files and gathers the answers."""

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.answers = {}

    async def fetch(self, path):
        stream = self._quic.get_next_available_stream_id()
        answer = [hashlib.sha256(), asyncio.get_running_loop().create_future()]
        self.answers[stream] = answer
        self._quic.send_stream_data(stream, f"GET {path}\r\n".encode(), end_stream=True)
        self.transmit()
        return await answer[1]

    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived):
            hasher, done = self.answers[event.stream_id]
            hasher.update(event.data)
            if event.end_stream and not done.done():
                done.set_result(hasher.hexdigest())
        elif isinstance(event, StreamReset):
            self.finish(event.stream_id, f"reset with 0x{event.error_code:x}")
        elif isinstance(event, ConnectionTerminated):
            for stream in self.answers:
                self.finish(stream, f"connection ended: 0x{event.error_code:x} {event.reason_phrase}")

    def finish(self, stream, result):
        done = self.answers[stream][1]
        if not done.done():
            done.set_result(result)


async def run_our_client(examples, *arguments):
    """Like support.run_client, but lets the asyncio server go on meanwhile."""
    process = await asyncio.create_subprocess_exec(
        examples / "xqc_client", *map(str, arguments),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    try:
        _, errors = await asyncio.wait_for(process.communicate(), TRANSFER_SECONDS)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
        return None, f"no end within {TRANSFER_SECONDS} s"
    return process.returncode, errors.decode().strip()


@contextlib.asynccontextmanager
async def aioquic_server(work):
    """aioquic's server; the value is its port."""
    FileServer.root = work / "root"
    server = await serve("127.0.0.1", 0, configuration=configuration(False, work),
                         create_protocol=FileServer)
    try:
        yield server._transport.get_extra_info("sockname")[1]
    finally:
        server.close()


async def download_with_ours(tally, label, examples, work, port, digests):
    status, errors = await run_our_client(
        examples, *client_options(work), "127.0.0.1", port, *(f"/{name}" for name in digests))
    tally.check(f"{label}: exit status", status == 0, f"{status}: {errors}")
    for name, expected in digests.items():
        path = work / "out" / name
        got = digest(path) if path.is_file() else "no file"
        tally.check(f"{label}: {name}", got == expected, got)
        path.unlink(missing_ok=True)


async def download_with_aioquic(work, port, names):
    """The answers, in the order of the names."""
    async with connect("127.0.0.1", port, configuration=configuration(True, work),
                       create_protocol=FileClient) as client:
        return await asyncio.wait_for(
            asyncio.gather(*(client.fetch(f"/{name}") for name in names)), TRANSFER_SECONDS)


def client_options(work):
    return ["--ca", work / "tls/cert.pem", "--sni", "localhost", "-o", work / "out",
            "--alpn", "hq-interop"]


async def our_client_against_aioquic(tally, examples, work, digests):
    label = "our client, aioquic's server"
    async with aioquic_server(work) as port:
        await download_with_ours(tally, label, examples, work, port, digests)
        status, errors = await run_our_client(
            examples, *client_options(work), "127.0.0.1", port, "/missing")
        good = status == RECEIVE and f"0x{NOT_FOUND:x}" in errors
        tally.check(f"{label}: missing file", good, f"{status}: {errors}")


async def our_client_over_a_lossy_link(tally, examples, work, digests):
    label = "our client, aioquic's server, with losses"
    async with aioquic_server(work) as port, LossyLink(port, LOSS, SEED) as link:
        few = {name: digests[name] for name in map(file_name, LOSSY_SIZES)}
        await download_with_ours(tally, label, examples, work, link.port, few)
    tally.check(f"{label}: there were some", link.lost > 0, link.lost)


async def aioquic_client_against_ours(tally, examples, work, digests):
    label = "aioquic's client, our server"
    with Server(examples, work) as server:
        names = [*digests, "missing"]
        answers = await download_with_aioquic(work, server.port, names)
    for name, got in zip(names, answers):
        good = got.startswith("reset") if name == "missing" else got == digests[name]
        tally.check(f"{label}: {name}", good, got)
    tally.check(f"{label}: clean stop", server.status == 0, server.status)


async def control_characters_against_ours(tally, examples, work, _digests):
    """What a client asks for gets into the server's log, but gives the terminal no orders."""
    with Server(examples, work) as server:
        await download_with_aioquic(work, server.port, ["a\x1b[31mb\x9b2Jc\u00e4"])
    log = server.log.read_bytes()
    good = b"refused 'GET /a?[31mb?2Jc\xc3\xa4'" in log
    tally.check("our server's log: control characters", good, log)


async def aioquic_client_over_a_lossy_link(tally, examples, work, digests):
    label = "aioquic's client, our server, with losses"
    names = [file_name(size) for size in LOSSY_SIZES]
    with Server(examples, work) as server:
        async with LossyLink(server.port, LOSS, SEED) as link:
            answers = await download_with_aioquic(work, link.port, names)
    for name, got in zip(names, answers):
        tally.check(f"{label}: {name}", got == digests[name], got)
    tally.check(f"{label}: there were some", link.lost > 0, link.lost)


async def run(tally, examples):
    with workspace() as work:
        digests = make_files(work / "root", SIZES)
        for part in (our_client_against_aioquic, our_client_over_a_lossy_link,
                     aioquic_client_against_ours, aioquic_client_over_a_lossy_link,
                     control_characters_against_ours):
            try:
                await part(tally, examples, work, digests)
            except Exception as error:  # whatever it is, the others still run
                tally.check(part.__name__, False, repr(error))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: test_aioquic.py DIRECTORY_OF_THE_EXAMPLES")
    tally = Tally()
    asyncio.run(run(tally, Path(sys.argv[1]).resolve()))
    tally.exit()


if __name__ == "__main__":
    main()
