"""A small HTTP/3 client and server on aioquic, the peer of test_aioquic_h3.py.

    aioquic_peer.py server CERT KEY ROOT
    aioquic_peer.py client [OPTION]... PORT PATH...

Options, answers and output are those of quiche/main.rs, which describes them. One more line tells what
went over the QPACK streams: `qpack ENCODER_SENT ENCODER_RECEIVED DECODER_SENT DECODER_RECEIVED`,
in bytes without the types of the streams. With --settled, the client waits for the first answer
before it asks for the rest.
"""

import argparse
import asyncio
import hashlib
import pickle
import signal
import sys
from pathlib import Path

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import (ConnectionTerminated, HandshakeCompleted, ProtocolNegotiated,
                                 StreamReset)

HOST = "localhost"
SECONDS = 300


class Incoming:
    """What has come of a message so far."""

    def __init__(self):
        self.headers, self.trailers, self.body = [], [], bytearray()

    def take(self, event):
        if isinstance(event, DataReceived):
            self.body += event.data
            return
        fields = [(name.decode(), value.decode()) for name, value in event.headers]
        # An informational response is replaced by what follows it.
        if not self.headers or self.field(":status").startswith("1"):
            self.headers = fields
        else:
            self.trailers = fields

    def field(self, name):
        return dict(self.headers).get(name, "")


class Http(H3Connection):
    """aioquic's HTTP/3. It takes no account of HEAD, whose responses have a length but no body."""

    is_head = False

    def _check_content_length(self, stream):
        if not self.is_head:
            super()._check_content_length(stream)

    def traffic(self):
        return (self._encoder_bytes_sent, self._encoder_bytes_received,
                self._decoder_bytes_sent, self._decoder_bytes_received)


class Peer(QuicConnectionProtocol):
    """What both ends have in common."""

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.http = None
        self.messages = {}
        self.count = 0
        self.handshake = (False, False)

    def begin(self):
        self.http = self.http or Http(self._quic)

    def quic_event_received(self, event):
        if isinstance(event, ProtocolNegotiated):
            self.begin()
        elif isinstance(event, HandshakeCompleted):
            self.handshake = (event.session_resumed, event.early_data_accepted)
        elif isinstance(event, StreamReset):
            self.has_been_reset(event.stream_id, event.error_code)
        elif isinstance(event, ConnectionTerminated):
            self.has_ended(event)
        if self.http is not None:
            for each in self.http.handle_event(event):
                if isinstance(each, (DataReceived, HeadersReceived)):
                    message = self.messages.setdefault(each.stream_id, Incoming())
                    message.take(each)
                    if each.stream_ended:
                        self.is_complete(each.stream_id, message)

    def has_been_reset(self, stream, code):
        pass

    def has_ended(self, event):
        pass

    def report(self):
        resumed, early = (str(each).lower() for each in self.handshake)
        print("connection", resumed, early, self.count, sep="\t", flush=True)
        if self.http is not None:
            print("qpack", *self.http.traffic(), sep="\t", flush=True)


class Server(Peer):
    """Answers with files, and with digests of uploads."""

    root = None
    open = []

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.open.append(self)

    def is_complete(self, stream, request):
        self.count += 1
        del self.messages[stream]
        method = request.field(":method")
        path, _, query = request.field(":path").partition("?")
        body = self.content(method, path, request)
        status = "404" if body is None else "200"
        body = body or b""
        header = [(":status", status), ("server", "aioquic"), ("content-length", str(len(body))),
                  ("x-received", str(len(request.body))),
                  *((f"x-trailer-{name}", value) for name, value in request.trailers)]
        self.http.send_headers(stream, encoded(header), end_stream=method == "HEAD")
        if method != "HEAD":
            wants_trailers = query == "trailers"
            self.http.send_data(stream, body, end_stream=not wants_trailers)
            if wants_trailers:
                digest = hashlib.sha256(body).hexdigest()
                self.http.send_headers(stream, encoded([("x-sha256", digest)]), end_stream=True)
        self.transmit()

    def content(self, method, path, request):
        if method not in ("GET", "HEAD"):
            return hashlib.sha256(request.body).hexdigest().encode()
        file = (self.root / path.removeprefix("/")).resolve()
        return file.read_bytes() if self.root in file.parents and file.is_file() else None

    def has_ended(self, event):
        self.report()
        self.open.remove(self)


