"""A minimal HTTP/1.1 client: kept connections, one call in flight on each, bodies known in advance.

A simulated device that waits in a long poll is one transport and one future: a few kilobytes.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import cycle
from typing import cast
from urllib.parse import urlsplit

import httptools
import msgspec
import zstandard

from canopee_swarm.errors import CutError

CONNECT_S = 10.0
ZSTD_FROM_BYTES = 512


class Answer(msgspec.Struct, frozen=True):
    """Status, headers (lower-case names) and whole body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Pool:
    """Connections to one server: opened when needed, kept, at most `limit` at once."""

    def __init__(self, url: str, *, limit: int, sources: Sequence[str] = ()) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{url}: the swarm speaks http:// to a loopback or test address")
        self._host, self._port = parts.hostname, parts.port or 80
        self._free: deque[_Connection] = deque()
        self._all: set[_Connection] = set()
        self._slots = asyncio.Semaphore(limit)
        self._sources = cycle(sources) if sources else None
        self._zstd = zstandard.ZstdCompressor(level=3)

    async def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: Sequence[str] = (),
        timeout_s: float = 30.0,
        is_counted: bool = False,
    ) -> Answer:
        """Send one request and read its answer; never twice when it `is_counted`, since its counter is good for once.

        Raises:
            CutError: no connection, a cut, or no answer within `timeout_s`.
        """
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._host}:{self._port}", *headers]
        if len(body) >= ZSTD_FROM_BYTES:
            body = self._zstd.compress(body)
            lines.append("content-encoding: zstd")
        if body:
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        request = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
        async with self._slots:
            return await self._exchange(request, timeout_s, is_counted=is_counted)

    def close(self) -> None:
        """Close every connection; calls in flight end with `CutError`."""
        for connection in list(self._all):
            connection.close()

    async def _exchange(self, request: bytes, timeout_s: float, *, is_counted: bool) -> Answer:
        connection, was_kept = await self._take()
        try:
            return await self._once(connection, request, timeout_s)
        except CutError:
            if is_counted or not was_kept or not connection.is_stale:
                raise
        fresh = await self._open()  # the server had closed a kept connection: it has seen nothing of the call
        return await self._once(fresh, request, timeout_s)

    async def _once(self, connection: "_Connection", request: bytes, timeout_s: float) -> Answer:
        try:
            async with asyncio.timeout(timeout_s):
                answer = await connection.exchange(request)
        except TimeoutError as error:
            raise CutError(f"no answer within {timeout_s:g} s") from error
        finally:
            if not connection.is_reusable:
                connection.close()
                self._all.discard(connection)
        if connection.is_reusable:
            self._free.append(connection)
        return answer

    async def _take(self) -> "tuple[_Connection, bool]":
        while self._free:
            connection = self._free.pop()
            if connection.is_reusable:
                return connection, True
            self._all.discard(connection)
        return await self._open(), False

    async def _open(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        local = (next(self._sources), 0) if self._sources else None
        try:
            async with asyncio.timeout(CONNECT_S):
                _, connection = await loop.create_connection(_Connection, self._host, self._port, local_addr=local)
        except OSError as error:
            raise CutError(f"{self._host}:{self._port} does not answer: {error.strerror or error}") from error
        self._all.add(connection)
        return connection


class _Connection(asyncio.Protocol):
    """One transport with its parser; httptools calls the `on_…` methods."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answered: asyncio.Future[Answer] | None = None
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._is_untouched = True
        self.is_stale = False
        self.is_reusable = False

    async def exchange(self, request: bytes) -> Answer:
        if self._transport is None or self._transport.is_closing():
            self.is_stale = True
            raise CutError("the server closed the connection")
        self._answered = asyncio.get_running_loop().create_future()
        self.is_reusable, self._is_untouched = False, True
        self._transport.write(request)
        return await self._answered

    def close(self) -> None:
        self.is_reusable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it
        self.is_reusable = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_reusable, self.is_stale = False, self._is_untouched
        self._fail(CutError(f"the connection was cut: {exc or 'closed by the server'}"))

    def data_received(self, data: bytes) -> None:
        self._is_untouched = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(CutError(f"not an HTTP answer: {error}"))
            self.close()

    def on_message_begin(self) -> None:
        self._headers, self._body = {}, []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self.is_reusable = self._parser.should_keep_alive()
        body = b"".join(self._body)
        if self._headers.get("content-encoding") == "zstd":
            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(Answer(status, self._headers, body))

    def _fail(self, error: CutError) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error)
