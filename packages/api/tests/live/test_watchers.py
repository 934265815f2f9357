import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from canopee_api.errors import BusyError, ThrottledError
from canopee_api.live.watchers import Rhythm, Watcher, Watchers
from canopee_api.postgres.changes import Change
from canopee_api.postgres.database import LISTENER, Connection, Database
from canopee_api.testing import Office
from canopee_contract.live import LiveEvent

QUICK = Rhythm(gather=0.01, silence=10.0, look=5.0, again=0.01, pass_on=0.01)


@asynccontextmanager
async def _open(database: Database, rhythm: Rhythm = QUICK) -> AsyncGenerator[Watchers]:
    watchers, stop = Watchers(database, rhythm), asyncio.Event()
    running = asyncio.create_task(watchers.run(stop))
    try:
        yield watchers
    finally:
        stop.set()
        await running


async def _practices(tx: Connection, ids: list[str]) -> None:
    """Practices as an import writes them: in one statement."""
    await tx.execute(
        """INSERT INTO practices (id, name, city, postal_code, time_zone, contact, email, phone, created_at, changed_at)
           SELECT id, '', '', '', '', '', '', '', now(), now() FROM unnest(%s::text[]) new (id)""",
        (ids,),
    )


async def _hear(watcher: Watcher, topic: str) -> LiveEvent:
    """The next event of a topic."""
    async with asyncio.timeout(20):
        while True:
            for event in await watcher.next():
                if event.topic == topic:
                    return event


async def test_what_changes_in_the_fleet_is_heard_of_with_its_ids(office: Office) -> None:
    watcher = office.areas.watchers.watch("admin")
    await watcher.ready()
    pc = await office.pc({"os.name": "Windows"})
    assert pc.id in ((await _hear(watcher, "devices")).ids or [])
    await office.publish_pipeline("hardware", approval="none")
    assert await _hear(watcher, "pipelines") == LiveEvent("pipelines", None)
    campaign = office.campaign("hardware", {"all": []})
    await office.areas.campaigns.start_signed(office.sign(campaign), by="admin")
    heard = dict[str, list[str] | None]()
    async with asyncio.timeout(20):
        while not {"campaigns", "runs"} <= heard.keys():
            heard |= {event.topic: event.ids for event in await watcher.next()}
    assert heard["campaigns"] == [campaign.campaign_id]
    assert heard["runs"] == [pc.id]


async def test_a_transaction_that_fails_tells_nothing(database: Database) -> None:
    async with _open(database) as watchers:
        watcher = watchers.watch("admin")
        await watcher.ready()
        async with database.transaction() as tx:
            await _practices(tx, ["C1"])
            await tx.rollback()
        async with database.transaction() as tx:
            await _practices(tx, ["C2"])
        assert await watcher.next() == [LiveEvent("practices", ["C2"])]


@pytest.mark.parametrize("number", [50, 51, 20_000])
async def test_so_many_objects_in_one_statement_are_named_or_are_many(database: Database, number: int) -> None:
    ids = [f"C{n:06}" for n in range(number)]
    async with _open(database) as watchers:
        watcher = watchers.watch("admin")
        await watcher.ready()
        async with database.transaction() as tx:
            await _practices(tx, ids)
        assert await watcher.next() == [LiveEvent("practices", ids if number == 50 else None)]


async def test_what_pcs_write_is_told_by_the_process_that_wrote_it_to_all(database: Database) -> None:
    async with _open(database) as here, _open(database) as there:
        watchers = [office.watch("admin") for office in (here, there)]
        for one in watchers:
            await one.ready()
        here.note("runs", "pc-1")
        here.note("runs", "pc-2")
        for one in watchers:
            assert await one.next() == [LiveEvent("runs", ["pc-1", "pc-2"])]
        for n in range(60):
            here.note("runs", f"pc-{n}")
        assert await watchers[1].next() == [LiveEvent("runs", None)]


async def test_the_change_table_is_told_in_the_words_of_watchers(database: Database) -> None:
    watchers = Watchers(database)
    watcher = watchers.watch("admin")
    watchers.take(
        [Change(1, 1, "facts", "a", 0), Change(1, 2, "device", "b", 0), Change(1, 3, "catalog", None, 0)]
    )
    watchers.take([Change(2, 1, "order", "a", 7)])
    told = [LiveEvent("devices", ["a", "b"]), LiveEvent("pipelines", None), LiveEvent("runs", ["a"])]
    assert await watcher.next() == told


async def test_a_thousand_changes_a_second_are_a_few_events(database: Database) -> None:
    watchers = Watchers(database, Rhythm(gather=0.05))
    watcher = watchers.watch("admin")
    heard, loop = list[LiveEvent](), asyncio.get_running_loop()
    started = loop.time()
    for n in range(1_000):
        watchers.tell(f"devices {n}")
        watchers.tell(f"runs {n % 7}")
        if n % 100 == 0:
            heard += await watcher.next()
    heard += await watcher.next()
    of_devices = [event for event in heard if event.topic == "devices"]
    assert len(of_devices) <= 2 + (loop.time() - started) / 0.05
    assert any(event.ids is None for event in of_devices) == (len(of_devices) < 9)
    assert all(len(event.ids or []) <= 7 for event in heard if event.topic == "runs")


async def test_a_lost_connection_is_opened_again_and_everything_may_have_changed(database: Database) -> None:
    async with _open(database) as watchers:
        watcher = watchers.watch("admin")
        await watcher.ready()
        async with database.transaction() as tx:
            await tx.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
                " AND datname = current_database()", (LISTENER,),
            )  # fmt: skip
        assert await _hear(watcher, "all") == LiveEvent("all", None)
        async with database.transaction() as tx:
            await _practices(tx, ["C1"])
        await _hear(watcher, "practices")


async def test_nobody_listens_to_the_database_before_somebody_watches(database: Database) -> None:
    async with _open(database) as watchers:
        await asyncio.sleep(0)
        assert not watchers.listening.is_set()
        await watchers.watch("admin").ready()


async def test_one_person_cannot_take_every_place(database: Database) -> None:
    watchers = Watchers(database)
    held = [watchers.watch("greedy") for _ in range(50)]
    with pytest.raises(ThrottledError):
        watchers.watch("greedy")
    watchers.watch("another")
    held[0].leave()
    watchers.watch("greedy")


async def test_a_stop_ends_every_stream_and_lets_nobody_in(database: Database) -> None:
    async with _open(database) as watchers:
        watcher = watchers.watch("admin")
        waiting = asyncio.create_task(watcher.next())
        await asyncio.sleep(0)
    assert (await waiting, watcher.is_over) == ([], True)
    with pytest.raises(BusyError):
        watchers.watch("admin")
