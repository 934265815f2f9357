"""A hostile HTTP server on the loopback: one path is answered as an attack says, the others honestly."""

import http.server
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from typing import cast

from canopee_agent.errors import UnreachableError
from canopee_agent.fakes import FakeServerLink
from canopee_agent.service_ports import Request


class Loopback(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Listens on a free port of 127.0.0.1 from `open` to `close`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, honest: FakeServerLink, path: str, says: Callable[[], Iterator[bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.honest, self.path, self.says = honest, path, says
        self.is_over = threading.Event()
        self.hostile_answers = 0
        self.sent_bytes = 0
        """Of hostile answers; some wait in the system's buffers."""
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def open(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """End, also what is being said."""
        self.is_over.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: object, client_address: object) -> None:
        """The agent hung up: that is what is hoped for."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def loopback(self) -> Loopback:
        """The server, under its own type."""
        return cast("Loopback", self.server)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as it was
        """Nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path == self.loopback.path:
            self._attack()
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        method = "GET" if self.command == "GET" else "POST"
        try:
            reply = self.loopback.honest.send(Request(method, self.path, headers, body))
        except UnreachableError:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _attack(self) -> None:
        self.loopback.hostile_answers += 1
        self.close_connection = True
        try:
            for piece in self.loopback.says():
                if self.loopback.is_over.is_set():
                    return
                self.connection.sendall(piece)
                self.loopback.sent_bytes += len(piece)
            self.connection.shutdown(socket.SHUT_WR)
        except OSError:
            return
