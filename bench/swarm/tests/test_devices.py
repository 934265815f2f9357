"""Simulated devices against a server of this machine: enrolment, renewal, orders, crashes, refusals."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import zstandard

from canopee_contract.checkin import CheckInReply
from canopee_contract.codec import encode, inspect
from canopee_contract.enrolment import Enrolled, Renewed, signed_bytes
from canopee_contract.files import BeginUpload, UploadReply
from canopee_contract.problem import Problem
from canopee_contract.report import RunsReply
from canopee_kit.clock import FakeClock
from canopee_swarm.device import SimulatedDevice
from canopee_swarm.errors import AnswerError, BusyServerError, CutError, OverError
from canopee_swarm.fleet import facts_of, pc
from canopee_swarm.http import Pool
from canopee_swarm.link import Link
from canopee_swarm.log_results import NOTHING, SLOW, TOO_MUCH, UNWILLING
from canopee_swarm.repository import SharedRepository
from canopee_swarm.results import outputs_of, records_of
from canopee_swarm.sending import Waiting
from canopee_swarm.store import COUNTER_BLOCK, Store
from canopee_swarm.swarm import is_switched_off
from canopee_trust.ed25519 import PublicKey

SCHEMAS = sorted(
    (Path(__file__).parents[3] / "packages" / "api" / "src" / "canopee_api" / "catalog" / "step_kinds").glob(
        "*.json"
    )
)
NOW = FakeClock().now()


class Api:
    """The few calls that a device makes, answered from `replies`, by call."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.expires_at = NOW + timedelta(hours=1)
        self.replies: dict[str, tuple[int, bytes]] = {}

    def answer(self, call: str) -> tuple[int, bytes]:
        if call in self.replies:
            return self.replies[call]
        known = {
            "enrol": Enrolled("device-1", 1, "C1", "token-1", self.expires_at, NOW),
            "renew": Renewed("token-2", NOW + timedelta(hours=9), NOW),
            "check-in": CheckInReply(NOW),
        }
        return 200, encode(known[call])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := (await reader.readuntil(b"\r\n\r\n")).decode():
            first, *lines = head.split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines if line)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            if headers.get("content-encoding") == "zstd":
                body = zstandard.ZstdDecompressor().decompress(body)
            call = first.split(" ")[1].removeprefix("/agent/v1/")
            self.calls.append((call, json.loads(body), dict(line.split(": ", 1) for line in lines if line)))
            status, content = self.answer(call)
            writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(content), content))


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _listening(serve: Serve) -> AsyncGenerator[str]:
    """The address where `serve` is called for each connection; every one of them is over afterwards."""
    running = set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            running.add(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await asyncio.gather(*running)


@pytest.fixture
async def api() -> AsyncGenerator[Api]:
    api = Api()
    async with _listening(api.serve) as api.url:
        yield api


@pytest.fixture
async def link(api: Api, tmp_path: Path) -> AsyncGenerator[Link]:
    pool, store = Pool(api.url, limit=2), Store(tmp_path / "swarm.db")
    yield Link(pool, store, FakeClock(), pc(1))
    pool.close()
    store.close()


async def test_a_device_signs_its_enrolment_with_the_key_that_it_keeps(
    api: Api, link: Link, tmp_path: Path
) -> None:
    identity = await link.enrol("cpe_x")
    call, sent, headers = api.calls[0]
    key = PublicKey.from_base64(sent["public_key"])
    signature = base64.b64decode(headers["canopee-signature"])
    assert (call, sent["token"], identity.device_id) == ("enrol", "cpe_x", "device-1")
    assert key.verify(signature, signed_bytes("/agent/v1/enrol", msgspec.json.encode(sent)))
    store = Store(tmp_path / "swarm.db")
    kept = store.identity(1)
    store.close()
    assert kept == identity


async def test_a_pc_that_is_switched_off_is_heard_of_once_and_never_again(api: Api, tmp_path: Path) -> None:
    api.replies["check-in"] = (200, encode(CheckInReply(NOW, send_facts=True)))
    api.replies["facts"] = (200, b"{}")
    for _ in range(2):  # the second time, the swarm was started again
        pool, store, clock = Pool(api.url, limit=2), Store(tmp_path / "swarm.db"), FakeClock()
        repository = SharedRepository(tmp_path / "tuf", b"", clock)
        device = SimulatedDevice(pc(5), Link(pool, store, clock, pc(5)), store, repository, clock)
        await asyncio.wait_for(device.live("cpe_x", wait_s=60, is_off=True), 15)
        pool.close()
        store.close()
    assert [call for call, _, _ in api.calls] == ["enrol", "check-in", "facts"]
    assert api.calls[1][1].get("wait_s", 0) == 0  # it does not stay on for an order


async def test_a_file_that_a_busy_server_does_not_take_is_sent_later(api: Api, link: Link) -> None:
    await link.enrol("t")
    files, asked = Waiting(), BeginUpload("o", "s", "logs.zip", 3, "0" * 64)
    files.add(asked, b"zip", is_slow=False)
    api.replies["files"] = (503, encode(Problem("busy", "too many files", 503, retry_after_s=3)))
    for _ in range(2):
        with pytest.raises(BusyServerError):
            await files.send(link, FakeClock())
    api.replies["files"] = (200, encode(UploadReply("u", 3, "complete")))
    api.replies["runs"] = (200, encode(RunsReply((), 1)))
    for _ in range(2):
        await files.send(link, FakeClock())
    assert [call for call, _, _ in api.calls].count("files") == 3  # and not once it is there
    assert [sent["gone"][0]["state"] for call, sent, _ in api.calls if call == "runs"] == ["sent"]


def test_one_pc_in_so_many_is_off_and_none_of_those_has_another_part_to_play() -> None:
    off = [number for number in range(50) if is_switched_off(number, 10)]
    assert off == [5, 15, 25, 35, 45]
    assert not {number % 10 for number in off} & {NOTHING, TOO_MUCH, SLOW, UNWILLING}
    assert not any(is_switched_off(number, 0) for number in range(50))


async def test_a_token_about_to_expire_is_renewed_before_the_call_and_kept(api: Api, link: Link) -> None:
    api.expires_at = NOW + timedelta(minutes=4)
    await link.enrol("t")
    await link.call("check-in", {"counter": link.next_counter()}, CheckInReply)
    await link.call("check-in", {"counter": link.next_counter()}, CheckInReply)
    assert [call for call, _, _ in api.calls] == ["enrol", "renew", "check-in", "check-in"]
    assert api.calls[-1][2]["authorization"] == "Bearer token-2"


async def test_counters_grow_over_calls_renewals_and_restarts(api: Api, tmp_path: Path) -> None:
    seen: list[int] = []
    pool = Pool(api.url, limit=2)
    for _ in range(4):
        store = Store(tmp_path / "swarm.db")
        link = Link(pool, store, FakeClock(), pc(1))
        if link.identity is None:
            await link.enrol("t")
        seen += [link.next_counter() for _ in range(COUNTER_BLOCK + 7)]
        store.close()
    pool.close()
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "device.revoked", OverError), (401, "device.unknown", OverError),
        (409, "enrolment.token_used", OverError),
        (400, "batch.malformed", AnswerError), (429, "busy", BusyServerError), (503, "busy", BusyServerError),
        (500, "internal", AnswerError),
    ],
)  # fmt: skip
async def test_each_refusal_is_an_error_of_its_own(
    api: Api, link: Link, status: int, code: str, error: type[Exception]
) -> None:
    await link.enrol("t")
    api.replies["check-in"] = (status, encode(Problem(code, code, status, retry_after_s=3)))
    with pytest.raises(error) as refused:
        await link.call("check-in", {}, CheckInReply)
    assert type(refused.value) is error
    if isinstance(refused.value, BusyServerError):
        assert refused.value.retry_after_s == 3


