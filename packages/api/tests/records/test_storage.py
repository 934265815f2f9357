import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pytest

from canopee_api.catalog.datasets import Datasets
from canopee_api.errors import BusyError
from canopee_api.postgres.database import Database
from canopee_api.postgres.partitions import Partition, list_partitions, strays, take_turn
from canopee_api.postgres.records import NewRecord, Stream, copy_records
from canopee_api.postgres.storage import list_days
from canopee_api.records.storage import Storage
from canopee_api.records.volumes import volumes
from canopee_api.settings import Keep
from canopee_api.testing import Office
from canopee_contract.campaign import Ring
from canopee_contract.codec import encode
from canopee_contract.dataset import Dataset, Field
from canopee_contract.report import RunReport, RunReports, RunsReply
from canopee_kit.clock import FakeClock
from canopee_kit.ids import new_id
from canopee_trust.documents import open_order

_LONG = timedelta(days=40_000)
START = datetime(2027, 1, 5, 6, 0, tzinfo=UTC)


def _dataset(name: str, days: int) -> Dataset:
    return Dataset(name, 1, name, "a test", days, (Field("value", "number", "It."),))


@pytest.fixture
async def storage(database: Database, clock: FakeClock) -> Storage:
    datasets = Datasets(database, clock)
    await datasets.apply(_dataset("short", 10), by="test")
    await datasets.apply(_dataset("long", 100), by="test")
    return Storage(database, datasets, clock, Keep())


async def _put(database: Database, dataset: str, *instants: datetime) -> None:
    stream = Stream(new_id(START), 1, "main")
    async with database.transaction() as tx:
        await copy_records(
            tx,
            [
                NewRecord(stream=stream, seq=number, dataset=dataset, version=1, at=at, received_at=at, order_id=None,
                          body=b'{"value":1}')
                for number, at in enumerate(instants, start=1)
            ],
        )  # fmt: skip


async def _held(database: Database) -> dict[str, list[date]]:
    async with database.transaction() as tx:
        cursor = await tx.execute("SELECT dataset, received_at FROM records ORDER BY 2")
        found: dict[str, list[date]] = {"short": [], "long": []}
        for dataset, at in await cursor.fetchall():
            found[dataset].append(at.date())
    return found


async def _partitions(database: Database) -> list[str]:
    async with database.transaction() as tx:
        assert await strays(tx) == []
        return [one.name for one in await list_partitions(tx)]


async def test_this_month_and_the_two_that_follow_have_their_partition(
    database: Database, storage: Storage, clock: FakeClock
) -> None:
    clock.set_wall(datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC))
    await storage.make_partitions()
    assert {"records_2030_12", "records_2031_01", "records_2031_02"} <= set(await _partitions(database))


async def test_records_that_came_before_their_partition_are_moved_into_it(
    database: Database, storage: Storage, clock: FakeClock
) -> None:
    clock.set_wall(datetime(2031, 3, 31, 23, 0, tzinfo=UTC))
    instants = [datetime(2031, month, 2, tzinfo=UTC) for month in (1, 3, 3, 7)]
    await _put(database, "long", *instants)
    await storage.make_partitions()
    made = await _partitions(database)
    assert {"records_2031_01", "records_2031_03", "records_2031_07"} <= set(made)
    assert (await _held(database))["long"] == [at.date() for at in instants]
    await _put(database, "long", datetime(2031, 3, 9, tzinfo=UTC))
    assert len((await _held(database))["long"]) == 5


async def test_a_record_keeps_its_place_among_the_readers_when_it_is_moved(
    database: Database, storage: Storage, clock: FakeClock
) -> None:
    await _put(database, "long", datetime(2031, 1, 2, tzinfo=UTC))
    async with database.transaction() as tx:
        before = await (await tx.execute("SELECT xid::text, n FROM records")).fetchall()
    clock.set_wall(datetime(2031, 1, 2, tzinfo=UTC))
    await storage.make_partitions()
    async with database.transaction() as tx:
        assert await (await tx.execute("SELECT xid::text, n FROM records")).fetchall() == before


