"""The example programs with each other over HTTP/0.9: what they deliver, and how they fail.

    test_examples.py DIRECTORY_OF_THE_EXAMPLES
"""

import json
import socket
import subprocess
import time

from support import Cases, Server, digest, make_certificate, make_files, run_client

MANY = 400
OK, USAGE, RESOLVE, CONNECT, WRITE, LOCAL, TIMEOUT, RECEIVE, CERTIFICATE = (
    0, 2, 6, 7, 23, 27, 28, 56, 60)


class ExampleCases(Cases):
    def client(self, server, *arguments, **keywords):
        port = server.port if isinstance(server, Server) else server
        return run_client(self.examples, "--insecure", "--alpn", "hq-interop", "-o",
                          self.work / "out", "127.0.0.1", port, *arguments, **keywords)

    def case_many_files(self):
        digests = make_files(self.work / "root", range(MANY))
        with Server(self.examples, self.work) as server:
            result = self.client(server, "--connections", 3, "--parallel", 40, "--stats",
                                 *(f"/{name}" for name in digests))
        self.expect(f"{MANY} files over three connections", result, OK)
        wrong = [name for name, expected in digests.items()
                 if not (self.work / "out" / name).is_file()
                 or digest(self.work / "out" / name) != expected]
        self.tally.check("their digests", not wrong, f"{len(wrong)} differ, as {wrong[:3]}")
        missing = [word for word in ("handshake", "speed", "RTT", "packets")
                   if word not in result.stdout]
        self.tally.check("their statistics", not missing, f"no {missing} in {result.stdout!r}")
        self.tally.check("SIGTERM ends the server cleanly", server.status == 0, server.status)

    def case_addresses_and_options(self):
        make_files(self.work / "root", [100_000])
        for address in ("127.0.0.1", "::1"):
            with Server(self.examples, self.work, "--cc", "reno", address=address) as server:
                host = f"[{address}]" if ":" in address else address
                result = run_client(
                    self.examples, "--insecure", "--alpn", "hq-interop", "-o", self.work / "out", "--cc", "reno",
                    "--keylog", self.work / "keys", "--progress", "--expect", 100_000,
                    f"https://{host}:{server.port}/100000.bin")
            self.expect(f"a URL with {host}", result, OK, "100%")
        keys = (self.work / "keys").read_text()
        good = "CLIENT_TRAFFIC_SECRET_0 " in keys and "SERVER_TRAFFIC_SECRET_0 " in keys
        self.tally.check("the key log names the secrets", good, keys[:200])

    def case_qlog(self):
        make_files(self.work / "root", [100_000, 5])
        logs = {side: self.work / f"{side}.sqlog" for side in ("client", "server")}
        with Server(self.examples, self.work, "--qlog", logs["server"]) as server:
            result = self.client(server, "--qlog", logs["client"], "--connections", 2,
                                 "/100000.bin", "/5.bin")
        self.expect("files with --qlog", result, OK)
        for side, path in logs.items():
            header, events = self.read_qlog(path)
            good = (header["qlog_version"] == "0.3" and header["qlog_format"] == "JSON-SEQ"
                    and header["trace"]["vantage_point"]["type"] == side
                    and header["trace"]["common_fields"]["time_format"] == "relative")
            self.tally.check(f"the header of the {side}'s qlog file", good, header)
            whole = all({"time", "name", "group_id", "data"} <= event.keys() for event in events)
            self.tally.check(f"the {side}'s events are whole", whole)
            groups = {event["group_id"] for event in events}
            self.tally.check(f"the {side}'s connections are told apart", len(groups) == 2, groups)
            self.check_events(side, events)

    def case_qlog_of_http3(self):
        make_files(self.work / "root", [100_000])
        logs = {side: self.work / f"{side}.sqlog" for side in ("client", "server")}
        with Server(self.examples, self.work, "--qlog", logs["server"]) as server:
            result = run_client(self.examples, "--insecure", "-o", self.work / "out", "--qlog",
                                logs["client"], "127.0.0.1", server.port, "/100000.bin")
        self.expect("a file over HTTP/3 with --qlog", result, OK)
        for side, path in logs.items():
            _, events = self.read_qlog(path)
            types = {event["data"]["stream_type"] for event in events
                     if event["name"] == "http:stream_type_set"}
            wanted = {"control", "qpack_encode", "qpack_decode", "request"}
            self.tally.check(f"the {side}'s stream types", wanted <= types, types)
            for name, of_server in (("http:frame_created", side == "server"),
                                    ("http:frame_parsed", side == "client")):
                frames = [event["data"] for event in events if event["name"] == name]
                kinds = {frame["frame"]["frame_type"] for frame in frames}
                wanted = {"settings", "headers"} | ({"data"} if of_server else set())
                self.tally.check(f"the {side}'s {name}", wanted <= kinds, kinds)
                if of_server:
                    content = sum(frame["length"] for frame in frames
                                  if frame["frame"]["frame_type"] == "data")
                    self.tally.check(f"the content in the {side}'s {name}", content == 100_000,
                                     content)

    @staticmethod
    def read_qlog(path):
        """The texts of a JSON text sequence (RFC 7464), the header first."""
        pieces = path.read_text().split("\x1e")
        assert pieces[0] == "" and all(piece.endswith("\n") for piece in pieces[1:])
        texts = [json.loads(piece) for piece in pieces[1:]]
        return texts[0], texts[1:]

    def check_events(self, side, events):
        data = {}
        for event in events:
            data.setdefault(event["name"], []).append(event["data"])
        wanted = ("connectivity:connection_started", "connectivity:connection_closed",
                  "transport:parameters_set", "transport:packet_sent",
                  "transport:packet_received", "recovery:metrics_updated")
        missing = [name for name in wanted if name not in data]
        self.tally.check(f"the {side} tells the main events", not missing, missing)
        for name in ("transport:packet_sent", "transport:packet_received"):
            packets = data.get(name, [])
            good = packets and all(
                {"packet_type", "packet_number"} <= packet["header"].keys()
                and packet["raw"]["length"] > 0
                and all("frame_type" in frame for frame in packet["frames"])
                for packet in packets)
            self.tally.check(f"the {side}'s {name}", good)
            types = {packet["header"]["packet_type"] for packet in packets}
            self.tally.check(f"the packet types in {name}", {"initial", "handshake", "1RTT"} <= types, types)
        times = [event["time"] for event in events]
        self.tally.check(f"the {side}'s times", min(times) >= 0 and max(times) < 60_000, max(times))
        streams = {frame["stream_id"] for packet in data["transport:packet_sent"]
                   for frame in packet["frames"] if frame["frame_type"] == "stream"}
        self.tally.check(f"the {side}'s streams", 0 in streams, streams)

    def case_missing_files(self):
        make_files(self.work / "root", [5])
        (self.work / "secret").write_text("outside")
        (self.work / "root" / "folder").mkdir()
        with Server(self.examples, self.work) as server:
            result = self.client(server, "/nothing", "/5.bin")
            self.expect("a missing file is reported", result, RECEIVE, "/nothing: ")
            self.tally.check("the other file comes all the same",
                             (self.work / "out" / "5.bin").stat().st_size == 5)
            for path in ("/../secret", "/folder/../../secret", "//../secret", "/folder", "/.", "/"):
                result = self.client(server, path)
                self.expect(f"{path} is refused", result, RECEIVE, f"{path}: ")
        left = [name.name for name in (self.work / "out").iterdir() if name.name != "5.bin"]
        self.tally.check("nothing is left of what failed",
                         not [name for name in left if name.endswith(".part") or name == "secret"],
                         left)

    def case_certificates(self):
        make_files(self.work / "root", [5])
        other, _ = make_certificate(self.work / "other")
        own = self.work / "tls/cert.pem"
        with Server(self.examples, self.work) as server:
            for name, certificate, sni, status in (
                    ("the expected certificate", own, "localhost", OK),
                    ("an unexpected certificate", other, "localhost", CERTIFICATE),
                    ("a certificate for another name", own, "other.example", CERTIFICATE)):
                result = run_client(self.examples, "--alpn", "hq-interop", "--ca", certificate,
                                    "--sni", sni, "-o", self.work / "out", "127.0.0.1",
                                    server.port, "/5.bin")
                self.expect(name, result, status)
            result = run_client(self.examples, "--ca", "/nonexistent", "127.0.0.1", server.port,
                                "/5.bin")
            self.expect("a certificate file that is not there", result, LOCAL, "/nonexistent")

    def case_unreachable(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = silent.getsockname()[1]
            result = self.client(port, "/x", "--timeout", 2)
        self.expect("a server that does not answer", result, TIMEOUT, "no answer within 2 s")
        result = self.client(port, "/x", "--timeout", 2)
        self.expect("a port where nothing listens", result, CONNECT, "nothing listens there")
        result = run_client(self.examples, "--insecure", "name.invalid", 4433, "/x")
        self.expect("a host that does not exist", result, RESOLVE, "cannot find name.invalid")

    def case_local_failures(self):
        make_files(self.work / "root", [5])
        with Server(self.examples, self.work) as server:
            result = self.client(server, "-o", f"{self.work}/nowhere/", "/5.bin")
            self.expect("an output folder that is not there", result, WRITE, "cannot create")
        for name, change in (("cert", {"cert.pem": "no certificate"}), ("key", {"key.pem": "x"})):
            for file, text in change.items():
                (self.work / "tls" / file).write_text(text)
            try:
                with Server(self.examples, self.work):
                    self.tally.check(f"a bad {name} file stops the server", False, "it started")
            except RuntimeError as error:
                self.tally.check(f"a bad {name} file stops the server", "refused" in str(error),
                                 error)
            make_certificate(self.work / "tls")

    def case_usage(self):
        for name, arguments in (
                ("nothing at all", []),
                ("neither --ca nor --insecure", ["127.0.0.1", 4433, "/x"]),
                ("a port that is no number", ["--insecure", "127.0.0.1", "http", "/x"]),
                ("a port that is too large", ["--insecure", "127.0.0.1", 65536, "/x"]),
                ("a path without a slash", ["--insecure", "127.0.0.1", 4433, "x"]),
                ("a path with a line break", ["--insecure", "127.0.0.1", 4433, "/x\r\ny"]),
                ("two files of one name", ["--insecure", "-O", "127.0.0.1", 4433, "/a/x", "/b/x"]),
                ("a URL that is not https", ["--insecure", "ftp://127.0.0.1/x"]),
                ("one session for two hosts", ["--insecure", "--session", "x", "https://a.test/x",
                                               "https://b.test/y"]),
                ("one file for two URLs", ["--insecure", "-o", "x", "127.0.0.1", 4433, "/x", "/y"]),
                ("a header field without a colon", ["--insecure", "-H", "x", "127.0.0.1", 4433, "/"]),
                ("POST in HTTP/0.9", ["--insecure", "--alpn", "hq-interop", "-d", "x", "127.0.0.1",
                                      4433, "/x"]),
                ("an unknown protocol", ["--insecure", "--alpn", "h2", "127.0.0.1", 4433, "/x"]),
                ("--parallel 0", ["--insecure", "--parallel", 0, "127.0.0.1", 4433, "/x"]),
                ("an unknown option", ["--insecure", "--nonsense", "127.0.0.1", 4433, "/x"]),
                ("an unknown controller", ["--insecure", "--cc", "x", "127.0.0.1", 4433, "/x"]),
                ("an unknown log level", ["--insecure", "--log", "x", "127.0.0.1", 4433, "/x"])):
            result = run_client(self.examples, *arguments)
            self.expect(f"usage: {name}", result, USAGE, "--help")
        result = run_client(self.examples, "--help")
        self.tally.check("--help", result.returncode == OK and "Usage:" in result.stdout,
                         result.stdout[:100])

    def case_server_vanishes(self):
        with Server(self.examples, self.work) as server:
            # Larger than any machine delivers before the server is gone.
            process = self.start_endless(server)
            server.process.kill()
            errors = process.communicate(timeout=60)[1].decode()
        self.tally.check("a server that vanishes is noticed",
                         process.returncode == TIMEOUT and "fell silent" in errors,
                         f"status {process.returncode}: {errors}")

    def start_endless(self, server):
        process = subprocess.Popen(
            [self.examples / "xqc_client", "--insecure", "--alpn", "hq-interop", "--discard", "--timeout",
             "2", "127.0.0.1", str(server.port), "/gen/1000000000000"],
            stderr=subprocess.PIPE)
        time.sleep(0.5)
        return process


if __name__ == "__main__":
    ExampleCases.main()
