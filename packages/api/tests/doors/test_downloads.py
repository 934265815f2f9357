"""Large targets at the agents' door: in pieces, from any place, to known devices only."""

import asyncio
import hashlib
from typing import Any

import msgspec
import pytest

from canopee_api.doors.agent.downloads import Downloads, Span, asked
from canopee_api.doors.asgi import GoneError, Scope
from canopee_api.errors import BusyError
from canopee_api.postgres.target_files import PART_BYTES
from canopee_api.testing import Office, Pc
from canopee_contract.problem import Problem

CONTENT = bytes(range(256)) * 3_000
ETAG = b'"e"'


async def _get(pc: Pc, path: str, **headers: str) -> tuple[int, dict[str, str], list[bytes]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = await pc.exchange("GET", path, b"", {"authorization": f"Bearer {pc.token}", **named})
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], head, [one["body"] for one in sent[1:]]


@pytest.fixture
async def path(office: Office) -> str:
    info = await office.release(CONTENT)
    return f"/agent/v1/tuf/{info.served_name}"


async def test_a_release_is_sent_whole_in_pieces(office: Office, path: str) -> None:
    status, head, pieces = await _get(await office.pc(), path)
    assert (status, head["content-length"], head["accept-ranges"]) == (200, str(len(CONTENT)), "bytes")
    assert head["etag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) == PART_BYTES


async def test_a_download_goes_on_from_where_it_was_cut(office: Office, path: str) -> None:
    pc = await office.pc()
    _, whole, _ = await _get(pc, path)
    status, head, pieces = await _get(pc, path, range="bytes=700000-", if_range=whole["etag"])
    assert (status, head["content-range"]) == (206, f"bytes 700000-{len(CONTENT) - 1}/{len(CONTENT)}")
    assert b"".join(pieces) == CONTENT[700_000:]
    status, _, pieces = await _get(pc, path, range="bytes=700000-", if_range='"another"')
    assert (status, b"".join(pieces)) == (200, CONTENT)


async def test_a_range_past_the_end_is_a_problem_that_says_the_length(office: Office, path: str) -> None:
    status, head, pieces = await _get(await office.pc(), path, range=f"bytes={len(CONTENT)}-")
    assert (status, head["content-range"]) == (416, f"bytes */{len(CONTENT)}")
    assert msgspec.json.decode(pieces[0], type=Problem).code == "range.unsatisfiable"


async def test_a_stranger_gets_nothing(office: Office, path: str) -> None:
    pc = await office.pc()
    pc.token = "none"  # noqa: S105  no token at all
    assert (await _get(pc, path))[0] == 401


@pytest.mark.parametrize(
    "change", [("1.1.0", "1.1.1"), ("win-x64", "linux-x64"), (".zip", ""), ("agent/", "tools/")]
)
async def test_a_name_that_nothing_has_is_not_found(office: Office, path: str, change: tuple[str, str]) -> None:
    head, _, name = path.rpartition("tuf/")
    assert (await _get(await office.pc(), f"{head}tuf/{name.replace(*change)}"))[0] == 404


async def test_bytes_that_are_gone_are_not_found(office: Office, path: str) -> None:
    async with office.areas.database.transaction() as tx:
        await tx.execute("DELETE FROM target_files")
    assert (await _get(await office.pc(), path))[0] == 404


@pytest.mark.parametrize(
    ("wanted", "validator", "span"),
    [
        (b"", b"", Span(0, 100, is_part=False)), (b"bytes=0-", b"", Span(0, 100, is_part=True)),
        (b"bytes=99-", b"", Span(99, 100, is_part=True)), (b"bytes=10-19", b"", Span(10, 20, is_part=True)),
        (b"bytes=10-1000", b"", Span(10, 100, is_part=True)), (b"bytes=100-", b"", None), (b"bytes=500-600", b"", None),
        (b"bytes=5-3", b"", Span(0, 100, is_part=False)), (b"bytes=-5", b"", Span(0, 100, is_part=False)),
        (b"bytes=1-2,4-5", b"", Span(0, 100, is_part=False)), (b"items=1-", b"", Span(0, 100, is_part=False)),
        (b"bytes=10-", ETAG, Span(10, 100, is_part=True)), (b"bytes=10-", b'"f"', Span(0, 100, is_part=False)),
        (b"bytes=%d-" % 10**15, b"", Span(0, 100, is_part=False)),
    ],
)  # fmt: skip
def test_what_a_range_asks_for(wanted: bytes, validator: bytes, span: Span | None) -> None:
    assert asked(wanted, validator, ETAG, 100) == span


class _Slow:
    """Devices that read nothing until they are told to."""

    def __init__(self, expected: int) -> None:
        self.may_read, self.has_left, self.are_all_here = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._expected = expected
        self.sent: list[Any] = []

    async def receive(self) -> Any:  # noqa: ANN401
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:  # noqa: ANN401
        self.sent.append(message)
        if len(self.sent) == self._expected:
            self.are_all_here.set()
        await self.may_read.wait()


async def test_one_that_leaves_is_not_read_for_any_longer_and_many_at_once_wait(office: Office, path: str) -> None:
    downloads, slow, scope = Downloads(office.areas.target_files), _Slow(100), _scope()
    sha256 = path.rpartition("/")[2].partition(".")[0]
    waiting = [asyncio.create_task(downloads.send(sha256, scope, slow.receive, slow.send)) for _ in range(100)]
    await slow.are_all_here.wait()
    with pytest.raises(BusyError):
        await downloads.send(sha256, scope, slow.receive, slow.send)
    slow.has_left.set()
    slow.may_read.set()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(end) for end in ends} == {GoneError}
    other = _Slow(1)
    other.may_read.set()
    await downloads.send(sha256, scope, other.receive, other.send)
    assert b"".join(one.get("body", b"") for one in other.sent) == CONTENT


def _scope() -> Scope:
    return {"type": "http", "method": "GET", "path": "/", "headers": []}
