"""An HTTP/3 client for one server, on libxquic through ctypes.

    with Client(library, include, "127.0.0.1", 4433, "localhost", certificate) as client:
        response = client.get("/file", write=file.write)

What a host owes the library is all here: a timer, a socket in both directions, and callbacks. An
exception in a callback cannot pass through C; it is kept, and raised where Python called C.
"""

import ctypes
import itertools
import select
import socket
import struct
import time
from dataclasses import dataclass, field

from xquic_abi import Abi

DATAGRAM_ROOM = 1500
BODY_ROOM = 65536
TIMEOUT_SECONDS = 20


class XquicError(Exception):
    """Something that the library refused, or a connection that did not hold."""


@dataclass
class Response:
    """What came back. The content went to whoever asked for it."""

    write: object
    status: int = 0
    fields: dict = field(default_factory=dict)
    trailers: dict = field(default_factory=dict)
    complete: bool = False
    error: int | None = None


def socket_address(address):
    """What getsockname() gave, as C has it."""
    host, port = address[:2]
    if ":" in host:
        return struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, 0) + socket.inet_pton(
            socket.AF_INET6, host) + struct.pack("=I", address[3])
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_pton(
        socket.AF_INET, host) + bytes(8)


class Client:
    """`certificate` is the server's own in DER; no other is accepted."""

    def __init__(self, library, include, host, port, name, certificate):
        self.abi = Abi(include)
        self.c = self.abi.load(library)
        self.certificate = certificate
        self.authority = f"{name}:{port}"
        self.name = name.encode()
        self.due = time.monotonic() + 1
        self.connected = self.closed = self.blocked = False
        self.error = None
        self.exception = None
        self.responses = {}
        self.numbers = itertools.count(1)
        self._open_socket(host, port)
        self._create_engine()
        self._connect()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.c.xqc_h3_conn_close(self.engine, ctypes.byref(self.cid))
        self.c.xqc_h3_ctx_destroy(self.engine)
        self.c.xqc_engine_destroy(self.engine)
        self.socket.close()

    # ---- requests

    def get(self, path, write, headers=()):
        """Waits for the whole response, whose content goes to `write` piece by piece."""
        self._run(lambda: self.connected)
        number = next(self.numbers)
        response = self.responses[number] = Response(write)
        request = self.c.xqc_h3_request_create(self.engine, ctypes.byref(self.cid), None, number)
        if not request:
            raise XquicError("the server takes no request")
        fields = [(":method", "GET"), (":scheme", "https"), (":authority", self.authority),
                  (":path", path), *headers]
        section, keep = self._section(fields)
        sent = self.c.xqc_h3_request_send_headers(request, ctypes.byref(section), 1)
        del keep
        if sent < 0:
            raise XquicError(f"the request cannot be sent: {sent}")
        self._run(lambda: response.complete or response.error is not None)
        if not response.complete:
            raise XquicError(f"the response broke off: {response.error}")
        return response

    def _section(self, fields):
        """A header section for the library, and what must live until it has copied it."""
        texts = [(name.encode(), value.encode()) for name, value in fields]
        entries = (self.abi.xqc_http_header_t * len(texts))()
        for entry, (name, value) in zip(entries, texts):
            for part, text in ((entry.name, name), (entry.value, value)):
                part.iov_base = ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p)
                part.iov_len = len(text)
        section = self.abi.xqc_http_headers_t()
        section.headers = ctypes.cast(entries, ctypes.c_void_p)
        section.count = section.capacity = len(texts)
        return section, (texts, entries)

    # ---- the loop

    def _run(self, done):
        """Serves socket and timer until `done`."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not done():
            if self.closed:
                raise XquicError(f"the connection ended: {self.error}")
            now = time.monotonic()
            if now > deadline:
                raise XquicError("no answer")
            readable, writable, _ = select.select(
                [self.socket], [self.socket] if self.blocked else [], [], max(0, self.due - now))
            if writable:
                self.blocked = False
                self.c.xqc_conn_continue_send(self.engine, ctypes.byref(self.cid))
            if readable:
                deadline = time.monotonic() + TIMEOUT_SECONDS
                self._receive()
            if time.monotonic() >= self.due:
                self.due = time.monotonic() + 1
                self.c.xqc_engine_main_logic(self.engine)
            self._raise()

    def _raise(self):
        if self.exception is not None:
            exception, self.exception = self.exception, None
            raise exception

    def _receive(self):
        for _ in range(256):
            try:
                data = self.socket.recv(DATAGRAM_ROOM)
            except (BlockingIOError, ConnectionRefusedError):
                break
            self.c.xqc_engine_packet_process(
                self.engine, data, len(data), self.local, len(self.local), self.peer,
                len(self.peer), time.time_ns() // 1000, None)
        self.c.xqc_engine_finish_recv(self.engine)

    # ---- start

    def _open_socket(self, host, port):
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        self.socket = socket.socket(family, kind)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.connect(address)
        self.local = socket_address(self.socket.getsockname())
        self.peer = socket_address(self.socket.getpeername())

    def _callback(self, kind, function, failed=0):
        """`function` for C: it lives as long as the client, and lets no exception through."""
        def guarded(*arguments):
            try:
                result = function(*arguments)
                return 0 if result is None else result
            except BaseException as exception:  # whatever it is, it must not pass
                self.exception = self.exception or exception
                return failed

        result = kind(guarded)
        self.kept.append(result)
        return result

    def _fill(self, table, **functions):
        """Sets the members of a callback table."""
        kinds = dict(table._fields_)
        for name, function in functions.items():
            failed = -1 if name in ("cert_verify_cb", "write_socket") else 0
            setattr(table, name, self._callback(kinds[name], function, failed))

    def _create_engine(self):
        abi, self.kept = self.abi, []
        config, callbacks = abi.xqc_config_t(), abi.xqc_engine_callback_t()
        tls, transport, h3 = (abi.xqc_engine_ssl_config_t(), abi.xqc_transport_callbacks_t(),
                              abi.xqc_h3_callbacks_t())
        self.c.xqc_engine_get_default_config(ctypes.byref(config), abi.XQC_ENGINE_CLIENT)
        config.cfg_log_level = abi.XQC_LOG_FATAL
        tls.ciphers, tls.groups = abi.XQC_TLS_CIPHERS, abi.XQC_TLS_GROUPS
        self._fill(callbacks, set_event_timer=self._on_timer)
        self._fill(callbacks.log_callbacks, xqc_log_write_err=lambda *_: None,
                   xqc_log_write_stat=lambda *_: None)
        self._fill(transport, write_socket=self._on_write, cert_verify_cb=self._on_verify,
                   conn_update_cid_notify=self._on_cid, save_token=lambda *_: None,
                   save_session_cb=lambda *_: None, save_tp_cb=lambda *_: None)
        self._fill(h3.h3c_cbs, h3_conn_create_notify=self._on_connection,
                   h3_conn_close_notify=self._on_closed,
                   h3_conn_handshake_finished=self._on_handshake)
        self._fill(h3.h3r_cbs, h3_request_read_notify=self._on_readable,
                   h3_request_write_notify=lambda *_: None,
                   h3_request_close_notify=self._on_request_closed)
        self.engine = self.c.xqc_engine_create(
            abi.XQC_ENGINE_CLIENT, ctypes.byref(config), ctypes.byref(tls),
            ctypes.byref(callbacks), ctypes.byref(transport), None)
        if not self.engine or self.c.xqc_h3_ctx_init(self.engine, ctypes.byref(h3)) != abi.XQC_OK:
            raise XquicError("the library did not start")

    def _connect(self):
        abi = self.abi
        settings = self.c.xqc_conn_get_conn_settings_template(abi.XQC_CONN_SETTINGS_DEFAULT)
        settings.proto_version = abi.XQC_VERSION_V1
        tls = abi.xqc_conn_ssl_config_t()
        tls.cert_verify_flag = (abi.XQC_TLS_CERT_FLAG_NEED_VERIFY
                                | abi.XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED)
        cid = self.c.xqc_h3_connect(self.engine, ctypes.byref(settings), None, 0, self.name, 0,
                                    ctypes.byref(tls), self.peer, len(self.peer), None)
        self._raise()
        if not cid:
            raise XquicError("no connection")
        self.cid = abi.xqc_cid_t.from_buffer_copy(ctypes.string_at(
            cid, ctypes.sizeof(abi.xqc_cid_t)))

    # ---- what the library calls

    def _on_timer(self, after, _):
        self.due = time.monotonic() + after / 1e6

    def _on_write(self, data, size, *_):
        try:
            return self.socket.send(ctypes.string_at(data, size))
        except BlockingIOError:
            self.blocked = True
            return self.abi.XQC_SOCKET_EAGAIN
        except ConnectionRefusedError:
            return size  # an earlier datagram found nobody; loss recovery decides

    def _on_cid(self, _connection, _retired, current, _):
        self.cid = self.abi.xqc_cid_t.from_buffer_copy(ctypes.string_at(
            current, ctypes.sizeof(self.abi.xqc_cid_t)))

    def _on_verify(self, chain, lengths, count, _):
        first = ctypes.cast(chain, ctypes.POINTER(ctypes.c_void_p))[0] if count else None
        length = ctypes.cast(lengths, ctypes.POINTER(ctypes.c_size_t))[0] if count else 0
        return 0 if ctypes.string_at(first, length) == self.certificate else -1

    def _on_connection(self, connection, _cid, _):
        self.c.xqc_h3_conn_set_user_data(connection, None)

    def _on_handshake(self, *_):
        self.connected = True

    def _on_closed(self, connection, *_):
        self.closed, self.error = True, self.c.xqc_h3_conn_get_errno(connection)

    def _fields(self, request, fin):
        """The section that is there to be read, as a dictionary."""
        pointer = self.c.xqc_h3_request_recv_headers(request, ctypes.byref(fin))
        if not pointer:
            return {}
        section = self.abi.xqc_http_headers_t.from_address(pointer)
        entries = ctypes.cast(section.headers, ctypes.POINTER(self.abi.xqc_http_header_t))
        # Any bytes may stand in a value (RFC 9110 section 5.5).
        return {ctypes.string_at(entry.name.iov_base, entry.name.iov_len).decode("latin-1"):
                ctypes.string_at(entry.value.iov_base, entry.value.iov_len).decode("latin-1")
                for entry in entries[:section.count]}

    def _on_readable(self, request, flag, number):
        response, fin, abi = self.responses[number], ctypes.c_uint8(0), self.abi
        if flag & abi.XQC_REQ_NOTIFY_READ_HEADER:
            response.fields = self._fields(request, fin)
            response.status = int(response.fields.get(":status", 0))
        if flag & abi.XQC_REQ_NOTIFY_READ_BODY:
            buffer = ctypes.create_string_buffer(BODY_ROOM)
            while not fin.value:
                size = self.c.xqc_h3_request_recv_body(request, buffer, BODY_ROOM,
                                                       ctypes.byref(fin))
                if size < 0:
                    break
                response.write(buffer.raw[:size])
        if flag & abi.XQC_REQ_NOTIFY_READ_TRAILER:
            response.trailers = self._fields(request, fin)
        if fin.value or flag == abi.XQC_REQ_NOTIFY_READ_EMPTY_FIN:
            response.complete = True

    def _on_request_closed(self, request, number):
        response = self.responses.pop(number)
        response.error = self.c.xqc_h3_request_get_stats(request).stream_err
