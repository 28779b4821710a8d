"""The emulator on a port, for every AWS client that can be given an endpoint."""

from __future__ import annotations

import json
import logging
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

from workmail_emulator import control
from workmail_emulator.emulator import Emulator
from workmail_emulator.errors import ResponseLost
from workmail_emulator.guarding import Guard, list_loopback_hosts, render_refusal

_log = logging.getLogger(__name__)

LARGEST_BODY = 5 * 1024 * 1024
"""Bytes; assumed, AWS's JSON services refuse larger requests than a few megabytes."""


LARGEST_DUMP = 1024 * 1024 * 1024
"""Bytes of a request of the control path; chosen: a dump of a hundred thousand users is smaller."""


class Server(ThreadingHTTPServer):
    """Listens on one address; each connection has its thread.

    Attributes:
        emulator: What answers.
        guard: Decides who is answered.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, emulator: Emulator, host: str, port: int, key: str = "") -> None:
        """Bind the address.

        Args:
            emulator: What answers.
            host: Address to listen on. On one that is not of the loopback network the Host field of
                requests may say anything: only who listens there knows the names of the machine.
            port: 0 takes a free one.
            key: The access key id that is accepted; empty: every one, and none.
        """
        self.emulator = emulator
        super().__init__((host, port), _Handler)
        loopback = ip_address(str(self.server_address[0])).is_loopback
        hosts = list_loopback_hosts(self.server_address[1]) if loopback else frozenset[str]()
        self.guard = Guard(hosts, key)

    @property
    def url(self) -> str:
        """The endpoint URL for clients."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]  # it is ours, always

    def do_GET(self) -> None:
        """Answer the control path."""
        self._respond("GET")

    def do_DELETE(self) -> None:
        """Answer the control path."""
        self._respond("DELETE")

    def do_POST(self) -> None:
        """Answer AWS clients, and the control path."""
        self._respond("POST")

    def do_OPTIONS(self) -> None:
        """Answer what a browser asks, which is refused, and clients of other services."""
        self._respond(self.command)

    do_HEAD = do_PATCH = do_PUT = do_OPTIONS  # noqa: N815 - the base class's names

    def _respond(self, method: str) -> None:
        body = self._body()
        if body is None or self._refuse():
            return
        try:
            if self.path.startswith(control.PREFIX):
                status, document = control.respond(self.server.emulator, method, self.path, body)
                self._send(status, {"Content-Type": "application/json"}, _json(document))
            else:
                answer = self.server.emulator.answer(dict(self.headers.items()), body)
                self._send(answer.status, answer.headers, answer.body)
        except ResponseLost:
            self.close_connection = True
        except Exception:  # noqa: BLE001  a defect must not look like a lost connection
            _log.exception("cannot answer %s %s", method, self.path)
            fault = {"__type": "InternalFailure", "Message": "The emulator has a defect."}
            self._send(500, {"Content-Type": "application/x-amz-json-1.1"}, _json(fault))

    def _refuse(self) -> bool:
        """Whether the request was refused: the control path is guarded as the services are."""
        headers = {name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers}
        query = self.path.partition("?")[2]
        reason = self.server.guard.refuse(headers, query)
        if reason is not None:
            self._send(403, *render_refusal(reason, headers, query))
        return reason is not None

    def _body(self) -> bytes | None:
        """Read the body, or refuse it."""
        length = self.headers.get("Content-Length", "0")
        largest = LARGEST_DUMP if self.path.startswith(control.PREFIX) else LARGEST_BODY
        if not length.isascii() or not length.isdigit() or int(length) > largest:
            self.close_connection = True
            self._send(413, {"Content-Type": "application/json"}, _json({"error": "too large"}))
            return None
        return self.rfile.read(int(length))

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Send head and body in one piece: two would wait for each other's acknowledgement."""
        self.send_response_only(status)
        # An answer of a service has the date of the emulator's clock.
        own = {"Server": self.version_string(), "Date": self.date_time_string()}
        for name, value in {**own, **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self._headers_buffer: list[bytes]
        # The answer to HEAD has the length of a body, and none (RFC 9110, section 9.3.2).
        self._headers_buffer.append(b"\r\n" + (b"" if self.command == "HEAD" else body))
        self.flush_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Log where a level decides, not on standard error."""
        _log.debug(format, *args)


def _json(document: object) -> bytes:
    return json.dumps(document).encode()
