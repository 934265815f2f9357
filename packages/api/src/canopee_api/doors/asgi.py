"""The few lines of ASGI that both doors share."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import zstandard

from canopee_api.errors import InvalidError, TooLargeError
from canopee_contract.codec import MAX_MESSAGE_BYTES

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]


class GoneError(Exception):
    """The client went away before its request was read."""


def header(scope: Scope, name: bytes) -> bytes:
    """The value of a request header; empty when there is none."""
    for key, value in scope["headers"]:
        if key == name:
            return value
    return b""


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int = MAX_MESSAGE_BYTES) -> bytes:
    """The whole body, decompressed.

    Raises:
        TooLargeError: more than `max_bytes`, before or after decompression.
        InvalidError: an encoding that is unknown or broken.
        GoneError: the client went away.
    """
    declared = header(scope, b"content-length")
    if declared.isdigit() and int(declared[:12]) > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise GoneError
        chunk = message.get("body", b"")
        size, more = size + len(chunk), message.get("more_body", False)
        if size > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
    return _decoded(b"".join(chunks), header(scope, b"content-encoding"), max_bytes)


async def respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a whole response."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


def _decoded(body: bytes, encoding: bytes, max_bytes: int) -> bytes:
    if encoding in {b"", b"identity"}:
        return body
    if encoding != b"zstd":
        raise InvalidError("body.encoding", "send the body as it is, or compressed with zstd")
    try:
        with zstandard.ZstdDecompressor(max_window_size=2**23).stream_reader(
            body, read_across_frames=False
        ) as reader:
            content = reader.read(max_bytes + 1)
    except zstandard.ZstdError as error:
        raise InvalidError("body.zstd", f"not zstd: {error}") from error
    if len(content) > max_bytes:
        raise _too_large(max_bytes)
    return content


def _too_large(max_bytes: int) -> TooLargeError:
    return TooLargeError(
        "body.too_large", f"at most {max_bytes} bytes, after decompression too: send less at once"
    )
