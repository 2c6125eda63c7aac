"""Debian's Chromium without a window, spoken to by its DevTools protocol over a pipe."""

import base64
import contextlib
import itertools
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

SECONDS = 60


class BrowserError(Exception):
    """What the browser says went wrong."""


class Browser:
    """One page. `hosts` maps names, or names with a port, to addresses, of which it knows no others.
    It speaks HTTP/3 to `origin`, a name and a port, without being told that it is to be had there;
    it does not ask who has issued the certificate of a server of that name."""

    def __init__(self, hosts, origin, certificate, log):
        rules = [f"MAP {name} {address}" for name, address in hosts.items()]
        self.numbers = itertools.count(1)
        self.command = [
            "chromium", "--headless=new", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update",
            "--disable-default-apps", "--disable-sync", "--remote-debugging-pipe",
            f"--host-resolver-rules={', '.join(rules)}, MAP * ~NOTFOUND",
            f"--ignore-certificate-errors-spki-list={public_key_digest(certificate)}",
            f"--origin-to-force-quic-on={origin}",
            # Its sandbox works neither for root nor in containers, which is where tests run. The
            # only pages it sees are our own.
            "--no-sandbox",
        ]
        self.log = log
        self.session = None
        self.events = []

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.profile = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="xquic-chromium-", ignore_cleanup_errors=True))
            self.start(stack)
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self.session = self.call("Target.attachToTarget", targetId=target,
                                     flatten=True)["sessionId"]
            self.call("Page.enable")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        self.stack.close()

    def start(self, stack):
        """The browser reads requests from its descriptor 3 and writes answers to 4."""
        (theirs_in, self.to), (self.back, theirs_out) = os.pipe(), os.pipe()
        log = stack.enter_context(open(self.log, "wb"))
        stack.callback(os.close, self.back)
        stack.callback(os.close, self.to)
        self.read = b""
        script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        # A process group, so that none of its many processes is left behind.
        process = subprocess.Popen(
            ["bash", "-c", script, "bash", *self.command, f"--user-data-dir={self.profile}",
             "about:blank"],
            stdout=log, stderr=log, pass_fds=(theirs_in, theirs_out), start_new_session=True)
        stack.callback(self.stop, process)
        os.close(theirs_in)
        os.close(theirs_out)

    @staticmethod
    def stop(process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def call(self, method, **parameters):
        """Has the browser do something; the value is its answer."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + SECONDS
        while (answer := self.receive(deadline)).get("id") != number:
            pass
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        return answer["result"]

    def receive(self, deadline):
        """The next message of the browser: an answer or an event."""
        while b"\0" not in self.read:
            ready, _, _ = select.select([self.back], [], [], max(0, deadline - time.monotonic()))
            data = os.read(self.back, 65_536) if ready else b""
            if not data:
                end = "ended" if ready else f"said nothing for {SECONDS} s"
                raise BrowserError(f"the browser {end}: {self.log.read_text()[-2000:]}")
            self.read += data
        message, _, self.read = self.read.partition(b"\0")
        message = json.loads(message)
        self.events.append(message.get("method"))
        return message

    def open(self, url):
        """Goes to a page; returns when it and what belongs to it are loaded."""
        self.events.clear()
        answer = self.call("Page.navigate", url=url)
        if "errorText" in answer:
            raise BrowserError(f"{url}: {answer['errorText']}")
        deadline = time.monotonic() + SECONDS
        while "Page.loadEventFired" not in self.events:
            self.receive(deadline)

    def evaluate(self, expression):
        """The value of an expression in the page; of a promise, what comes of it."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def screenshot(self, file):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        Path(file).write_bytes(base64.b64decode(data))


def public_key_digest(certificate):
    """The SHA-256 of a certificate's public key, as the browser wants it."""
    commands = (["openssl", "x509", "-in", certificate, "-pubkey", "-noout"],
                ["openssl", "pkey", "-pubin", "-outform", "der"],
                ["openssl", "dgst", "-sha256", "-binary"])
    data = b""
    for command in commands:
        data = subprocess.run(command, input=data, capture_output=True, check=True).stdout
    return base64.b64encode(data).decode()
