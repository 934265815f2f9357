"""SQL of reading committed records in order: pages after a position, named positions, what holds the readers back.

Records are ordered by (xid, n), the transaction that wrote them and a serial. Below the oldest transaction that is
still open nothing can appear any more, so a reader that stays below it misses nothing; a serial alone would.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from canopee_api.errors import ServerError
from canopee_api.postgres.database import Connection

MOST_COUNTED = 100_000
"""Rows behind a position are counted up to here: counting must stay cheap for a reader that is far behind."""


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in the order of committed records."""

    xid: int = 0
    n: int = 0


class CommittedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is stored for good; its position is also its id for whoever receives it."""

    position: Position
    device_id: str
    generation: int
    stream: str
    seq: int
    dataset: str
    version: int
    at: datetime
    received_at: datetime
    order_id: str | None
    body: Any


class Scan(msgspec.Struct, frozen=True):
    """What one look found."""

    records: tuple[CommittedRecord, ...]
    end: Position
    """The last row looked at, whether it was wanted or not."""
    looked_at: int


class Lag(msgspec.Struct, frozen=True):
    """How far a reader is behind: `rows` counts to `MOST_COUNTED`; `oldest_at` is when its next record came."""

    name: str
    rows: int
    oldest_at: datetime | None


class Holder(msgspec.Struct, frozen=True):
    """The oldest open transaction that writes: no reader passes it."""

    pid: int
    """0: a prepared transaction."""
    application: str
    state: str
    seconds: float


async def scan_records(tx: Connection, after: Position, *, datasets: Sequence[str], limit: int) -> Scan:
    """Look at up to `limit` committed records after a position; those of `datasets` (empty: all), in order."""
    cursor = await tx.execute(
        """SELECT xid::text::bigint, n, device_id, generation, stream, seq, dataset, version, at, received_at, order_id,
                  is_wanted, CASE WHEN is_wanted THEN body END
           FROM (SELECT *, %(datasets)s::text[] = '{}' OR dataset = ANY(%(datasets)s::text[]) AS is_wanted
                 FROM records
                 WHERE (xid, n) > (%(xid)s::text::xid8, %(n)s::bigint)
                   AND xid < pg_snapshot_xmin(pg_current_snapshot())
                 ORDER BY xid, n LIMIT %(limit)s) looked_at
           ORDER BY xid, n""",
        {"datasets": list(datasets), "xid": str(after.xid), "n": after.n, "limit": limit},
    )
    rows = await cursor.fetchall()
    end = Position(rows[-1][0], rows[-1][1]) if rows else after
    return Scan(tuple(_record(row) for row in rows if row[11]), end, len(rows))


async def read_position(tx: Connection, name: str, now: datetime, *, lock: bool = False) -> Position:
    """The position of a reader, which starts before the first record; locked until the end if asked.

    Raises:
        ServerError: it lies in the future of this database, which was restored from a dump: transaction numbers began
            again, and everything written from now on would be passed over.
    """
    await tx.execute(
        "INSERT INTO record_positions (name, xid, n, moved_at) VALUES (%s, '0', 0, %s) ON CONFLICT DO NOTHING",
        (name, now),
    )
    cursor = await tx.execute(
        f"""SELECT xid::text::bigint, n, xid > pg_snapshot_xmax(pg_current_snapshot())
            FROM record_positions WHERE name = %s {"FOR UPDATE" if lock else ""}""",  # noqa: S608  two constants
        (name,),
    )
    row = await cursor.fetchone()
    if row is None:
        return Position()
    if row[2]:
        raise ServerError(
            f"the reader {name} stands at transaction {row[0]}, which this database has not reached; it was restored "
            "from a dump: follow docs/how-to/keep-and-restore-data.md"
        )
    return Position(row[0], row[1])


async def keep_position(tx: Connection, name: str, end: Position, now: datetime) -> bool:
    """Move a reader forward; `False` when it stands there or further already."""
    cursor = await tx.execute(
        """INSERT INTO record_positions AS p (name, xid, n, moved_at)
           VALUES (%s, %s::text::xid8, %s, %s) ON CONFLICT (name) DO UPDATE
           SET xid = excluded.xid, n = excluded.n, moved_at = excluded.moved_at
           WHERE (p.xid, p.n) < (excluded.xid, excluded.n)""",
        (name, str(end.xid), end.n, now),
    )
    return cursor.rowcount == 1


async def forget_position(tx: Connection, name: str) -> None:
    """A reader that is no more."""
    await tx.execute("DELETE FROM record_positions WHERE name = %s", (name,))


async def lags(tx: Connection) -> list[Lag]:
    """How far every reader is behind, what is committed but not readable yet included."""
    cursor = await tx.execute(
        """SELECT p.name,
                  (SELECT count(*) FROM
                      (SELECT FROM records r WHERE (r.xid, r.n) > (p.xid, p.n) LIMIT %s) behind),
                  (SELECT r.received_at FROM records r WHERE (r.xid, r.n) > (p.xid, p.n)
                   ORDER BY r.xid, r.n LIMIT 1)
           FROM record_positions p ORDER BY p.name""",
        (MOST_COUNTED,),
    )
    return [Lag(*row) for row in await cursor.fetchall()]


async def oldest_holder(tx: Connection) -> Holder | None:
    """The oldest transaction of the whole server, this one left aside, that holds every reader back."""
    cursor = await tx.execute(
        """SELECT pid, application, state, extract(epoch FROM clock_timestamp() - began)::float8 FROM (
               SELECT pid, application_name AS application, coalesce(state, '') AS state, xact_start AS began,
                      age(backend_xid) AS age
               FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
               UNION ALL SELECT 0, gid, 'prepared', prepared, age(transaction) FROM pg_prepared_xacts) open
           WHERE began IS NOT NULL ORDER BY age DESC LIMIT 1"""
    )
    row = await cursor.fetchone()
    return Holder(row[0], row[1], row[2], max(0.0, row[3])) if row else None


def _record(row: Sequence[Any]) -> CommittedRecord:
    return CommittedRecord(
        position=Position(row[0], row[1]), device_id=row[2], generation=row[3], stream=row[4], seq=row[5],
        dataset=row[6], version=row[7], at=row[8], received_at=row[9], order_id=row[10], body=row[12],
    )  # fmt: skip
