"""What people's browsers and programs get is compressed: JSON as it is answered, files when they are built.

A whole answer only: streams (events, exports) go out as they come. What is small is left alone, so that no answer that
carries a secret is compressed beside what its caller sent (`docs/adr/0060-what-the-first-screen-weighs.md`).
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import zstandard

from canopee_api.doors.asgi import Receive, Scope, Send, header

SMALL = 1_000
"""Bytes below which nothing is gained."""
_LARGE = 256_000
"""Bytes above which another thread compresses: both libraries release the interpreter."""
_ZSTD_LEVEL, _GZIP_LEVEL, _GZIP_WINDOW = 3, 5, 31  # 30 kB of rows: 3 kB in 0.1 to 0.2 ms
_KINDS = (b"application/json", b"application/problem+json")
_VARY = (b"vary", b"accept-encoding")

Application = Callable[[Scope, Receive, Send], Awaitable[Any]]


def encoding_of(scope: Scope, offered: Sequence[bytes]) -> bytes:
    """The first of `offered` that the client takes; empty for none. Its own preferences are not asked for."""
    accepted = header(scope, b"accept-encoding")
    refused: dict[bytes, bool] = {}
    for part in accepted.lower().split(b","):
        name, _, weight = part.partition(b";")
        refused[name.strip()] = weight.replace(b" ", b"").rstrip(b"0.") == b"q="
    return next((one for one in offered if not refused.get(one, refused.get(b"*", True))), b"")


async def pack(body: bytes, encoding: bytes) -> bytes:
    """The body in `zstd` or in `gzip`."""
    work = _zstd if encoding == b"zstd" else _gzip
    return work(body) if len(body) < _LARGE else await asyncio.to_thread(work, body)


def compressing(application: Application) -> Application:
    """The same application, whose whole JSON answers are compressed for those who take it."""

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        encoding = encoding_of(scope, (b"zstd", b"gzip")) if scope["type"] == "http" else b""
        await application(scope, receive, _packing(send, encoding) if encoding else send)

    return door


def _packing(send: Send, encoding: bytes) -> Send:
    """Holds the start of a JSON answer back until its body is known to be whole."""
    held: list[Any] = []

    async def sending(message: Any) -> None:  # noqa: ANN401  an ASGI message
        if message["type"] == "http.response.start" and _is_ours(message["headers"]):
            held.append(message)
            return
        if held and message["type"] == "http.response.body":
            start, body = held.pop(), message.get("body", b"")
            if not message.get("more_body", False) and len(body) >= SMALL:
                body = await pack(body, encoding)
                length = (b"content-length", str(len(body)).encode())
                kept = [one for one in start["headers"] if one[0].lower() != b"content-length"]
                start = {**start, "headers": [*kept, (b"content-encoding", encoding), length, _VARY]}
                message = {**message, "body": body}
            await send(start)
        await send(message)

    return sending


def _is_ours(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    told = {name.lower(): value for name, value in headers}
    return told.get(b"content-type", b"").startswith(_KINDS) and b"content-encoding" not in told


def _zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return packer.compress(body) + packer.flush()
