"""Answers of the people's door, compressed: the same JSON comes out, and what is a stream stays one."""

import asyncio
import gzip
import random
from collections.abc import MutableMapping, Sequence
from typing import Any

import pytest
import zstandard

from canopee_api.doors.asgi import Receive, Scope, Send
from canopee_api.doors.compression import SMALL, Application, compressing, encoding_of

Message = MutableMapping[str, Any]
_JSON = b"application/json"


def _answering(
    parts: Sequence[bytes], kind: bytes = _JSON, more: Sequence[tuple[bytes, bytes]] = ()
) -> Application:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  ASGI
        length = (b"content-length", str(sum(map(len, parts))).encode())
        headers = [(b"content-type", kind), length, *more]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for at, part in enumerate(parts, 1):
            await send({"type": "http.response.body", "body": part, "more_body": at < len(parts)})

    return application


async def _asked(application: Application, accepted: bytes) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    await compressing(application)({"type": "http", "headers": [(b"accept-encoding", accepted)]}, receive, send)
    return sent


def _headers(sent: Sequence[Message]) -> dict[bytes, bytes]:
    names = [name for name, _ in sent[0]["headers"]]
    assert len(names) == len(set(names)), "a header that comes twice"
    return dict(sent[0]["headers"])


@pytest.mark.parametrize("size", [SMALL, 30_000, 2_000_000])
@pytest.mark.parametrize("accepted", [b"gzip", b"gzip, deflate, br, zstd", b"GZIP;q=0.1"])
async def test_a_whole_answer_comes_out_as_it_was(size: int, accepted: bytes) -> None:
    body = bytes(random.Random(size).choices(b'{"id":01}', k=size))
    sent = await _asked(_answering([body]), accepted)
    headers, packed = _headers(sent), sent[1]["body"]
    assert int(headers[b"content-length"]) == len(packed) < size
    assert headers[b"vary"] == b"accept-encoding"
    if b"zstd" in accepted:
        assert zstandard.decompress(packed) == body
        assert headers[b"content-encoding"] == b"zstd"
    else:
        assert gzip.decompress(packed) == body
        assert headers[b"content-encoding"] == b"gzip"


@pytest.mark.parametrize(
    ("application", "accepted"),
    [
        (_answering([b"x" * (SMALL - 1)]), b"gzip"),
        (_answering([b"x" * 9_000]), b""),
        (_answering([b"x" * 9_000]), b"br"),
        (_answering([b"x" * 9_000]), b"gzip;q=0"),
        (_answering([b"x" * 9_000], b"text/csv"), b"gzip"),
        (_answering([b"x" * 9_000], more=[(b"content-encoding", b"zstd")]), b"gzip"),
        (_answering([b"x" * 9_000, b"y" * 9_000]), b"gzip"),
    ],
    ids=["small", "asked for nothing", "unknown", "refused", "no JSON", "compressed already", "in parts"],
)
async def test_anything_else_goes_out_untouched(application: Application, accepted: bytes) -> None:
    plain: list[Message] = []

    async def keep(message: Message) -> None:
        plain.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    await application({}, receive, keep)
    assert await _asked(application, accepted) == plain


async def test_the_start_of_a_stream_does_not_wait_for_its_first_event() -> None:
    started, first = asyncio.Event(), asyncio.Event()

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  ASGI
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await first.wait()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.set()

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    asked = compressing(stream)({"type": "http", "headers": [(b"accept-encoding", b"gzip")]}, receive, send)
    task = asyncio.ensure_future(asked)
    await asyncio.wait_for(started.wait(), 5)
    first.set()
    await task


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        (b"gzip, deflate, br, zstd", b"br"), (b"gzip", b"gzip"), (b"*", b"br"), (b"*, br;q=0", b"gzip"),
        (b"br; q=0.0 , gzip ; q=1.0", b"gzip"), (b"br;q=0.01", b"br"), (b"identity", b""), (b"", b""), (b"*;q=0", b""),
        (b"brotli", b""), (b";;,,q=", b""),
    ],
)  # fmt: skip
def test_the_encoding_is_the_first_that_is_not_refused(accepted: bytes, chosen: bytes) -> None:
    assert encoding_of({"headers": [(b"accept-encoding", accepted)]}, (b"br", b"gzip")) == chosen
