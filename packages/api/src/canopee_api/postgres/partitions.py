"""SQL of the monthly partitions of records: made ahead, emptied by slices, dropped whole.

Only what does not block the writers is used: a partition is made beside the table and then attached. Every step takes
one advisory lock for the length of its transaction: two processes never tend the partitions at once.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
from psycopg.sql import SQL, Identifier, Literal

from canopee_api.postgres.database import Connection

_LOCK = 0x63616E70  # "canp"
_NAME = re.compile(r"records_(\d{4})_(\d{2})")
_SLICE_BLOCKS = 4_096
"""32 MiB of a partition are looked at in one transaction."""
_LOCK_WAIT = "5s"
"""A table that is busy for longer is left for the next time, so that nobody queues behind us."""


class Partition(msgspec.Struct, frozen=True, order=True):
    """The records received in one month, in UTC."""

    first: date

    @property
    def name(self) -> str:
        return f"records_{self.first:%Y_%m}"

    @property
    def end(self) -> date:
        """First day of the following month."""
        return (self.first + timedelta(days=32)).replace(day=1)

    @classmethod
    def of(cls, day: date) -> "Partition":
        """The partition that holds a day."""
        return cls(date(day.year, day.month, 1))


class Expired(msgspec.Struct, frozen=True):
    """Records of a dataset version that were received before `before` are to go."""

    dataset: str
    version: int
    before: datetime


async def await_turn(tx: Connection) -> None:
    """Tend the storage alone until the transaction ends, once the others have ended theirs.

    Raises:
        psycopg.errors.LockNotAvailable: another process is at it for some seconds already.
    """
    await tx.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
    await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


async def take_turn(tx: Connection) -> bool:
    """As `await_turn`, but `False` at once when another process is at it."""
    await tx.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
    cursor = await tx.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,))
    row = await cursor.fetchone()
    return bool(row and row[0])


async def list_partitions(tx: Connection) -> list[Partition]:
    """Those attached, the oldest first; without the default one."""
    cursor = await tx.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'records'::regclass"
    )
    matches = (_NAME.fullmatch(row[0]) for row in await cursor.fetchall())
    return sorted(Partition(date(int(found[1]), int(found[2]), 1)) for found in matches if found)


async def strays(tx: Connection) -> list[Partition]:
    """The partitions that records of the default one belong to: no process ran when they were to be made."""
    cursor = await tx.execute(
        "SELECT DISTINCT date_trunc('month', received_at AT TIME ZONE 'UTC')::date FROM records_default ORDER BY 1"
    )
    return [Partition(row[0]) for row in await cursor.fetchall()]


async def make_partition(tx: Connection, partition: Partition) -> int:
    """Make a partition, with the records of its month that the default one holds; how many there were.

    PostgreSQL refuses a partition whose rows are in the default one, so they are moved first, with the order in which
    readers see them. Meanwhile records of no partition wait.
    """
    first, end = (Literal(f"{day.isoformat()}T00:00:00+00:00") for day in (partition.first, partition.end))
    name = Identifier(partition.name)
    await tx.execute("LOCK TABLE records_default IN ACCESS EXCLUSIVE MODE")
    await tx.execute(SQL("CREATE TABLE {} (LIKE records INCLUDING DEFAULTS)").format(name))
    moved = await tx.execute(
        SQL(
            """WITH moved AS (
                   DELETE FROM records_default WHERE received_at >= {first} AND received_at < {end} RETURNING *)
               INSERT INTO {name} SELECT * FROM moved"""
        ).format(first=first, end=end, name=name)
    )
    await tx.execute(
        SQL("ALTER TABLE records ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(name, first, end)
    )
    return moved.rowcount


async def drop_partition(tx: Connection, partition: Partition) -> None:
    """Drop a partition with all that it holds, and its counts."""
    await tx.execute(SQL("DROP TABLE {}").format(Identifier(partition.name)))
    await tx.execute("DELETE FROM record_days WHERE day >= %s AND day < %s", (partition.first, partition.end))


async def has_uncounted(tx: Connection, partition: Partition) -> bool:
    """Whether a partition holds records that were not counted yet."""
    cursor = await tx.execute(
        SQL(
            """SELECT EXISTS (SELECT FROM {} r LEFT JOIN record_positions p ON p.name = 'storage'
                              WHERE (r.xid, r.n) > (coalesce(p.xid, '0'), coalesce(p.n, 0)))"""
        ).format(Identifier(partition.name))
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def count_slices(tx: Connection, partition: Partition) -> int:
    """How many calls of `delete_slice` go through a partition."""
    cursor = await tx.execute(
        "SELECT pg_relation_size(%s::regclass) / current_setting('block_size')::int", (partition.name,)
    )
    row = await cursor.fetchone()
    return -(-row[0] // _SLICE_BLOCKS) if row else 0


async def delete_slice(tx: Connection, partition: Partition, number: int, expired: Sequence[Expired]) -> int:
    """Delete what is expired in one slice (from 0) of a partition; how many."""
    first, end = (Literal(f"({block},0)") for block in (number * _SLICE_BLOCKS, (number + 1) * _SLICE_BLOCKS))
    cursor = await tx.execute(
        SQL(
            """DELETE FROM {} r USING unnest(%s::text[], %s::int[], %s::timestamptz[]) e (dataset, version, before)
               WHERE r.ctid >= {}::tid AND r.ctid < {}::tid
                 AND r.dataset = e.dataset AND r.version = e.version AND r.received_at < e.before"""
        ).format(Identifier(partition.name), first, end),
        ([one.dataset for one in expired], [one.version for one in expired], [one.before for one in expired]),
    )
    return cursor.rowcount


async def forget_days(tx: Connection, partition: Partition, expired: Sequence[Expired]) -> None:
    """Forget the counts of what was deleted from a partition."""
    await tx.execute(
        """DELETE FROM record_days d USING unnest(%s::text[], %s::int[], %s::date[]) e (dataset, version, before)
           WHERE d.day >= %s AND d.day < %s AND d.dataset = e.dataset AND d.version = e.version AND d.day < e.before""",
        (
            [one.dataset for one in expired], [one.version for one in expired],
            [one.before.astimezone(UTC).date() for one in expired], partition.first, partition.end,
        ),
    )  # fmt: skip
