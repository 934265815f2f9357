import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from canopee_api.doors.people.app import people_app
from canopee_api.postgres.changes import announce
from canopee_api.testing import ADMIN, Office
from canopee_contract.people import Login, NewUser


class Stream:
    """One GET of /v1/live, by the ASGI application itself."""

    def __init__(self) -> None:
        self.status, self.headers = 0, dict[str, str]()
        self._parts: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.left = asyncio.Event()

    async def receive(self) -> Any:  # noqa: ANN401  ASGI
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:  # noqa: ANN401  ASGI
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message.get("body"):
            self._parts.put_nowait(message["body"])
        if not message.get("more_body", True):
            self._parts.put_nowait(None)

    async def until(self, wanted: bytes) -> bytes:
        """What was sent up to, and with, the part that holds `wanted`."""
        heard = b""
        async with asyncio.timeout(20):
            while wanted not in heard:
                part = await self._parts.get()
                assert part is not None, heard
                heard += part
        return heard

    async def end(self) -> None:
        async with asyncio.timeout(20):
            while await self._parts.get() is not None:
                pass


@asynccontextmanager
async def _stream(office: Office, token: str) -> AsyncGenerator[Stream]:
    stream = Stream()
    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": "/v1/live", "raw_path": b"/v1/live", "query_string": b"",
        "root_path": "", "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("api", 80),
        "headers": [(b"authorization", f"Bearer {token}".encode())], "state": {},
    }  # fmt: skip
    app: Any = people_app(office.areas)
    serving = asyncio.create_task(app(scope, stream.receive, stream.send))
    try:
        yield stream
    finally:
        stream.left.set()
        async with asyncio.timeout(20):
            await serving


async def _token(office: Office, login: str = ADMIN.login) -> str:
    return (await office.areas.people.log_in(Login(login, ADMIN.password))).token


async def test_a_stream_opens_and_tells_what_changes(office: Office) -> None:
    async with _stream(office, await _token(office)) as stream:
        first = await stream.until(b"event: open")
        assert first.startswith(b"retry: ")
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert (stream.headers["cache-control"], stream.headers["x-accel-buffering"]) == ("no-store", "no")
        pc = await office.pc()
        heard = await stream.until(b'"devices"')
        data = heard[heard.rindex(b"data: ") + 6 :]
        assert msgspec.json.decode(data) == {"topic": "devices", "ids": [pc.id]}


async def test_a_reader_that_goes_away_leaves_its_place(office: Office) -> None:
    async with _stream(office, await _token(office)) as stream:
        await stream.until(b"event: open")
        assert len(office.areas.watchers) == 1
    assert len(office.areas.watchers) == 0


async def test_a_stream_ends_with_its_session(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canopee_api.doors.people.live_routes._CHECKED_EVERY_S", -1.0)
    token = await _token(office)
    async with _stream(office, token) as stream:
        await stream.until(b"event: open")
        await office.areas.people.log_out(token)
        async with office.areas.database.transaction() as tx:
            await announce(tx, "catalog")
        await stream.until(b"event: ended")
        await stream.end()


async def test_a_stream_ends_when_the_server_stops(office: Office) -> None:
    async with _stream(office, await _token(office)) as stream:
        await stream.until(b"event: open")
        office.areas.watchers.close()
        await stream.end()


async def test_who_may_not_read_may_not_watch(office: Office) -> None:
    async with _stream(office, "cps_unknown") as stream:
        await stream.end()
        assert stream.status == 401
    await office.areas.people.create_user(NewUser("nobody", ADMIN.password, ["reader"]), by="test")
    async with office.areas.database.transaction() as tx:
        await tx.execute("UPDATE users SET roles = '{}' WHERE login = 'nobody'")
    async with _stream(office, await _token(office, "nobody")) as stream:
        await stream.end()
        assert stream.status == 403
