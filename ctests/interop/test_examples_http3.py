"""The example programs with each other over HTTP/3: a small web server and a small curl.

    test_examples_http3.py DIRECTORY_OF_THE_EXAMPLES
"""

import json
import os
import signal
import subprocess
import time

from support import Cases, Server, digest, file_name, make_files, run_client

OK, RESOLVE, CONNECT, HTTP_ERROR, WRITE, READ, TIMEOUT, RECEIVE, CERTIFICATE = (
    0, 6, 7, 22, 23, 26, 28, 56, 60)

# More than is under way while a client is stopped, and more than any machine delivers meanwhile.
LONG, ENDLESS = 100_000_000, 10**12


class Response:
    """What `xqc_client -i` wrote, taken apart. Line ends have become plain ones."""

    def __init__(self, text):
        head, _, self.body = text.partition("\n\n")
        first, *lines = head.split("\n")
        self.status = int(first.split()[1]) if first.startswith("HTTP/3 ") else None
        self.fields = dict(line.split(": ", 1) for line in lines)

    def __repr__(self):
        return f"{self.status} {self.fields} {self.body[:60]!r}"


class Http3Cases(Cases):
    def client(self, *arguments, **keywords):
        return run_client(self.examples, "--insecure", *arguments, **keywords)

    def ask(self, server, path, *options):
        result = self.client("-i", *options, f"https://127.0.0.1:{server.port}{path}")
        return Response(result.stdout)

    def check_response(self, name, response, status, body=None, **fields):
        fields = {key.replace("_", "-"): value for key, value in fields.items()}
        good = (response.status == status and (body is None or response.body == body)
                and all(response.fields.get(key) == value for key, value in fields.items()))
        self.tally.check(name, good, response)

    def check_files(self, name, digests):
        wrong = [file for file, expected in digests.items()
                 if not (self.work / "out" / file).is_file()
                 or digest(self.work / "out" / file) != expected]
        self.tally.check(name, not wrong, f"{len(wrong)} differ, as {wrong[:3]}")

    def case_files_in_parallel(self):
        digests = make_files(self.work / "root", [*range(100), 1_000_000, 10_000_000])
        with Server(self.examples, self.work) as server:
            result = self.client("--stats", "--progress", "-o", self.work / "out", "127.0.0.1",
                                 server.port, *(f"/{name}" for name in digests))
        self.expect("102 files on one connection", result, OK, "100%")
        self.check_files("their digests", digests)
        ended = server.log.read_text().count("connection ended")
        self.tally.check("one connection is enough", ended == 1, ended)
        self.tally.check("the server ends cleanly", server.status == 0, server.status)

    def case_two_servers(self):
        digests = make_files(self.work / "root", [1000, 2000])
        with Server(self.examples, self.work) as one, Server(self.examples, self.work) as two:
            result = self.client("-o", self.work / "out", f"https://127.0.0.1:{one.port}/1000.bin",
                                 f"https://localhost:{two.port}/2000.bin")
            self.expect("URLs of two servers", result, OK)
            self.check_files("what both deliver", digests)
            result = self.client("--discard", f"https://127.0.0.1:{one.port}/1000.bin",
                                 "https://name.invalid/x")
        self.expect("one of two servers does not exist", result, RESOLVE, "cannot find name.invalid")

    def case_output(self):
        root = self.work / "root"
        (root / "a.txt").write_text("first\n")
        (root / "b.txt").write_text("second\n")
        with Server(self.examples, self.work) as server:
            result = self.client("127.0.0.1", server.port, "/a.txt", "/b.txt")
            self.tally.check("stdout gets one after the other",
                             result.stdout == "first\nsecond\n", result)
            target = self.work / "named"
            result = self.client("-o", target, "127.0.0.1", server.port, "/a.txt")
            self.tally.check("-o FILE", target.read_text() == "first\n", result)
            result = self.client("-v", "-o", "/dev/null", "-H", "X-Test: 1", "127.0.0.1",
                                 server.port, "/a.txt")
            told = ("connected to", "> :path: /a.txt", "> X-Test: 1", "< :status: 200")
            self.tally.check("-v shows both header sections",
                             all(text in result.stderr for text in told), result.stderr)
            self.tally.check("a device is not replaced", not os.path.isfile("/dev/null"))
            result = self.client("-o", f"{self.work}/nowhere/", "127.0.0.1", server.port, "/a.txt")
            self.expect("an output folder that is not there", result, WRITE, "cannot create")

    def case_what_is_served(self):
        root = self.work / "root"
        (root / "index.html").write_text("<p>top</p>")
        (root / "folder").mkdir()
        (root / "folder" / "index.html").write_text("<p>folder</p>")
        (root / "empty").mkdir()
        for name in ("style.css", "code.js", "picture.PNG", "unknown", "a b.txt"):
            (root / name).write_text(name)
        with Server(self.examples, self.work) as server:
            for path, status, kind in (
                    ("/", 200, "text/html; charset=utf-8"), ("/folder/", 200, None),
                    ("/style.css", 200, "text/css; charset=utf-8"),
                    ("/code.js?v=2", 200, "text/javascript; charset=utf-8"),
                    ("/picture.PNG", 200, "image/png"),
                    ("/unknown", 200, "application/octet-stream"),
                    ("/a%20b.txt", 200, None), ("//folder/./index.html", 200, None),
                    ("/empty/", 404, None), ("/nothing", 404, "text/plain; charset=utf-8"),
                    ("/big/x", 404, None), ("/%zz", 404, None), ("/a%00b", 404, None)):
                fields = {} if kind is None else {"content_type": kind}
                self.check_response(f"GET {path}", self.ask(server, path), status, **fields)
            self.check_response("a folder without its slash", self.ask(server, "//folder?x=1"), 301,
                                location="/folder/")
            self.check_response("generated bytes", self.ask(server, "/big/3"), 200, "\0\1\2",
                                content_length="3")
            response = self.ask(server, "/style.css", "-I")
            self.check_response("HEAD", response, 200, "", content_length="9",
                                accept_ranges="bytes")
            response = self.ask(server, "/nothing", "-I")
            self.check_response("HEAD of what is not there", response, 404, "",
                                content_length="14")

    def case_nothing_outside_the_folder(self):
        root = self.work / "root"
        (self.work / "secret").write_text("secret")
        (root / "folder").mkdir()
        (root / "inside").write_text("inside")
        (root / "out").symlink_to("../secret")
        (root / "absolute").symlink_to(self.work / "secret")
        (root / "up").symlink_to("..")
        (root / "folder" / "in").symlink_to("../inside")
        os.mkfifo(root / "fifo")
        with Server(self.examples, self.work) as server:
            for path in ("/../secret", "/%2e%2e/secret", "/folder/../../secret", "/..%2fsecret",
                         "//../secret", "/folder/%2E%2E%2F../secret", "/out", "/absolute",
                         "/up/secret", "/up/root/inside", "/fifo"):
                self.check_response(f"{path} is refused", self.ask(server, path), 404)
            self.check_response("a link that stays inside", self.ask(server, "/folder/in"), 200,
                                "inside")

    def case_ranges(self):
        (self.work / "root" / "ten").write_text("0123456789")
        (self.work / "root" / "zero").write_text("")
        with Server(self.examples, self.work) as server:
            for value, body, where in (
                    ("bytes=0-0", "0", "0-0"), ("bytes=3-5", "345", "3-5"),
                    ("bytes=7-", "789", "7-9"), ("bytes=-4", "6789", "6-9"),
                    ("bytes=-40", "0123456789", "0-9"), ("bytes=8-400", "89", "8-9"),
                    ("bytes=5-99999999999999999999999", "56789", "5-9")):
                response = self.ask(server, "/ten", "-H", f"Range: {value}")
                self.check_response(f"Range: {value}", response, 206, body,
                                    content_range=f"bytes {where}/10",
                                    content_length=str(len(body)))
            for value in ("bytes=5-3", "bytes=x-3", "bytes=1-2,4-5", "lines=1-2", "bytes=-", "3-5"):
                response = self.ask(server, "/ten", "-H", f"Range: {value}")
                self.check_response(f"Range: {value}", response, 200, "0123456789")
            for path, value, size in (("/ten", "bytes=10-", 10), ("/ten", "bytes=-0", 10),
                                      ("/zero", "bytes=0-0", 0)):
                response = self.ask(server, path, "-H", f"Range: {value}")
                self.check_response(f"Range: {value} of {path}", response, 416,
                                    content_range=f"bytes */{size}")
            response = self.ask(server, "/ten", "-H", "Range: bytes=1-2", "-H", "If-Range: \"x\"")
            self.check_response("If-Range that cannot match", response, 200, "0123456789")
            response = self.ask(server, "/ten", "-I", "-H", "Range: bytes=1-2")
            self.check_response("HEAD has no ranges", response, 200, "", content_length="10")

    def case_methods(self):
        make_files(self.work / "root", [0, 10_000_000])
        big = self.work / "root" / file_name(10_000_000)
        with Server(self.examples, self.work) as server:
            response = self.ask(server, "/anything", "-d", "some text", "-H", "Content-Type: a/b")
            self.check_response("POST gives back what was sent", response, 200, "some text",
                                content_type="a/b", content_length="9")
            response = self.ask(server, "/", "--data-file", self.work / "root" / file_name(0))
            self.check_response("POST of nothing", response, 200, "", content_length="0")
            echoed = self.work / "echoed"
            result = self.client("--data-file", big, "-o", echoed, "127.0.0.1", server.port, "/")
            self.tally.check("POST of 10 MB", result.returncode == OK
                             and digest(echoed) == digest(big), result.stderr)
            result = self.client("--data-file", big, "-o", self.work / "out", "127.0.0.1",
                                 server.port, *(f"/{number}" for number in range(5)))
            same = [digest(self.work / "out" / str(number)) == digest(big) for number in range(5)]
            self.tally.check("five of them at a time", result.returncode == OK and all(same),
                             result.stderr)
            for method in ("PUT", "DELETE", "OPTIONS", "BREW"):
                response = self.ask(server, "/", "-X", method)
                self.check_response(method, response, 405, allow="GET, HEAD, POST")
            response = self.ask(server, "/", "-X", "PUT", "--data-file", big)
            self.check_response("PUT of 10 MB", response, 405)
            result = self.client("--data-file", "/nonexistent", "127.0.0.1", server.port, "/")
            self.expect("content that cannot be read", result, READ, "/nonexistent")

    def case_failures(self):
        (self.work / "root" / "here").write_text("here")
        with Server(self.examples, self.work) as server:
            result = self.client("127.0.0.1", server.port, "/nothing")
            self.tally.check("a 404 is a response", result.returncode == OK
                             and result.stdout == "404 Not Found\n", result)
            result = self.client("--fail", "-o", self.work / "out", "127.0.0.1", server.port,
                                 "/nothing", "/here")
            self.expect("with --fail it is a failure", result, HTTP_ERROR, "/nothing: the server")
            self.tally.check("the other one comes all the same",
                             (self.work / "out/here").read_text() == "here"
                             and not (self.work / "out/nothing").exists())
            result = self.client("--timeout", 2, "--alpn", "hq-interop", "127.0.0.1", server.port,
                                 "/nothing")
            self.expect("HTTP/0.9 next to it", result, RECEIVE, "does not deliver")
            result = run_client(self.examples, "--ca", self.work / "tls/cert.pem", "--sni",
                                "localhost", "127.0.0.1", server.port, "/here")
            self.expect("the certificate expected", result, OK)
            result = self.client("--timeout", 2, "127.0.0.1", server.port, "/here")
        result = self.client("--timeout", 2, "127.0.0.1", server.port, "/here")
        self.expect("a server that has gone", result, CONNECT, "nothing listens there")

    def case_server_vanishes(self):
        with Server(self.examples, self.work) as server:
            process = self.start_download(server, ENDLESS, "--timeout", "2")
            server.process.kill()
            _, errors = self.finish(process)
        self.tally.check("a server that vanishes is noticed", process.returncode == TIMEOUT
                         and "fell silent" in errors, f"{process.returncode}: {errors}")

    def case_resumption(self):
        make_files(self.work / "root", [1, 1000])
        session = self.work / "session"
        with Server(self.examples, self.work, "--workers", "3") as server:
            for visit, expected in enumerate(("none", "accepted", "accepted", "accepted")):
                result = self.client("--resume", session, "--stats", "--discard", "127.0.0.1",
                                     server.port, "/1000.bin")
                self.tally.check(f"early data in visit {visit}, whichever worker it meets",
                                 f"early data   {expected}" in result.stdout
                                 and result.returncode == OK, result)
            for name, options, early in (("a request", ["--discard"], True),
                                         ("content, which waits", ["--discard", "-d", "once"],
                                          False)):
                qlog = self.work / "qlog"
                result = self.client("--resume", session, "--qlog", qlog, *options, "127.0.0.1",
                                     server.port, "/1.bin")
                self.tally.check(f"0-RTT with {name}", result.returncode == OK
                                 and self.was_early(qlog) == early, result)
        with Server(self.examples, self.work) as server:
            result = self.client("--resume", session, "--discard", "127.0.0.1", server.port,
                                 "/1000.bin")
            self.expect("a session of a server that was started anew", result, OK)

    @staticmethod
    def was_early(qlog):
        """Whether the first request's stream was in a 0-RTT packet."""
        events = [json.loads(text) for text in qlog.read_text().split("\x1e")[1:]]
        return any(frame.get("stream_id") == 0
                   for event in events if event.get("name") == "transport:packet_sent"
                   and event["data"]["header"]["packet_type"] == "0RTT"
                   for frame in event["data"]["frames"])

    def case_workers(self):
        digests = make_files(self.work / "root", range(5000, 5012))
        with Server(self.examples, self.work, "--workers", "3") as server:
            for name in digests:
                self.client("-o", self.work / "out", "127.0.0.1", server.port, f"/{name}")
            children = self.children(server.process.pid)
            self.tally.check("three processes", len(children) == 3, children)
        self.check_files("files from three workers", digests)
        self.tally.check("the workers end cleanly", server.status == 0, server.status)
        left = [child for child in children if os.path.exists(f"/proc/{child}")]
        self.tally.check("none is left", not left, left)

    def case_moving_between_workers(self):
        digests = make_files(self.work / "root", [5_000_000])
        with Server(self.examples, self.work, "--workers", "4", "--migration") as server:
            for turn in range(6):
                result = self.client("--rebind", 500_000, "-o", self.work / "out", "127.0.0.1",
                                     server.port, "/5000000.bin")
                self.expect(f"a client behind another port, turn {turn}", result, OK)
                self.check_files("what it got", digests)

    @staticmethod
    def children(process):
        with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]

    def case_worker_dies(self):
        with Server(self.examples, self.work, "--workers", "2") as server:
            os.kill(self.children(server.process.pid)[0], signal.SIGKILL)
            status = server.process.wait(timeout=10)
            self.tally.check("a worker that dies ends the server", status == 27
                             and "died" in server.log.read_text(), status)

    def start_download(self, server, size, *options, after=()):
        """A client that is stopped in the middle of /big/SIZE; SIGCONT lets it go on."""
        url = f"https://127.0.0.1:{server.port}"
        process = subprocess.Popen(
            [self.examples / "xqc_client", "--insecure", "-o", self.work / "out", *options,
             f"{url}/big/{size}", *(url + path for path in after)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        part = self.work / "out" / f"{size}.part"
        deadline = time.monotonic() + 10
        while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.002)
        process.send_signal(signal.SIGSTOP)
        return process

    @staticmethod
    def finish(process):
        """Lets it go on to its end; returns what it said."""
        process.send_signal(signal.SIGCONT)
        output, errors = process.communicate(timeout=60)
        return output.decode(), errors.decode()

    def case_graceful_end(self):
        for workers in ("1", "2"):
            with Server(self.examples, self.work, "--workers", workers, "--grace",
                        "30") as server:
                process = self.start_download(server, LONG)
                server.process.terminate()
                time.sleep(0.3)
                _, errors = self.finish(process)
                status = server.process.wait(timeout=10)
            self.tally.check(f"SIGTERM lets a download end, {workers} workers",
                             process.returncode == OK and status == 0, f"{status} {errors}")

    def case_going_away(self):
        with Server(self.examples, self.work, "--grace", "30") as server:
            process = self.start_download(server, LONG, "--stats", after=[f"/big/{LONG - 1}"])
            server.process.terminate()
            output, errors = self.finish(process)
        self.tally.check("what was asked for before GOAWAY comes", process.returncode == OK
                         and f"received     {2 * LONG - 1} bytes" in output, errors)
        with Server(self.examples, self.work, "--grace", "30") as server:
            process = self.start_download(server, LONG, "--stats", "--parallel", "1",
                                          after=["/big/1000"])
            server.process.terminate()
            began = time.monotonic()
            output, errors = self.finish(process)
        self.tally.check("what is asked for later does not", process.returncode == RECEIVE
                         and f"received     {LONG} bytes" in output
                         and "/big/1000: not downloaded" in errors, (output, errors))
        self.tally.check("and nobody waits for it", time.monotonic() - began < 20)

    def case_impatient_end(self):
        with Server(self.examples, self.work, "--grace", "60") as server:
            process = self.start_download(server, ENDLESS)
            server.process.terminate()
            time.sleep(0.3)
            self.tally.check("the first signal waits", server.process.poll() is None)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.3)
            server.process.terminate()
            status = server.process.wait(timeout=10)
            self.finish(process)
        self.tally.check("the second does not", status == 0 and process.returncode == RECEIVE,
                         (status, process.returncode))


if __name__ == "__main__":
    Http3Cases.main()
