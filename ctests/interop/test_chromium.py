"""A real browser and our example server, over loopback.

    test_chromium.py DIRECTORY_OF_THE_EXAMPLES DIRECTORY_OF_THE_ARTIFACTS

Chromium loads a page with a script, a style sheet, 60 images and a file of 5 MB over HTTP/3, and
sends what it says of it back to the server. A screenshot is left as chromium.png.

Then it fetches a piece of it through a relay that makes round trips long, so that they can be counted: its
ClientHello has a post-quantum key share and takes two datagrams, which must not cost another one. At last it comes over TCP and changes to HTTP/3 by Alt-Svc.
"""

import asyncio
import itertools
import json
import re
import sys
import threading
import time
import traceback
from pathlib import Path

from browser import Browser
from lossy_link import LossyLink
from peers import Ours
from support import Tally, workspace
from web_page import COLOUR, IMAGES, make_page, resources

NAME = "web.test"
ORIGIN = f"{NAME}:443"
PAGE = f"https://{ORIGIN}/index.html"
PIECE = f"https://{ORIGIN}/style.css"
ONE_WAY_SECONDS = 0.3
ROUND_TRIP_SECONDS = 2 * ONE_WAY_SECONDS
# A busy machine may be late; it is not late every time.
TRIES = 5


def browse(work, port):
    """A browser that speaks HTTP/3 from the first request on."""
    return Browser({ORIGIN: f"127.0.0.1:{port}"}, ORIGIN, work / "tls/cert.pem",
                   work / "chromium.log")


def check_page(tally, said, big):
    """What the page says of itself."""
    report = said["report"]
    tally.check("the large file is intact", report["big"] == big, report["big"])
    tally.check("the style sheet is in effect", report["colour"] == COLOUR, report["colour"])
    widths = list(range(1, IMAGES + 1))
    tally.check(f"all {IMAGES} images are shown", report["widths"] == widths, report["widths"])
    protocols = dict(report["protocols"])
    missing = resources() - protocols.keys()
    tally.check("every resource is in the report", not missing, missing)
    other = {path: name for path, name in protocols.items() if name != "h3"}
    tally.check("every resource came over h3", protocols and not other, other)
    tally.check("the upload went over h3", said["echoProtocol"] == "h3", said["echoProtocol"])
    tally.check("the server repeated the report",
                said["repeated"] == said["sent"] and json.loads(said["repeated"]) == report,
                said["repeated"])


def page(tally, server, work, artifacts, big):
    with server.serve(work) as host, browse(work, host.port) as browser:
        browser.open(PAGE)
        said = browser.evaluate("report")
        browser.screenshot(artifacts / "chromium.png")
    check_page(tally, said, big)
    size = (artifacts / "chromium.png").stat().st_size
    tally.check("there is a screenshot", size > 1_000, size)


class Watch:
    """Remembers when which kinds of packets passed a relay."""

    def __init__(self):
        self.seen = []

    def __call__(self, from_client, data):
        self.seen.append((time.monotonic(), from_client, has_short_header(data)))

    def first_flight(self):
        """How many datagrams the client sent before the server's first."""
        return len(list(itertools.takewhile(lambda each: each[1], self.seen)))

    def handshake_round_trips(self):
        """From the client's first datagram to its first 1-RTT packet, which it can send when it has
        the server's Finished."""
        start = self.seen[0][0]
        later = (at - start for at, from_client, is_short in self.seen if from_client and is_short)
        return next(later) / ROUND_TRIP_SECONDS


def has_short_header(datagram):
    """Whether a datagram ends with a 1-RTT packet; long ones before it tell their length (RFC 9000
    section 17.2)."""
    while datagram and datagram[0] & 0x80:
        kind, at = datagram[0] & 0x30, 5
        for _ in ("destination", "source"):
            at += 1 + datagram[at]
        if kind == 0:
            token, at = integer(datagram, at)
            at += token
        length, at = integer(datagram, at)
        datagram = datagram[at + length:]
    return len(datagram) > 0 and datagram[0] & 0x40 != 0


def integer(data, at):
    """A variable-length integer (RFC 9000 section 16) and where it ends."""
    size = 1 << (data[at] >> 6)
    value = int.from_bytes(data[at:at + size], "big")
    return value & ((1 << (8 * size - 2)) - 1), at + size


class Relay(threading.Thread):
    """A LossyLink in a thread of its own that loses nothing but takes its time."""

    def __init__(self, port, watch):
        super().__init__(daemon=True)
        self.server_port, self.watch = port, watch
        self.ready = threading.Event()

    def __enter__(self):
        self.start()
        self.ready.wait()
        return self

    def __exit__(self, *exception):
        self.loop.call_soon_threadsafe(self.end.set)
        self.join()

    def run(self):
        asyncio.run(self.relay())

    async def relay(self):
        self.loop, self.end = asyncio.get_running_loop(), asyncio.Event()
        async with LossyLink(self.server_port, 0, 0, delay=(ONE_WAY_SECONDS, ONE_WAY_SECONDS),
                             watch=self.watch) as link:
            self.port = link.port
            self.ready.set()
            await self.end.wait()


def round_trips(tally, server, work):
    """A handshake takes one round trip, also when the ClientHello does not fit in a datagram."""
    counts = []
    for _ in range(TRIES):
        watch = Watch()
        with server.serve(work) as host, Relay(host.port, watch) as relay, \
                browse(work, relay.port) as browser:
            browser.open(PIECE)
        counts.append((watch.first_flight(), watch.handshake_round_trips()))
        if counts[-1][1] < 1.5:
            break
    datagrams, trips = counts[-1]
    tally.check("the ClientHello takes several datagrams", datagrams >= 2, counts)
    tally.check("the handshake takes one round trip", 1 <= trips < 1.5, counts)
    print(f"     datagrams of the client's first flight and round trips: {counts}")


def upgrade(tally, server, work):
    """A browser that knows nothing of HTTP/3 comes over TCP, is told of it, and changes over."""
    with server.serve(work, "--https-port", 0) as host, \
            Browser({NAME: "127.0.0.1"}, f"{NAME}:1", work / "tls/cert.pem",
                    work / "chromium.log") as browser:
        seen = []
        for _ in range(TRIES * 2):
            browser.open(f"https://{NAME}:{https_port(host)}/index.html")
            seen.append(browser.evaluate(
                "performance.getEntriesByType('navigation')[0].nextHopProtocol"))
            if seen[-1] == "h3":
                break
            time.sleep(ROUND_TRIP_SECONDS)
    tally.check("the first visit is over TCP", seen[0] != "h3", seen)
    tally.check("Alt-Svc leads to HTTP/3", seen[-1] == "h3", seen)


def https_port(host):
    """The TCP port, which the server tells besides the other one."""
    return int(re.search(r"HTTPS over TCP on .*:(\d+)", host.log.read_text()).group(1))


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: test_chromium.py DIRECTORY_OF_THE_EXAMPLES DIRECTORY_OF_THE_ARTIFACTS")
    examples, artifacts = (Path(name).resolve() for name in sys.argv[1:])
    run(Ours(examples), artifacts)


def run(server, artifacts):
    tally = Tally()
    with workspace() as work:
        big = make_page(work / "root")
        for case in (lambda: page(tally, server, work, artifacts, big),
                     lambda: round_trips(tally, server, work),
                     lambda: upgrade(tally, server, work)):
            try:
                case()
            except Exception:  # whatever it is, the other still runs
                tally.check("the browser does it", False, traceback.format_exc())
    tally.exit()


if __name__ == "__main__":
    main()