async def test_each_record_is_counted_once_however_often_it_is_looked_at(
    database: Database, storage: Storage
) -> None:
    for day in (3, 3, 4):
        await _put(database, "long", datetime(2027, 1, day, 23, 59, tzinfo=UTC))
        await asyncio.gather(storage.count(), storage.count())
    async with database.transaction() as tx:
        days = await list_days(tx)
    assert [(one.day.day, one.rows) for one in days] == [(3, 2), (4, 1)]
    assert days[0].bytes > days[1].bytes > 100


async def test_a_short_lived_dataset_leaves_the_month_of_a_long_lived_one(
    database: Database, storage: Storage, clock: FakeClock
) -> None:
    clock.set_wall(START)
    instants = [START - timedelta(days=age) for age in (0, 9, 10, 11, 12)]
    await _put(database, "short", *instants)
    await _put(database, "long", *instants)
    await storage.make_partitions()
    await storage.count()
    await storage.expire(longest=_LONG)
    held = await _held(database)
    assert held["short"] == [date(2026, 12, 26), date(2026, 12, 27), date(2027, 1, 5)]
    assert len(held["long"]) == 5


async def test_a_month_of_which_nothing_is_to_be_kept_is_dropped_whole(
    database: Database, storage: Storage, clock: FakeClock
) -> None:
    clock.set_wall(START)
    await _put(database, "long", datetime(2026, 9, 1, tzinfo=UTC))
    await _put(database, "long", datetime(2026, 9, 30, tzinfo=UTC))
    await storage.make_partitions()
    await storage.count()
    await storage.expire(longest=_LONG)
    assert "records_2026_09" in await _partitions(database)
    clock.set_wall(datetime(2027, 1, 9, tzinfo=UTC))
    await storage.expire(longest=_LONG)
    assert "records_2026_09" not in await _partitions(database)
    assert (await _held(database))["long"] == []


async def test_a_month_with_a_record_that_was_not_counted_yet_is_not_dropped(
    database: Database, storage: Storage, clock: FakeClock
) -> None:
    clock.set_wall(START)
    await storage.expire(longest=_LONG)
    await _put(database, "long", datetime(2026, 9, 1, tzinfo=UTC))
    await storage.make_partitions()
    await storage.expire(longest=_LONG)
    assert (await _held(database))["long"] == [date(2026, 9, 1)]


async def test_a_clock_that_jumps_ten_years_ahead_does_not_empty_the_database(
    database: Database, storage: Storage, clock: FakeClock
) -> None:
    clock.set_wall(START)
    await storage.tend()
    await _put(database, "long", START)
    await storage.tend()
    clock.set_wall(START + timedelta(days=3_650))
    clock.advance(3_600)
    await storage.tend()
    assert (await _held(database))["long"] == [START.date()]
    clock.set_wall(START + timedelta(days=1))
    clock.advance(3_600)
    await storage.tend()
    assert (await _held(database))["long"] == [START.date()]


async def test_two_years_pass_and_what_is_kept_is_what_was_declared(
    database: Database, storage: Storage, clock: FakeClock
) -> None:
    """Two processes tend one database, a record of each dataset comes every fifth day, some months nobody runs."""
    datasets = Datasets(database, clock)
    await datasets.reload()
    other = Storage(database, datasets, clock, Keep())
    clock.set_wall(START)
    for step in range(146):
        await _put(database, "short", clock.now())
        await _put(database, "long", clock.now())
        if step % 40 < 32:
            await asyncio.gather(storage.tend(), other.tend())
        clock.advance(5 * 86_400)
    for _ in range(30):
        await storage.tend()
        clock.advance(3_600)
    today, held = clock.now(), await _held(database)
    for dataset, days in (("short", 10), ("long", 100)):
        assert held[dataset] == [
            (START + timedelta(days=5 * step)).date()
            for step in range(146)
            if (START + timedelta(days=5 * step + days + 1)).date() > today.date()
        ]
    months = await _partitions(database)
    assert len(months) <= 8
    assert months[-1] == Partition.of((today + timedelta(days=62)).date()).name


