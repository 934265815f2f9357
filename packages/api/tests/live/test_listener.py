import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from canopee_api.live.fleet import LiveFleet
from canopee_api.live.listener import Listener, Periods
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Database
from canopee_api.postgres.devices import LiveRow, NewDevice, insert_device, live_row, revoke
from canopee_kit.ids import new_id

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
QUICK = Periods(every=0.05, longest=2.0, again=0.01)


async def _device(database: Database) -> str:
    device_id = new_id(NOW)
    async with database.transaction() as tx:
        await insert_device(
            tx,
            NewDevice(
                id=device_id, public_key=device_id.encode(), hostname="PC", practice_id="C1", platform="windows",
                fingerprint="f", simulated=False, agent_version="0", enrolled_at=NOW,
            ),
        )  # fmt: skip
    return device_id


async def _revoke(database: Database, device_id: str, *, is_announced: bool = True) -> None:
    async with database.transaction() as tx:
        assert await revoke(tx, device_id)
        if is_announced:
            await announce(tx, "device", device_id)


@asynccontextmanager
async def _running(listener: Listener) -> AsyncGenerator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(listener.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  what is looked at has no event
            await asyncio.sleep(0.01)


async def _nothing() -> None:
    pass


async def test_a_revocation_is_in_force_after_the_catalog_could_not_be_read(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    device_id, faults = await _device(database), [ValueError("a definition that no longer decodes")]

    async def on_catalog() -> None:
        if faults and is_started:
            raise faults.pop()

    is_started, fleet = False, LiveFleet()
    listener = Listener(database, fleet, on_catalog, QUICK)
    await listener.load()
    is_started = True
    async with _running(listener):
        async with database.transaction() as tx:
            await announce(tx, "catalog")
        await _until(lambda: not faults)
        await _revoke(database, device_id)
        await _until(lambda: (held := fleet.get(device_id)) is not None and held.state == "revoked")
    assert "the change listener failed" in caplog.text


async def test_after_a_long_absence_everything_is_read_anew(database: Database) -> None:
    fleet = LiveFleet()
    listener = Listener(database, fleet, _nothing, Periods(every=0.05, longest=2.0, again=0.01, absence=0.0))
    await listener.load()
    device_id = await _device(database)
    async with _running(listener):
        await _until(lambda: fleet.get(device_id) is not None)


async def test_a_change_that_nobody_notified_is_seen_by_the_next_look(database: Database) -> None:
    device_id, fleet = await _device(database), LiveFleet()
    listener = Listener(database, fleet, _nothing, QUICK)
    await listener.load()
    async with _running(listener):
        async with database.transaction() as tx:
            await revoke(tx, device_id)
            await tx.execute("INSERT INTO changes (kind, device_id) VALUES ('device', %s)", (device_id,))
        await _until(lambda: (held := fleet.get(device_id)) is not None and held.state == "revoked")


async def test_what_was_read_before_a_revocation_does_not_undo_it(database: Database) -> None:
    device_id, fleet = await _device(database), LiveFleet()
    async with database.transaction() as tx:
        before = await live_row(tx, device_id)
    await _revoke(database, device_id, is_announced=False)
    async with database.transaction() as tx:
        after = await live_row(tx, device_id)
    assert isinstance(before, LiveRow)
    assert isinstance(after, LiveRow)
    fleet.put(after)
    fleet.put(before)
    held = fleet.get(device_id)
    assert held is not None
    assert (held.state, held.generation) == ("revoked", 2)
