"""HTTP to the one server of this agent: `http.client`, one certificate authority, one kept connection."""

import contextlib
import http.client
import io
import socket
import ssl
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from canopee_agent.errors import CutLinkError, StateError, UnreachableError
from canopee_agent.service.bounded import BoundedReads
from canopee_agent.service.config import check_url
from canopee_agent.service_ports import Reply, Request
from canopee_kit.clock import SystemClock

MAX_REPLY_BYTES = 16 * 2**20
_OVERHEAD_BYTES = 256 * 2**10
"""Status, headers and the frames of chunks, beyond the body."""


class LinkLimits(msgspec.Struct, frozen=True):
    """What the server may make the agent bear."""

    reply_bytes: int = MAX_REPLY_BYTES
    connect_s: float = 20.0
    silence_s: float = 600.0
    """Longest silence, where the request allows more."""
    reply_s: float = 300.0
    """For a whole answer, beyond the longest silence that the request allows: a drip ends there."""


_LIMITS = LinkLimits()
_FAULTS = (OSError, http.client.HTTPException, ValueError)
"""`ValueError`: some malformed answers, such as a chunk of negative size."""


class HttpLink:
    """One kept connection; `interrupt` may be called from another thread."""

    def __init__(self, url: str, ca_file: Path | None = None, limits: LinkLimits = _LIMITS) -> None:
        """Raises `StateError` for an address that is not safe, or a `ca_file` that is none."""
        check_url(url)
        self._limits, self._clock = limits, SystemClock()
        parts = urlsplit(url)
        self._host, self._port, self._base = parts.hostname or "", parts.port, parts.path.rstrip("/")
        self._context = _context(ca_file) if parts.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None
        self._is_over = threading.Event()

    def send(self, request: Request) -> Reply:
        """The answer; a kept connection that was cut is opened again, once, but for a counted request."""
        was_kept = self._connection is not None
        try:
            return self._exchange(request)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            self._drop()
            if not was_kept or self._is_over.is_set():
                raise UnreachableError(f"the connection was cut: {error}") from error
            if request.is_counted:
                raise CutLinkError(f"the connection was cut: {error}") from error
        except _FAULTS as error:
            self._drop()
            raise UnreachableError(f"{self._host} does not answer: {error}") from error
        try:
            return self._exchange(request)
        except _FAULTS as error:
            self._drop()
            raise UnreachableError(f"{self._host} does not answer: {error}") from error

    def close(self) -> None:
        """Close the kept connection."""
        self._drop()

    def interrupt(self) -> None:
        """End the request under way, and refuse later ones."""
        self._is_over.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(2)

    def _exchange(self, request: Request) -> Reply:
        if self._is_over.is_set():
            raise UnreachableError("the agent stops")
        connection = self._connection or self._open()
        silence_s = min(request.timeout_s, self._limits.silence_s)
        connection.sock.settimeout(silence_s)
        connection.response_class = self._response_class(silence_s)
        connection.request(request.method, self._base + request.path, request.body or None, dict(request.headers))
        with connection.getresponse() as response:
            body = response.read(self._limits.reply_bytes + 1)
            if len(body) > self._limits.reply_bytes:
                raise http.client.HTTPException(f"an answer larger than {self._limits.reply_bytes} bytes")
            if response.length:  # read(n) says nothing of an answer that was cut
                raise http.client.IncompleteRead(body, response.length)
            reply = Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
            if response.will_close:
                self._drop()
        return reply

    def _response_class(self, silence_s: float) -> type[http.client.HTTPResponse]:
        """Answers whose every byte is counted, from the status line on, and which end in time."""
        until = self._clock.monotonic() + silence_s + self._limits.reply_s
        most_bytes, clock = self._limits.reply_bytes + _OVERHEAD_BYTES, self._clock

        class BoundedResponse(http.client.HTTPResponse):
            def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as it was
                super().__init__(sock, *args, **kwargs)
                self.fp.close()
                reads = BoundedReads(sock, clock, silence_s=silence_s, until=until, most_bytes=most_bytes)
                self.fp = io.BufferedReader(reads)

        return BoundedResponse

    def _open(self) -> http.client.HTTPConnection:
        if self._context is not None:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._limits.connect_s, context=self._context
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._limits.connect_s)
        connection.connect()
        self._connection = connection
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:  # SSLError, for a file that holds no certificate, is an OSError
        raise StateError(f"ca_file {ca_file} cannot be used: {error}") from error