async def test_another_process_at_work_is_waited_for_some_seconds_at_most(
    database: Database, storage: Storage, clock: FakeClock
) -> None:
    clock.set_wall(datetime(2040, 1, 1, tzinfo=UTC))
    async with database.transaction() as tx:
        assert await take_turn(tx)
        with pytest.raises(BusyError):
            await storage.make_partitions()
    assert "records_2040_01" not in await _partitions(database)
    await storage.make_partitions()
    assert "records_2040_01" in await _partitions(database)


async def test_orders_and_runs_go_long_after_their_campaign_and_never_before(
    office: Office, clock: FakeClock
) -> None:
    areas = office.areas
    await office.publish_pipeline("repair", "action")
    pc = await office.pc()
    for days in (7, 450):
        await areas.campaigns.start_signed(
            office.sign(office.campaign("repair", {"all": []}, not_after=clock.now() + timedelta(days=days))),
            by="test",
        )
    order_id = open_order(bytes((await pc.orders())[0].order), areas.trust.policy).order.order_id
    report = RunReport(order_id, 1, "done", "", "repair@1", "0.1.0", clock.now())
    await pc.post("runs", encode(RunReports((report,))), RunsReply)
    clock.advance(406 * 86_400)
    await areas.storage.expire(longest=_LONG)
    assert len(await _ids(areas.database, "orders")) == 2
    clock.advance(2 * 86_400)
    await areas.storage.expire(longest=_LONG)
    held = await _ids(areas.database, "orders")
    assert len(held) == 1
    assert order_id not in held
    assert await _ids(areas.database, "runs") == []


async def test_who_waited_for_a_ring_that_never_opened_is_forgotten_with_the_campaign(
    office: Office, clock: FakeClock
) -> None:
    await office.publish_pipeline("repair", "action")
    await office.pc()
    later = (Ring(10_000, clock.now() + timedelta(days=6)),)
    campaign = office.campaign("repair", {"all": []}, rings=later)
    view = await office.areas.campaigns.start_signed(office.sign(campaign), by="test")
    clock.advance(406 * 86_400)
    await office.areas.storage.expire(longest=_LONG)
    assert (await office.areas.campaigns.view(view.id)).states == {"expired": 1}
    clock.advance(2 * 86_400)
    await office.areas.storage.expire(longest=_LONG)
    assert (await office.areas.campaigns.view(view.id)).states == {}


async def _ids(database: Database, table: Literal["orders", "runs"]) -> list[str]:
    async with database.transaction() as tx:
        cursor = await tx.execute("SELECT id FROM orders" if table == "orders" else "SELECT order_id FROM runs")
        return [row[0] for row in await cursor.fetchall()]


async def test_what_is_kept_is_shown_with_its_growth(
    database: Database, storage: Storage, clock: FakeClock
) -> None:
    clock.set_wall(START)
    await _put(database, "short", *(START - timedelta(days=age) for age in (1, 1, 2, 7, 8)))
    await storage.count()
    shown = await volumes(database, storage, clock)
    only = shown.datasets[0]
    assert (only.id, only.rows, only.retention_days, only.oldest) == ("short@1", 5, 10, date(2026, 12, 28))
    assert only.rows_per_day == round(4 / 7, 1)
    tables = {one.name: one for one in shown.tables}
    assert tables["records"].bytes > 0
    assert (tables["orders"].retention_days, tables["rejected_records"].retention_days) == (400, 90)
    assert [reader.rows for reader in shown.readers] == [0]
