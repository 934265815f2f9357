"""Large targets, sent in pieces from where the agent has come to: no process ever holds a whole one."""

import asyncio
import contextlib
import re

import msgspec

from canopee_api.catalog.target_files import TargetFiles
from canopee_api.doors.asgi import GoneError, Headers, Receive, Scope, Send, header, respond
from canopee_api.doors.problems import encode_problem
from canopee_api.errors import BusyError
from canopee_contract.problem import Problem

_AT_ONCE = 100
"""Downloads of one process: the check-ins of the others need the room too."""
_BUSY_S = 60
_PIECE_S = 120.0
"""For one piece of 256 KiB; a reader that is slower is left."""
_RANGE = re.compile(rb"bytes=([0-9]{1,15})-([0-9]{1,15})?")


class Span(msgspec.Struct, frozen=True):
    """The bytes that are asked for: from `start` to before `end`."""

    start: int
    end: int
    is_part: bool


class Downloads:
    """The downloads of one process."""

    def __init__(self, files: TargetFiles) -> None:
        self._files, self._under_way = files, 0

    async def send(self, sha256: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the file, or with its end.

        Raises:
            NotFoundError: its bytes are not here; nothing was sent.
            BusyError: too many are under way; nothing was sent.
            GoneError: the agent left, or the file did; the answer is cut.
        """
        length = await self._files.length(sha256)
        etag = b'"%s"' % sha256.encode()
        span = asked(header(scope, b"range"), header(scope, b"if-range"), etag, length)
        if span is None:
            past = Problem("range.unsatisfiable", "Past the end", 416, f"the file has {length} bytes")
            status, headers, body = encode_problem(past)
            await respond(send, status, [*headers, (b"content-range", b"bytes */%d" % length)], body)
            return
        if self._under_way >= _AT_ONCE:
            raise BusyError("too many downloads are under way", retry_after_s=_BUSY_S)
        self._under_way += 1
        gone = asyncio.create_task(_left(receive))
        try:
            await send({"type": "http.response.start", **_head(span, etag, length)})
            await self._send_pieces(sha256, span, gone, send)
        except Exception as error:
            raise GoneError from error  # the head is sent: no other answer can follow
        finally:
            self._under_way -= 1
            gone.cancel()

    async def _send_pieces(self, sha256: str, span: Span, gone: "asyncio.Task[None]", send: Send) -> None:
        async for piece in self._files.pieces(sha256, span.start, span.end):
            if gone.done():
                raise GoneError
            async with asyncio.timeout(_PIECE_S):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def asked(wanted: bytes, validator: bytes, etag: bytes, length: int) -> Span | None:
    """What a request asks for; `None` when it begins past the end. A range that is not understood is all of it."""
    found = _RANGE.fullmatch(wanted)
    whole = Span(0, length, is_part=False)
    if found is None or validator not in {b"", etag}:
        return whole
    start, last = int(found[1]), int(found[2]) if found[2] else length - 1
    if last < start:
        return whole if found[2] and start < length else None
    return None if start >= length else Span(start, min(last + 1, length), is_part=True)


def _head(span: Span, etag: bytes, length: int) -> dict[str, object]:
    headers: Headers = [
        (b"content-type", b"application/octet-stream"), (b"accept-ranges", b"bytes"), (b"etag", etag),
        (b"content-length", b"%d" % (span.end - span.start)),
    ]  # fmt: skip
    if span.is_part:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (span.start, span.end - 1, length)))
    return {"status": 206 if span.is_part else 200, "headers": headers}


async def _left(receive: Receive) -> None:
    """Return once the agent has left."""
    with contextlib.suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass
