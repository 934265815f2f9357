from datetime import UTC, datetime

import psycopg
import pytest

from canopee_api.errors import ServerError
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.positions import Position, forget_position, lags, oldest_holder
from canopee_api.postgres.records import NewRecord, Stream, copy_records
from canopee_api.records.cursor import RecordCursor
from canopee_kit.clock import FakeClock
from canopee_kit.ids import new_id

AT = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
STREAM = Stream(new_id(AT), 1, "main")


async def _write(tx: Connection, *numbers: int, dataset: str = "measure") -> None:
    await copy_records(
        tx,
        [
            NewRecord(stream=STREAM, seq=number, dataset=dataset, version=1, at=AT, received_at=AT, order_id=None,
                      body=b'{"value":%d}' % number)
            for number in numbers
        ],
    )  # fmt: skip


async def _put(database: Database, *numbers: int, dataset: str = "measure") -> None:
    async with database.transaction() as tx:
        await _write(tx, *numbers, dataset=dataset)


async def _all(cursor: RecordCursor, limit: int = 100) -> list[int]:
    """Read to the end, keeping each page."""
    numbers: list[int] = []
    while (found := await cursor.read(await cursor.position(), limit)).looked_at:
        numbers += [record.seq for record in found.records]
        await cursor.keep(found.end)
    return numbers


async def test_pages_hold_every_record_once_and_in_order(database: Database) -> None:
    await _put(database, *range(1, 8))
    await _put(database, *range(8, 11))
    assert await _all(RecordCursor(database, "sink", FakeClock()), limit=3) == list(range(1, 11))


async def test_a_reader_that_starts_again_goes_on_from_what_it_kept(database: Database) -> None:
    await _put(database, 1, 2, 3)
    first = RecordCursor(database, "sink", FakeClock())
    found = await first.read(await first.position(), 2)
    await first.keep(found.end)
    await first.read(found.end, 2)
    assert await _all(RecordCursor(database, "sink", FakeClock())) == [3]


async def test_a_reader_of_one_dataset_passes_the_others_without_their_bodies(database: Database) -> None:
    await _put(database, *range(1, 50), dataset="other")
    await _put(database, 50)
    cursor = RecordCursor(database, "sink", FakeClock(), ["measure"])
    found = await cursor.read(Position(), 20)
    assert (found.records, found.looked_at) == ((), 20)
    assert await _all(cursor, limit=20) == [50]


async def test_a_record_that_commits_late_is_waited_for_and_then_read(
    database: Database, database_url: str
) -> None:
    cursor = RecordCursor(database, "sink", FakeClock())
    async with await psycopg.AsyncConnection.connect(database_url) as late:
        await _write(late, 1)
        await _put(database, 2)
        assert await _all(cursor) == []
        await late.commit()
    assert sorted(await _all(cursor)) == [1, 2]


async def test_what_holds_the_readers_back_is_named(database: Database, database_url: str) -> None:
    await RecordCursor(database, "sink", FakeClock()).position()
    async with await psycopg.AsyncConnection.connect(f"{database_url} application_name=forgotten") as late:
        await _write(late, 1)
        await _put(database, 2)
        async with database.transaction() as tx:
            holder, (lag,) = await oldest_holder(tx), await lags(tx)
        assert holder is not None
        assert (holder.application, holder.state) == ("forgotten", "idle in transaction")
        assert (lag.name, lag.rows, lag.oldest_at) == ("sink", 1, AT)
        await late.rollback()
    async with database.transaction() as tx:
        assert await oldest_holder(tx) is None


async def test_a_position_never_goes_back(database: Database) -> None:
    await _put(database, 1, 2)
    cursor = RecordCursor(database, "sink", FakeClock())
    end = (await cursor.read(Position(), 10)).end
    await cursor.keep(end)
    await cursor.keep(Position(end.xid, end.n - 1))
    assert await cursor.position() == end


async def test_a_turn_that_fails_moves_nothing(database: Database) -> None:
    await _put(database, 1)
    cursor = RecordCursor(database, "sink", FakeClock())
    end = (await cursor.read(Position(), 10)).end
    with pytest.raises(ZeroDivisionError):
        await _fail_after_keeping(cursor, end)
    assert await cursor.position() == Position()


async def _fail_after_keeping(cursor: RecordCursor, end: Position) -> None:
    async with cursor.turn() as turn:
        await turn.keep(end)
        raise ZeroDivisionError


async def test_a_reader_from_before_a_restored_dump_is_refused_with_what_to_do(database: Database) -> None:
    cursor = RecordCursor(database, "sink", FakeClock())
    await cursor.keep(Position(2**50, 1))
    with pytest.raises(ServerError, match="restored from a dump"):
        await cursor.position()


async def test_a_reader_that_is_forgotten_holds_nothing_and_begins_again(database: Database) -> None:
    await _put(database, 1)
    cursor = RecordCursor(database, "sink", FakeClock())
    assert await _all(cursor) == [1]
    async with database.transaction() as tx:
        await forget_position(tx, "sink")
        assert await lags(tx) == []
    assert await _all(cursor) == [1]


async def test_a_page_is_read_by_index_however_many_partitions_there_are(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute("SET LOCAL enable_seqscan = off")
        cursor = await tx.execute(
            """EXPLAIN SELECT * FROM records WHERE (xid, n) > ('5'::xid8, 3)
               AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, n LIMIT 10"""
        )
        plan = "\n".join(row[0] for row in await cursor.fetchall())
    assert "Index Cond: ((ROW(xid, n) > ROW('5'::xid8, 3)) AND (xid <" in plan
    assert "Sort" not in plan
