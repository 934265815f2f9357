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
    message = await receive()
    body = _part(message)
    if message.get("more_body", False):
        body = await _rest(scope, receive, body, max_bytes)
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    encoding = header(scope, b"content-encoding")
    return _decoded(body, encoding, max_bytes) if encoding else body


async def respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a whole response."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def _rest(scope: Scope, receive: Receive, first: bytes, max_bytes: int) -> bytes:
    """The whole body of which `first` has come; refused as soon as it is known to be too large."""
    declared = header(scope, b"content-length")
    if declared.isdigit() and int(declared[:12]) > max_bytes:
        raise _too_large(max_bytes)
    parts, size, more = [first], len(first), True
    while more and size <= max_bytes:
        message = await receive()
        parts.append(_part(message))
        size, more = size + len(parts[-1]), message.get("more_body", False)
    return b"".join(parts)


def _part(message: MutableMapping[str, Any]) -> bytes:
    if message["type"] != "http.request":
        raise GoneError
    return message.get("body", b"")


def _decoded(body: bytes, encoding: bytes, max_bytes: int) -> bytes:
    if encoding == b"identity":
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
