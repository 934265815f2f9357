import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import pytest
import uvicorn
from uvicorn.server import ServerState

from canopee_api.doors.asgi import Receive, Scope, Send, read_body, respond
from canopee_api.doors.protocol import BODY_S, HEAD_S, MAX_HEAD_BYTES, MAX_HEADERS, LimitedProtocol, give_up_late

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Listening:
    """A server of one application that reads the body and answers 200."""

    def __init__(self) -> None:
        self.state = ServerState()
        self.port = 0
        self.calls = 0
        self.answer = asyncio.Event()
        self.answer.set()

    async def application(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        try:
            body = await read_body(scope, receive)
        except Exception:  # noqa: BLE001  the client went away
            return
        await self.answer.wait()
        await respond(send, 200, [], b"%d" % len(body))

    async def open(self, sent: bytes) -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        await writer.drain()
        return reader, writer

    def late(self, seconds: float) -> None:
        """Look at the connections as if so much time had passed."""
        give_up_late(self.state.connections, asyncio.get_running_loop().time() + seconds)

    def has_read(self, size: int) -> bool:
        """Whether its one connection has read so many bytes of a request's head."""
        return [getattr(one, "_head_bytes", -1) for one in self.state.connections] == [size]

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not is_so():  # noqa: ASYNC110  what uvicorn has read is only to be looked at
                await asyncio.sleep(0)


@asynccontextmanager
async def _listening() -> AsyncGenerator[Listening]:
    one = Listening()
    config = uvicorn.Config(one.application, log_config=None, lifespan="off", interface="asgi3")

    def protocol() -> Any:  # noqa: ANN401  what asyncio asks for
        return LimitedProtocol(config=config, server_state=one.state, app_state={})

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        for connection in list(one.state.connections):
            connection.transport.abort()


async def _status(streams: Streams) -> bytes:
    """The status answered; `reset` when the rest of what was sent was not read any more."""
    try:
        return (await asyncio.wait_for(streams[0].read(), 10))[9:12]
    except ConnectionResetError:
        return b"reset"
    finally:
        streams[1].close()


@pytest.mark.parametrize("begun", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nHo"])
async def test_a_connection_that_does_not_end_its_headers_is_given_up(begun: bytes) -> None:
    async with _listening() as server:
        streams = await server.open(begun)
        await server.until(lambda: server.has_read(len(begun)))
        server.late(HEAD_S - 1)
        assert not streams[0].at_eof()
        server.late(HEAD_S + 1)
        assert await _status(streams) == b"408"
        assert server.calls == 0


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 10\r\n\r\nhalf", b"Transfer-Encoding: chunked\r\n\r\n5\r\nha"]
)
async def test_a_body_that_does_not_come_is_waited_for_longer_then_given_up(framing: bytes) -> None:
    async with _listening() as server:
        streams = await server.open(b"POST / HTTP/1.1\r\nHost: x\r\n" + framing)
        await server.until(lambda: server.calls == 1)
        server.late(HEAD_S + 1)
        assert len(server.state.connections) == 1
        server.late(BODY_S + 1)
        assert await _status(streams) == b"408"


async def test_a_connection_between_two_requests_is_left_alone() -> None:
    async with _listening() as server:
        streams = await server.open(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await streams[0].readuntil(b"\r\n\r\n"))[9:12] == b"200"
        server.late(BODY_S * 100)
        streams[1].write(b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
        assert b"200 OK" in await streams[0].read()
        streams[1].close()


async def test_a_request_that_is_being_answered_is_never_given_up() -> None:
    async with _listening() as server:
        server.answer.clear()
        streams = await server.open(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        await server.until(lambda: server.calls == 1)
        server.late(BODY_S * 100)
        server.answer.set()
        assert await _status(streams) == b"200"


@pytest.mark.parametrize(
    "headers",
    [
        b"X: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n",
        b"X: y\r\n" * (MAX_HEADERS + 1) + b"\r\n",
        b"X: y\r\n" * MAX_HEAD_BYTES,
        b"X: " + b"x" * 2 * MAX_HEAD_BYTES,
    ],
    ids=["one long", "too many", "without end", "one without end"],
)
async def test_headers_that_are_too_long_or_too_many_are_refused_before_any_door_hears_of_them(
    headers: bytes,
) -> None:
    async with _listening() as server:
        streams = await server.open(b"GET / HTTP/1.1\r\nHost: x\r\n" + headers)
        assert await _status(streams) in {b"431", b"reset"}
        assert server.calls == 0


async def test_a_long_target_is_refused_and_many_headers_of_ordinary_size_are_not() -> None:
    async with _listening() as server:
        long = await server.open(b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\n\r\n")
        assert await _status(long) in {b"431", b"reset"}
        many = b"X: yyyyyyyy\r\n" * (MAX_HEADERS - 2)
        good = await server.open(b"GET / HTTP/1.1\r\nConnection: close\r\n" + many + b"\r\n")
        assert await _status(good) == b"200"