@pytest.mark.parametrize("status", [302, 404, 502])
async def test_an_answer_of_somebody_else_is_told_as_such(api: Api, link: Link, status: int) -> None:
    await link.enrol("t")
    api.replies["check-in"] = (status, b"<html>")
    with pytest.raises(AnswerError, match=r"swarm\.not_ours"):
        await link.call("check-in", {}, CheckInReply)


@pytest.mark.parametrize(
    "raw",
    [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", b"", b"HTTP/1.1 200 OK\r\nx", b"\0"],
)  # fmt: skip
async def test_what_is_no_whole_answer_is_a_cut(raw: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()

    async with _listening(serve) as url:
        pool = Pool(url, limit=1)
        for _ in range(2):
            with pytest.raises(CutError):
                await pool.call("GET", "/")
        pool.close()


async def test_a_server_that_says_nothing_is_left_after_its_time_and_its_connection_is_not_used_again() -> None:
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await reader.read()
        writer.write(b"")

    async with _listening(serve) as url:
        pool = Pool(url, limit=1)
        for _ in range(2):
            with pytest.raises(CutError, match="no answer within"):
                await pool.call("GET", "/", timeout_s=0.02)
        pool.close()
    assert len(connections) == 2


@pytest.mark.parametrize("url", ["https://127.0.0.1", "127.0.0.1:80", "http://", "ftp://x"])
def test_the_swarm_speaks_http_only_and_says_so(url: str) -> None:
    with pytest.raises(ValueError, match="the swarm speaks http://"):
        Pool(url, limit=1)


def test_an_order_that_a_kill_interrupts_is_reported_unknown_and_one_that_ended_as_it_did(tmp_path: Path) -> None:
    store = Store(tmp_path / "swarm.db")
    store.accept_order(1, 4, order_id="killed", body=b"unknown")
    store.accept_order(1, 5, order_id="ended", body=b"unknown")
    store.finish_order(1, order_id="ended", body=b"done", records=[])
    store.close()
    again = Store(tmp_path / "swarm.db")
    assert again.reports(1, limit=9) == [b"unknown", b"done"]
    assert again.reports(2, limit=9) == []
    again.close()


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_every_simulated_record_and_output_obeys_the_schema_of_its_step_kind(path: Path) -> None:
    """A kind that is not simulated makes none; one that is must not teach the API another shape."""
    kind = json.loads(path.read_text())
    wanted = {"values": [{"name": "version", "key": "k"}, {"name": "absent", "key": "k"}]}
    for number in range(5):
        machine = pc(number)
        for record in records_of(kind["name"], machine, wanted):
            inspect(encode(record))
            jsonschema.validate(record, kind["record"])
        outputs = outputs_of(kind["name"], machine, wanted)
        is_named = "values" in kind["outputs"]["$defs"][kind["outputs"]["$ref"].rpartition("/")[2]]["properties"]
        if outputs:
            jsonschema.validate({"values": outputs} if is_named else outputs, kind["outputs"])


def test_every_pc_of_a_fleet_can_be_told_apart_and_its_facts_can_travel() -> None:
    fleet = [pc(number) for number in range(1_000)]
    for name in ("hostname", "serial", "mac", "fingerprint"):
        values = {getattr(machine, name) for machine in fleet}
        assert len(values) >= 990, name
    for machine in fleet[:50]:
        inspect(encode(facts_of(machine, device_id="d", practice_id=machine.practice_id)))
        assert len(machine.hostname) <= 15
        assert 0 < machine.free_bytes < machine.disk_bytes
