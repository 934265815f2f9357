"""What is kept and for how long: partitions made ahead, records counted by day, what is too old deleted.

Any number of processes tend one database: each step is short, and one process at a time makes it. Expiry follows the
clock at most four times as fast as it really runs, so that a clock set wrong by years does not empty a database.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from canopee_api.catalog.datasets import Datasets
from canopee_api.postgres import partitions as sql
from canopee_api.postgres.database import Database
from canopee_api.postgres.partitions import Expired, Partition
from canopee_api.postgres.storage import (
    COUNTER,
    TABLES,
    Day,
    Kept,
    advance_retention,
    count_days,
    delete_kept,
    delete_orders,
    list_days,
)
from canopee_api.records.cursor import RecordCursor
from canopee_api.settings import Keep
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_AHEAD = 2
"""Months made before they begin, besides the present one."""
_COUNTED_AT_ONCE, _MOST_COUNTS = 50_000, 20
_EXPIRY_EVERY_S = 3_600.0
_FASTEST = 4
_MOST_SLICES = 200
_UNKNOWN_DAYS = 400
"""Retention of a dataset that is in no catalog any more."""


class Storage:
    """Tends one database."""

    def __init__(self, database: Database, datasets: Datasets, clock: Clock, keep: Keep) -> None:
        self._database, self._datasets, self._clock = database, datasets, clock
        self.keep = keep
        self._counter = RecordCursor(database, COUNTER, clock)
        self._expired_at: float | None = None
        self.tables = (*TABLES, Kept("rejected_records", "received_at", keep.rejected))

    def retention_days(self, dataset: str, version: int) -> int:
        """How long the records of a dataset version are kept."""
        known = {(one.name, one.version): one.retention_days for one in self._datasets.list()}
        return known.get((dataset, version), _UNKNOWN_DAYS)

    async def tend(self) -> None:
        """What is to be done now; call it again and again."""
        await self.make_partitions()
        await self.count()
        now = self._clock.monotonic()
        if self._expired_at is None or now - self._expired_at >= _EXPIRY_EVERY_S:
            elapsed = timedelta(seconds=_EXPIRY_EVERY_S if self._expired_at is None else now - self._expired_at)
            self._expired_at = now
            await self.expire(longest=_FASTEST * elapsed)

    async def make_partitions(self) -> None:
        """The partitions of this month and the next ones, and of whatever the default one had to take."""
        today = self._clock.now().date()
        wanted = [Partition.of(today)]
        for _ in range(_AHEAD):
            wanted.append(Partition(wanted[-1].end))
        async with self._database.transaction() as tx:
            held = set(await sql.list_partitions(tx))
            missing = sorted({*wanted, *await sql.strays(tx)} - held)
        for partition in missing:
            async with self._database.transaction() as tx:
                await sql.await_turn(tx)
                if partition in await sql.list_partitions(tx):
                    continue
                if moved := await sql.make_partition(tx, partition):
                    _log.warning("%s was made late: %d records moved into it", partition.name, moved)

    async def count(self) -> None:
        """Count the records that were committed since the last time, by day and dataset: each exactly once."""
        for _ in range(_MOST_COUNTS):
            async with self._counter.turn() as turn:
                end, counted = await count_days(turn.tx, turn.position, _COUNTED_AT_ONCE)
                await turn.keep(end)
            if counted < _COUNTED_AT_ONCE:
                return

    async def expire(self, *, longest: timedelta) -> None:
        """Delete what is too old; the time that this goes by moves by at most `longest`."""
        async with self._database.transaction() as tx:
            await sql.await_turn(tx)
            reached = await advance_retention(tx, self._clock.now(), longest)
            days, held = await list_days(tx), await sql.list_partitions(tx)
        for partition in held:
            await self._expire_partition(
                partition, [day for day in days if Partition.of(day.day) == partition], reached
            )
        for kept in self.tables:
            await self._expire_table(kept, reached)
        await self._expire_orders(reached)

    async def _expire_partition(self, partition: Partition, days: Sequence[Day], reached: datetime) -> None:
        old = [day for day in days if self._is_expired(day, reached)]
        is_over = _midnight(partition.end) + timedelta(days=1) <= reached
        if len(old) == len(days) and is_over:
            async with self._database.transaction() as tx:
                if not await sql.take_turn(tx) or partition not in await sql.list_partitions(tx):
                    return
                if not await sql.has_uncounted(tx, partition):
                    await sql.drop_partition(tx, partition)
                    _log.info("%s dropped: nothing in it is to be kept", partition.name)
            return
        if expired := _expired(old):
            await self._delete(partition, expired)

    async def _delete(self, partition: Partition, expired: Sequence[Expired]) -> None:
        """Delete from one partition slice by slice; begun again the next time if it is interrupted."""
        async with self._database.transaction() as tx:
            if partition not in await sql.list_partitions(tx):
                return
            slices = max(1, await sql.count_slices(tx, partition))
        deleted = 0
        for number in range(slices):
            async with self._database.transaction() as tx:
                if not await sql.take_turn(tx) or partition not in await sql.list_partitions(tx):
                    return
                deleted += await sql.delete_slice(tx, partition, number, expired)
                if number == slices - 1:
                    await sql.forget_days(tx, partition, expired)
        _log.info("%d records of %s expired", deleted, partition.name)

    async def _expire_table(self, kept: Kept, reached: datetime) -> None:
        for _ in range(_MOST_SLICES):
            async with self._database.transaction() as tx:
                if not await sql.take_turn(tx) or not await delete_kept(tx, kept, reached):
                    return

    async def _expire_orders(self, reached: datetime) -> None:
        for _ in range(_MOST_SLICES):
            async with self._database.transaction() as tx:
                if not await sql.take_turn(tx) or not await delete_orders(tx, reached, days=self.keep.orders):
                    return

    def _is_expired(self, day: Day, reached: datetime) -> bool:
        kept = timedelta(days=1 + self.retention_days(day.dataset, day.version))
        return _midnight(day.day) + kept <= reached


def _expired(days: Sequence[Day]) -> list[Expired]:
    """One entry a dataset version: everything up to its last day that is too old."""
    last: dict[tuple[str, int], date] = {}
    for day in days:
        key = day.dataset, day.version
        last[key] = max(day.day, last.get(key, day.day))
    return [
        Expired(dataset, version, _midnight(day + timedelta(days=1))) for (dataset, version), day in last.items()
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
