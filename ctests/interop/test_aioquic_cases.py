"""The interop runner's cases between our example programs and aioquic, over loopback.

    test_aioquic_cases.py DIRECTORY_OF_THE_EXAMPLES

Each case is tried both ways round.
"""

import asyncio
import contextlib
import functools
import sys
from pathlib import Path

from aioquic.asyncio import connect, serve
from aioquic.quic.connection import QuicConnection
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.quic.events import HandshakeCompleted
from aioquic.tls import CipherSuite

from lossy_link import LossyLink
from support import Server, Tally, digest, file_name, make_files, workspace
from test_aioquic import (FileClient, FileServer, client_options, configuration,
                          run_our_client)

SIZE = 2_000_000
SMALL = 1_000
CONNECTIONS = 20
SECONDS = 60
CHACHA20 = "TLS_CHACHA20_POLY1305_SHA256"
SEED = 5


class Counter:
    """How often aioquic did something."""

    def __init__(self, owner, name):
        self.owner, self.name = owner, name
        self.count = 0

    def __enter__(self):
        self.original = getattr(self.owner, self.name)

        @functools.wraps(self.original)
        def counted(*arguments, **keywords):
            self.count += 1
            return self.original(*arguments, **keywords)

        setattr(self.owner, self.name, counted)
        return self

    def __exit__(self, *exception):
        setattr(self.owner, self.name, self.original)


class Bench:
    """What a case works with."""

    def __init__(self, tally, examples, work, digests):
        self.tally, self.examples, self.work, self.digests = tally, examples, work, digests

    def configuration(self, is_client, **changes):
        settings = configuration(is_client, self.work)
        for name, value in changes.items():
            setattr(settings, name, value)
        return settings

    @contextlib.asynccontextmanager
    async def their_server(self, retry=False, host="127.0.0.1", tickets=None, **changes):
        """aioquic's server; the value is its port. With `tickets`, a dictionary, it knows those
        who come back."""
        FileServer.root = self.work / "root"
        memory = {}
        if tickets is not None:
            memory = {
                "session_ticket_fetcher": lambda label: tickets.pop(label, None),
                "session_ticket_handler": lambda ticket: tickets.update({ticket.ticket: ticket}),
            }
        server = await serve(host, 0, configuration=self.configuration(False, **changes),
                             create_protocol=FileServer, retry=retry, **memory)
        try:
            yield server._transport.get_extra_info("sockname")[1]
        finally:
            server.close()

    async def ours_gets(self, label, port, *options, host="127.0.0.1", size=SIZE, count=1):
        names = [file_name(size + number) for number in range(count)]
        status, errors = await run_our_client(
            self.examples, *client_options(self.work), *options, host, port,
            *(f"/{name}" for name in names))
        good = status == 0
        for name in names:
            path = self.work / "out" / name
            good = good and path.is_file() and digest(path) == self.digests[name]
            path.unlink(missing_ok=True)
        self.tally.check(f"{label}: our client, aioquic's server", good, f"{status}: {errors}")

    async def theirs_gets(self, label, port, host="127.0.0.1", size=SIZE, during=None, after=None,
                          early=False, tickets=None, **changes):
        name = file_name(size)
        async with connect(host, port, configuration=self.configuration(True, **changes),
                           create_protocol=FileClient, wait_connected=not early,
                           session_ticket_handler=None if tickets is None else tickets.append,
                           ) as client:
            answer = asyncio.ensure_future(client.fetch(f"/{name}"))
            if during is not None:
                await during(client)
            got = await asyncio.wait_for(answer, SECONDS)
            if after is not None:
                after(client)
        self.tally.check(f"{label}: aioquic's client, our server", got == self.digests[name], got)

    def our_server(self, *options, **keywords):
        return Server(self.examples, self.work, *options, **keywords)


async def chacha20(bench):
    suites = [CipherSuite.CHACHA20_POLY1305_SHA256]
    async with bench.their_server(cipher_suites=suites) as port:
        await bench.ours_gets("chacha20", port)
    with bench.our_server("--ciphers", CHACHA20) as server:
        await bench.theirs_gets("chacha20", server.port)


async def keyupdate(bench):
    with Counter(CryptoPair, "_update_key") as updates:
        async with bench.their_server() as port:
            await bench.ours_gets("keyupdate by our client", port, "--key-update", 20)
    bench.tally.check("keyupdate by our client: there were some", updates.count > 0, updates.count)

    with Counter(CryptoPair, "_update_key") as updates:
        with bench.our_server("--key-update", "20") as server:
            await bench.theirs_gets("keyupdate by our server", server.port)
    bench.tally.check("keyupdate by our server: there were some", updates.count > 0, updates.count)

    async def update(client):
        for _ in range(3):
            await asyncio.sleep(0.05)
            client.request_key_update()
            await client.ping()

    with bench.our_server() as server:
        await bench.theirs_gets("keyupdate by aioquic's client", server.port, during=update)


async def retry(bench):
    async with bench.their_server(retry=True) as port:
        await bench.ours_gets("retry", port)
    with Counter(QuicConnection, "_receive_retry_packet") as retries:
        with bench.our_server("--retry") as server:
            await bench.theirs_gets("retry", server.port)
    bench.tally.check("retry: our server sent one", retries.count == 1, retries.count)


