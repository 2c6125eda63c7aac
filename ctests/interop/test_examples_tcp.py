"""The example server's HTTPS over TCP, which leads browsers to HTTP/3.

    test_examples_tcp.py DIRECTORY_OF_THE_EXAMPLES
"""

import http.client
import re
import socket
import ssl
import threading

from support import Cases, Server, file_name, make_files


class TcpCases(Cases):
    def server(self, *options):
        return Server(self.examples, self.work, "--https-port", "0", *options)

    @staticmethod
    def tcp_port(server):
        return int(re.search(r"HTTPS over TCP on .*:(\d+)\n", server.log.read_text()).group(1))

    def context(self):
        context = ssl.create_default_context(cafile=str(self.work / "tls/cert.pem"))
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context

    def connect(self, server):
        return http.client.HTTPSConnection("localhost", self.tcp_port(server), timeout=20,
                                           context=self.context())

    def ask(self, connection, method, path, **headers):
        connection.request(method, path, headers={key.replace("_", "-"): value
                                                  for key, value in headers.items()})
        response = connection.getresponse()
        return response, response.read()

    def case_requests_on_one_connection(self):
        make_files(self.work / "root", [3_000_000])
        big = self.work / "root" / file_name(3_000_000)
        (self.work / "root" / "index.html").write_text("<p>top</p>")
        (self.work / "root" / "folder").mkdir()
        with self.server("--workers", "2") as server:
            connection = self.connect(server)
            response, body = self.ask(connection, "GET", "/")
            self.tally.check("the index", response.status == 200 and body == b"<p>top</p>"
                             and response.headers["content-type"] == "text/html; charset=utf-8",
                             response.headers)
            self.tally.check("Alt-Svc names HTTP/3 and its port",
                             response.headers["alt-svc"] == f'h3=":{server.port}"; ma=3600',
                             response.headers["alt-svc"])
            self.tally.check("ALPN", connection.sock.selected_alpn_protocol() == "http/1.1",
                             connection.sock.selected_alpn_protocol())
            first = connection.sock
            _, body = self.ask(connection, "GET", f"/{big.name}")
            self.tally.check("3 MB", body == big.read_bytes(), len(body))
            for method, path, headers, status, length in (
                    ("HEAD", "/", {}, 200, 0), ("GET", "/nothing", {}, 404, 14),
                    ("GET", "/../tls/key.pem", {}, 404, 14), ("GET", "/big/1000", {}, 200, 1000),
                    ("GET", "/", {"Range": "bytes=1-3"}, 206, 3),
                    ("GET", "/", {"Range": "bytes=50-"}, 416, 26),
                    ("GET", "/folder", {}, 301, 22), ("PUT", "/", {}, 405, 23)):
                response, body = self.ask(connection, method, path, **headers)
                self.tally.check(f"{method} {path} {headers}", response.status == status
                                 and len(body) == length, (response.status, body[:50]))
            self.tally.check("all on one connection", connection.sock is first)
            response, _ = self.ask(connection, "POST", "/", Content_Length="0")
            self.tally.check("POST is for HTTP/3", response.status == 405
                             and response.headers["allow"] == "GET, HEAD", response.status)
            connection.close()
        self.tally.check("a clean end", server.status == 0, server.status)

    def raw(self, server):
        plain = socket.create_connection(("localhost", self.tcp_port(server)), timeout=20)
        return self.context().wrap_socket(plain, server_hostname="localhost")

    @staticmethod
    def read_all(connection):
        pieces = []
        try:
            while piece := connection.recv(65536):
                pieces.append(piece)
        except (ssl.SSLError, ConnectionError):
            pass
        return b"".join(pieces)

    def case_strange_clients(self):
        (self.work / "root" / "x").write_text("xyz")
        with self.server() as server:
            for name, data, answers in (
                    ("requests in a row", b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n" * 2
                     + b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n", [200, 200, 200]),
                    ("HTTP/1.0", b"GET /x HTTP/1.0\r\n\r\n", [200]),
                    ("a body that is not read", b"GET /x HTTP/1.1\r\ncontent-length: 30\r\n\r\nGET"
                     b" /x HTTP/1.1\r\n\r\n", [200]),
                    ("no HTTP", b"hello\r\n\r\n", [400]),
                    ("no field", b"GET /x HTTP/1.1\r\nnothing\r\n\r\n", [400]),
                    ("no path", b"GET x HTTP/1.1\r\nconnection: close\r\n\r\n", [400]),
                    ("no end", b"GET /x HTTP/1.1\r\n" + b"a: b\r\n" * 2000, [])):
                with self.raw(server) as connection:
                    connection.sendall(data)
                    got = self.read_all(connection)
                found = [int(code) for code in re.findall(rb"HTTP/1.1 (\d+) ", got)]
                self.tally.check(name, found == answers, (found, got[:100]))
            with socket.create_connection(("localhost", self.tcp_port(server)), timeout=20) as plain:
                plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
                self.read_all(plain)
            with self.raw(server) as connection:
                connection.sendall(b"GET /big/1000000000 HTTP/1.1\r\n\r\n")
                connection.recv(1000)
            response, body = self.ask(self.connect(server), "GET", "/x")
            self.tally.check("it goes on after all that", body == b"xyz", response.status)

    def case_many_connections(self):
        (self.work / "root" / "x").write_text("xyz")
        with self.server() as server:
            silent = [socket.create_connection(("localhost", self.tcp_port(server)), timeout=20)
                      for _ in range(300)]
            answers = []

            def fetch():
                connection = self.connect(server)
                answers.append(self.ask(connection, "GET", "/x")[1])
                connection.close()

            threads = [threading.Thread(target=fetch) for _ in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.tally.check("300 silent clients keep nobody out", answers == [b"xyz"] * 20,
                             len(answers))
            for connection in silent:
                connection.close()


if __name__ == "__main__":
    TcpCases.main()