class Client(Peer):
    """Asks for everything at once and gathers the answers."""

    def prepare(self, options):
        self.options, self.ends, self.paths = options, {}, {}

    async def exchange(self):
        options = self.options
        body = options.data.read_bytes() if options.data else b""
        header = [(":method", options.method), (":scheme", "https"), (":authority", HOST),
                  (":path", ""), ("user-agent", "aioquic"), *options.field]
        if body:
            header.append(("content-length", str(len(body))))
        self.http.is_head = options.method == "HEAD"
        for path in options.path:
            if options.settled and self.count == 1:
                await self.answers()
            stream = self._quic.get_next_available_stream_id()
            self.paths[stream], self.ends[stream] = path, asyncio.Future()
            header[3] = (":path", path)
            last = not body and not options.trailer
            self.http.send_headers(stream, encoded(header), end_stream=last)
            if body:
                self.http.send_data(stream, body, end_stream=not options.trailer)
            if options.trailer:
                self.http.send_headers(stream, encoded(options.trailer), end_stream=True)
            self.count += 1
        await self.answers()

    async def answers(self):
        self.transmit()
        await asyncio.wait_for(asyncio.gather(*self.ends.values()), SECONDS)

    def is_complete(self, stream, message):
        self.end(stream, None)

    def has_been_reset(self, stream, code):
        self.end(stream, f"{code:#x}")

    def has_ended(self, event):
        if not all(end.done() for end in self.ends.values()):
            print(f"connection ended: {event}", file=sys.stderr)
        for stream in self.ends:
            self.end(stream, "connection")

    def end(self, stream, reason):
        end = self.ends.get(stream)
        if end is not None and not end.done():
            end.set_result(reason)

    def report_answers(self):
        """Prints all answers; whether they are complete."""
        for stream, path in self.paths.items():
            answer = self.messages.get(stream, Incoming())
            if (reason := self.ends[stream].result()) is not None:
                print("reset", path, reason, sep="\t")
            print("response", path, answer.field(":status"), len(answer.body),
                  hashlib.sha256(answer.body).hexdigest(), sep="\t")
            for kind, fields in (("header", answer.headers), ("trailer", answer.trailers)):
                for name, value in fields:
                    print(kind, path, name, value, sep="\t")
            if self.options.out:
                (self.options.out / path.rpartition("/")[2]).write_bytes(answer.body)
        return all(end.result() is None for end in self.ends.values())


def encoded(fields):
    return [(name.encode(), value.encode()) for name, value in fields]


def field(text):
    name, _, value = text.partition(":")
    return name, value.strip()


def configuration(is_client):
    return QuicConfiguration(is_client=is_client, alpn_protocols=H3_ALPN, idle_timeout=30,
                             max_data=16 * 1024 * 1024, max_stream_data=8 * 1024 * 1024)


async def run_server(options):
    Server.root = options.root.resolve()
    settings, tickets = configuration(False), {}
    settings.load_cert_chain(options.certificate, options.key)
    server = await serve(
        "127.0.0.1", 0, configuration=settings, create_protocol=Server,
        session_ticket_fetcher=lambda label: tickets.pop(label, None),
        session_ticket_handler=lambda ticket: tickets.update({ticket.ticket: ticket}))
    print(f"listening on 127.0.0.1:{server._transport.get_extra_info('sockname')[1]}", flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    for peer in Server.open:
        peer.report()
    server.close()


async def run_client(options):
    settings, tickets = configuration(True), []
    settings.server_name = HOST
    settings.load_verify_locations(cafile=str(options.ca))
    known = options.session is not None and options.session.exists()
    if known:
        settings.session_ticket = pickle.loads(options.session.read_bytes())
    async with connect("127.0.0.1", options.port, configuration=settings, create_protocol=Client,
                       session_ticket_handler=tickets.append, wait_connected=not known) as client:
        client.prepare(options)
        client.begin()
        await client.exchange()
        is_complete = client.report_answers()
        await asyncio.wait_for(wait_for_ticket(options, tickets), SECONDS)
        client.report()
    return is_complete


async def wait_for_ticket(options, tickets):
    """Leaves the ticket that came in the session file, if one is asked for."""
    if options.session is not None:
        while not tickets:
            await asyncio.sleep(0.01)
        options.session.write_bytes(pickle.dumps(tickets[-1]))


def parse():
    parser = argparse.ArgumentParser()
    parts = parser.add_subparsers(dest="part", required=True)
    server = parts.add_parser("server")
    for name in ("certificate", "key", "root"):
        server.add_argument(name, type=Path)
    client = parts.add_parser("client")
    client.add_argument("--ca", type=Path)
    client.add_argument("--method", default="GET")
    client.add_argument("--data", type=Path)
    client.add_argument("--field", action="append", type=field, default=[])
    client.add_argument("--trailer", action="append", type=field, default=[])
    client.add_argument("--out", type=Path)
    client.add_argument("--session", type=Path)
    client.add_argument("--settled", action="store_true")
    client.add_argument("port", type=int)
    client.add_argument("path", nargs="+")
    return parser.parse_args()


def main():
    options = parse()
    if options.part == "server":
        asyncio.run(run_server(options))
    elif not asyncio.run(run_client(options)):
        sys.exit(1)


if __name__ == "__main__":
    main()
