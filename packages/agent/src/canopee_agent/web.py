"""Downloads over HTTP: `http.client`, one request at a time, and a limit on everything that a server may do.

Certificates are those of the system and the agent's own authority. There is no proxy, no cookie and no encoding:
bytes are taken as they are.
"""

import contextlib
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import SplitResult, urljoin

from canopee_agent.addresses import check_address
from canopee_agent.errors import DeniedError, MismatchError, MissingError, UnreachableError
from canopee_agent.ports import Download, Wanted
from canopee_kit.clock import Clock

_CONNECT_S, _SILENCE_S = 20.0, 30.0
_WINDOW_S, _SLOWEST = 30.0, 512
"""Less than so many bytes a second over a window: the server holds us on purpose, or might as well."""
_MOST_REDIRECTS = 5
_PIECE = 65_536
_OK, _PARTIAL, _OUT_OF_RANGE = 200, 206, 416
_REDIRECTS = {301, 302, 303, 307, 308}
_GONE = {404, 410}
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class HttpDownloads:
    """`ports.Downloader`."""

    def __init__(self, clock: Clock, ca_file: Path | None = None) -> None:
        self._clock, self._ca_file = clock, ca_file

    @contextmanager
    def fetch(self, wanted: Wanted) -> Generator[Download]:
        """As `ports.Downloader.fetch`."""
        with _Line(self._context(is_own=bool(wanted.token)), wanted.timeout_s) as line:
            line.start()
            try:
                response = self._answer(line, wanted)
                yield _Answer(response, wanted, self._clock)
            except (OSError, http.client.HTTPException, ValueError, UnreachableError) as error:
                if isinstance(error, UnreachableError) and not line.is_late:
                    raise
                reason = "the time is over" if line.is_late else str(error) or type(error).__name__
                raise UnreachableError(f"{wanted.url}: {reason}") from error

    def _context(self, *, is_own: bool) -> ssl.SSLContext:
        """Made for each download: the authorities of a system are too many to keep in memory for a rare use.

        `is_own`: for the agent's own server, whose authority alone is trusted where there is one.
        """
        try:
            if is_own:
                return ssl.create_default_context(cafile=self._ca_file)
            context = ssl.create_default_context()
            if self._ca_file is not None:
                context.load_verify_locations(self._ca_file)
        except (OSError, ValueError) as error:
            raise DeniedError(f"ca_file {self._ca_file} cannot be used: {error}") from error
        return context

    def _answer(self, line: "_Line", wanted: Wanted) -> http.client.HTTPResponse:
        """The answer that carries the file, once redirects were followed."""
        url, headers = wanted.url, {"Accept-Encoding": "identity", "Connection": "close"}
        if wanted.start:
            headers["Range"] = f"bytes={wanted.start}-"
            if wanted.etag:
                headers["If-Range"] = wanted.etag
        if wanted.token:
            headers["Authorization"] = f"Bearer {wanted.token}"
        for _ in range(_MOST_REDIRECTS + 1):
            parts = check_address(url, wanted.hosts)
            response = line.ask(parts, headers)
            if response.status not in _REDIRECTS:
                return response
            if wanted.token:
                raise DeniedError(f"{url} redirects, and the agent's own token goes nowhere else")
            following = urljoin(url, response.getheader("Location", ""))
            if parts.scheme == "https" and not following.startswith("https:"):
                raise DeniedError(f"{url} redirects to {following}, which is not https")
            url = following
        raise DeniedError(f"{wanted.url}: more than {_MOST_REDIRECTS} redirects")


class _Line(AbstractContextManager["_Line"]):
    """One connection at a time, shut down when the time is over, whatever it was doing."""

    def __init__(self, context: ssl.SSLContext, timeout_s: float) -> None:
        self._context = context
        self._connection: http.client.HTTPConnection | None = None
        self._response: http.client.HTTPResponse | None = None
        self._sock: socket.socket | None = None
        self._timer = threading.Timer(timeout_s, self._end)
        self._timer.daemon = True
        self.is_late = False

    def start(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._close()

    def ask(self, parts: SplitResult, headers: dict[str, str]) -> http.client.HTTPResponse:
        self._close()
        host, port = parts.hostname or "", parts.port
        connection = (
            http.client.HTTPSConnection(host, port, timeout=_CONNECT_S, context=self._context)
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=_CONNECT_S)
        )
        self._connection = connection
        connection.connect()
        self._sock = connection.sock  # the connection forgets it as soon as the answer begins
        if self.is_late:
            raise TimeoutError
        connection.sock.settimeout(_SILENCE_S)
        connection.request(
            "GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers=headers
        )
        self._response = connection.getresponse()
        return self._response

    def _end(self) -> None:
        self.is_late = True
        sock = self._sock or (self._connection.sock if self._connection else None)
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Answer:
    """`ports.Download`."""

    def __init__(self, response: http.client.HTTPResponse, wanted: Wanted, clock: Clock) -> None:
        self._response, self._wanted, self._clock = response, wanted, clock
        etag = response.getheader("ETag", "")
        self.etag = "" if etag.startswith("W/") else etag
        self.start = _start(response, wanted)

    def __iter__(self) -> Iterator[bytes]:
        left = self._wanted.size - self.start
        since, received = self._clock.monotonic(), 0
        while True:
            piece = self._response.read1(_PIECE)
            if not piece:
                break
            left -= len(piece)
            if left < 0:
                raise MismatchError(f"{self._wanted.url} is larger than its {self._wanted.size} bytes")
            yield piece
            received += len(piece)
            passed_s = self._clock.monotonic() - since
            if passed_s >= _WINDOW_S:
                if received < passed_s * _SLOWEST:
                    raise UnreachableError(f"{self._wanted.url}: less than {_SLOWEST} bytes a second")
                since, received = self._clock.monotonic(), 0
        if left:
            raise UnreachableError(f"{self._wanted.url}: the connection was cut {left} bytes before the end")


def _start(response: http.client.HTTPResponse, wanted: Wanted) -> int:
    """Where the content starts; raises for every answer that has none for us."""
    if response.status == _PARTIAL and wanted.start:
        found = _RANGE.fullmatch(response.getheader("Content-Range", ""))
        if not found or int(found[1]) != wanted.start:
            raise UnreachableError(f"{wanted.url}: the server answers another range than the one asked for")
        _check_size(wanted, found[3])
        return wanted.start
    if response.status == _OK:
        _check_size(wanted, response.getheader("Content-Length", "*"))
        return 0
    if response.status in _GONE:
        raise MissingError(f"{wanted.url}: the server answers {response.status}")
    if response.status == _OUT_OF_RANGE:
        raise MismatchError(f"{wanted.url} is shorter than the {wanted.start} bytes that are here already")
    if response.status in {401, 403}:
        raise DeniedError(f"{wanted.url}: the server answers {response.status}")
    asked = response.getheader("Retry-After", "")
    wait_s = float(asked) if asked.isascii() and asked.isdecimal() else None
    raise UnreachableError(f"{wanted.url}: the server answers {response.status}", retry_after_s=wait_s)


def _check_size(wanted: Wanted, told: str) -> None:
    if told.isascii() and told.isdecimal() and int(told) != wanted.size:
        raise MismatchError(f"{wanted.url} has {told} bytes, and not the {wanted.size} that were signed")
