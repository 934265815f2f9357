"""Bytes to a socket, and what came back: the least of HTTP, so that nothing repairs what is sent."""

import asyncio
import contextlib
from collections.abc import Mapping

import msgspec

from canopee_kit.clock import SystemClock

LIMIT_S = 10.0
"""An answer that takes longer is a hang."""
_BROKEN_S = 0.3
_LONGEST_ANSWER = 32 * 2**20
_clock = SystemClock()


class Answer(msgspec.Struct, frozen=True):
    """What a request got: a status, 0 when the connection was closed without one, -1 when nothing came in time."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Wire:
    """One connection, made again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes, *, is_last: bool = False) -> Answer:
        """Send, and read one answer; `is_last`: it may be unfinished, so wait a little only, then close."""
        started = _clock.monotonic()
        try:
            async with asyncio.timeout(_BROKEN_S if is_last else LIMIT_S):
                status, headers, body = await self._exchange(request)
        except TimeoutError:
            status, headers, body = 0 if is_last else -1, dict[str, str](), b""
        is_stream = "content-length" not in headers  # its body is not read here
        if is_last or status < 1 or is_stream or headers.get("connection") == "close":
            await self.close()
        return Answer(status, headers, body, _clock.monotonic() - started)

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._streams is not None:
            self._streams[1].close()
            with contextlib.suppress(OSError):
                await self._streams[1].wait_closed()
            self._streams = None

    async def _exchange(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        for is_again in (False, True):
            is_used = self._streams is not None
            reader, writer = self._streams or await asyncio.open_connection(
                "127.0.0.1", self._port, limit=_LONGEST_ANSWER
            )
            self._streams = reader, writer
            try:
                writer.write(request)
                return await _answer(reader, has_body=not request.startswith(b"HEAD "))
            except (OSError, asyncio.IncompleteReadError):
                await self.close()
                if not is_used or is_again:
                    break
        return 0, {}, b""


async def _answer(reader: asyncio.StreamReader, *, has_body: bool) -> tuple[int, dict[str, str], bytes]:
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        if status != 100:  # noqa: PLR2004  Continue: the answer follows
            break
    return status, headers, await reader.readexactly(int(headers.get("content-length", "0")) if has_body else 0)


def request(
    method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """A well-formed request, whatever its target and body are."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + (body or b"")