async def v2(bench):
    """Both begin with version 2; then our server changes to it with a client that began with 1."""
    version_2 = QuicProtocolVersion.VERSION_2
    both = [version_2, QuicProtocolVersion.VERSION_1]

    def saw_version_2(client):
        bench.tally.check("v2: in use", client._quic._version == version_2, client._quic._version)

    async with bench.their_server(supported_versions=both) as port:
        await bench.ours_gets("v2", port, "--v2")
    with bench.our_server("--v2") as server:
        await bench.theirs_gets("v2", server.port, after=saw_version_2,
                                supported_versions=both, original_version=version_2)
        await bench.theirs_gets("v2 after v1", server.port, after=saw_version_2,
                                supported_versions=both,
                                original_version=QuicProtocolVersion.VERSION_1)


class Handshakes:
    """What aioquic says of the handshakes it has finished: (resumed, early data accepted)."""

    def __enter__(self):
        self.seen = []
        originals = {kind: kind.quic_event_received for kind in (FileClient, FileServer)}
        self.originals = originals

        def watch(kind):
            def received(protocol, event):
                if isinstance(event, HandshakeCompleted):
                    self.seen.append((event.session_resumed, event.early_data_accepted))
                originals[kind](protocol, event)
            return received

        for kind in originals:
            kind.quic_event_received = watch(kind)
        return self

    def __exit__(self, *exception):
        for kind, original in self.originals.items():
            kind.quic_event_received = original


async def resumption(bench):
    tickets, session = {}, bench.work / "session"
    with Handshakes() as handshakes:
        async with bench.their_server(tickets=tickets) as port:
            for _ in range(2):
                await bench.ours_gets("resumption", port, "--session", session)
    resumed = [resumed for resumed, _ in handshakes.seen]
    bench.tally.check("resumption: our client came back", resumed == [False, True], resumed)

    tickets = []
    with bench.our_server() as server, Handshakes() as handshakes:
        await bench.theirs_gets("resumption", server.port, tickets=tickets)
        await bench.theirs_gets("resumption", server.port, session_ticket=tickets[0])
    resumed = [resumed for resumed, _ in handshakes.seen]
    bench.tally.check("resumption: our server knew it", resumed == [False, True], resumed)


async def zerortt(bench):
    tickets, session = {}, bench.work / "early-session"
    with Handshakes() as handshakes:
        async with bench.their_server(tickets=tickets) as port:
            for _ in range(2):
                await bench.ours_gets("zerortt", port, "--session", session, "--early-data")
            # A server that has forgotten everybody.
            tickets.clear()
            await bench.ours_gets("zerortt in vain", port, "--session", session, "--early-data")
    bench.tally.check("zerortt: accepted from our client",
                      handshakes.seen == [(False, False), (True, True), (False, False)],
                      handshakes.seen)

    tickets = []
    with bench.our_server() as server, Handshakes() as handshakes:
        await bench.theirs_gets("zerortt", server.port, tickets=tickets)
        await bench.theirs_gets("zerortt", server.port, session_ticket=tickets[0], early=True)
    bench.tally.check("zerortt: accepted by our server",
                      handshakes.seen == [(False, False), (True, True)], handshakes.seen)
    with bench.our_server() as server, Handshakes() as handshakes:
        await bench.theirs_gets("zerortt in vain", server.port, session_ticket=tickets[0],
                                early=True)
    bench.tally.check("zerortt: rejected by our server", handshakes.seen == [(False, False)],
                      handshakes.seen)


async def rebind_port(bench):
    async with bench.their_server() as port, LossyLink(port, 0, SEED, rebind_after=500) as link:
        await bench.ours_gets("rebind-port", link.port)
        bench.tally.check("rebind-port: in the middle", link.carried > 1_000, link.carried)
    with bench.our_server() as server:
        async with LossyLink(server.port, 0, SEED, rebind_after=500) as link:
            await bench.theirs_gets("rebind-port", link.port)


async def handshakeloss(bench):
    connections = CONNECTIONS
    async with bench.their_server() as port, LossyLink(port, 4, SEED) as link:
        await bench.ours_gets("handshakeloss", link.port, "--connections", connections,
                              "--timeout", 30, size=SMALL, count=connections)
    with bench.our_server() as server:
        async with LossyLink(server.port, 4, SEED) as link:
            for number in range(connections):
                await bench.theirs_gets(f"handshakeloss {number}", link.port, size=SMALL)


async def ipv6(bench):
    async with bench.their_server(host="::1") as port:
        await bench.ours_gets("ipv6", port, host="::1")
    with bench.our_server(address="::1") as server:
        await bench.theirs_gets("ipv6", server.port, host="::1")


CASES = [chacha20, keyupdate, retry, v2, resumption, zerortt, rebind_port, handshakeloss, ipv6]


async def run(tally, examples, wanted):
    with workspace() as work:
        digests = make_files(work / "root", [SIZE, *range(SMALL, SMALL + CONNECTIONS)])
        bench = Bench(tally, examples, work, digests)
        for case in CASES:
            if wanted and case.__name__ not in wanted:
                continue
            try:
                await case(bench)
            except Exception as error:  # whatever it is, the others still run
                tally.check(case.__name__, False, repr(error))


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: test_aioquic_cases.py DIRECTORY_OF_THE_EXAMPLES [CASE]...")
    tally = Tally()
    asyncio.run(run(tally, Path(sys.argv[1]).resolve(), sys.argv[2:]))
    tally.exit()


if __name__ == "__main__":
    main()
