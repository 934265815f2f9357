"""SQL of what is kept: records counted by day, sizes, and the tables whose rows have an age."""

from datetime import date, datetime, timedelta

import msgspec
from psycopg.sql import SQL, Identifier

from canopee_api.postgres.database import Connection
from canopee_api.postgres.positions import Position

COUNTER = "storage"
"""The reader of records that counts them."""
_ROW_BYTES = 160
"""What a record costs beside its body: its other columns, its header, its place in two indexes."""
_SLICE = 5_000
_FORMER_DAYS = 31
"""Orders and runs of former occurrences are kept for so long, or less."""


class Kept(msgspec.Struct, frozen=True):
    """A table whose rows go once `column` is older than a number of days."""

    table: str
    column: str
    days: int


TABLES = (
    Kept("changes", "created_at", 1), Kept("fact_changes", "at", 400), Kept("sessions", "expires_at", 1),
    Kept("enrolment_requests", "last_asked_at", 400),
)  # fmt: skip
"""Those whose age nobody sets: a new one is added here. A process that starts reads the state, not the changes."""


class Day(msgspec.Struct, frozen=True):
    """Records of one dataset version received on one day, in UTC."""

    day: date
    dataset: str
    version: int
    rows: int
    bytes: int


class Table(msgspec.Struct, frozen=True):
    """A table, its partitions, indexes and large values included; `rows` is PostgreSQL's estimate."""

    name: str
    rows: int
    bytes: int


async def count_days(tx: Connection, after: Position, limit: int) -> tuple[Position, int]:
    """Count up to `limit` committed records after a position; the position of the last, and how many there were."""
    cursor = await tx.execute(
        """WITH looked_at AS MATERIALIZED (
               SELECT xid, n, (received_at AT TIME ZONE 'UTC')::date AS day, dataset, version,
                      pg_column_size(body) + %(overhead)s AS bytes
               FROM records WHERE (xid, n) > (%(xid)s::text::xid8, %(n)s::bigint)
                 AND xid < pg_snapshot_xmin(pg_current_snapshot())
               ORDER BY xid, n LIMIT %(limit)s),
           counted AS (
               INSERT INTO record_days AS d (day, dataset, version, rows, bytes)
               SELECT day, dataset, version, count(*), sum(bytes) FROM looked_at GROUP BY day, dataset, version
               ON CONFLICT (day, dataset, version) DO UPDATE
               SET rows = d.rows + excluded.rows, bytes = d.bytes + excluded.bytes)
           SELECT xid::text::bigint, n, (SELECT count(*) FROM looked_at) FROM looked_at
           ORDER BY looked_at.xid DESC, n DESC LIMIT 1""",
        {"overhead": _ROW_BYTES, "xid": str(after.xid), "n": after.n, "limit": limit},
    )
    row = await cursor.fetchone()
    return (Position(row[0], row[1]), row[2]) if row else (after, 0)


async def list_days(tx: Connection) -> list[Day]:
    cursor = await tx.execute(
        "SELECT day, dataset, version, rows, bytes FROM record_days ORDER BY day, dataset, version"
    )
    return [Day(*row) for row in await cursor.fetchall()]


async def list_tables(tx: Connection) -> list[Table]:
    """Every table of ours, the largest first; partitions belong to their parent."""
    cursor = await tx.execute(
        """SELECT root::regclass::text, sum(greatest(c.reltuples, 0))::bigint,
                  sum(pg_total_relation_size(c.oid))::bigint
           FROM pg_class c, LATERAL (SELECT coalesce(pg_partition_root(c.oid), c.oid) AS root) r
           WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY root ORDER BY 3 DESC, 1"""
    )
    return [Table(*row) for row in await cursor.fetchall()]


async def database_bytes(tx: Connection) -> int:
    cursor = await tx.execute("SELECT pg_database_size(current_database())")
    row = await cursor.fetchone()
    return row[0] if row else 0


async def advance_retention(tx: Connection, now: datetime, longest: timedelta) -> datetime:
    """The time that retention has reached: `now`, but at most `longest` after the last time. Never after `now`."""
    cursor = await tx.execute(
        """INSERT INTO retention AS r (reached_at) VALUES (%(now)s) ON CONFLICT (only_row) DO UPDATE
           SET reached_at = least(%(now)s, r.reached_at + %(longest)s) RETURNING reached_at""",
        {"now": now, "longest": longest},
    )
    row = await cursor.fetchone()
    return row[0] if row else now


async def delete_kept(tx: Connection, kept: Kept, now: datetime) -> int:
    """Delete a slice of what is too old in a table; how many: 0 when nothing is left to delete."""
    cursor = await tx.execute(
        SQL("DELETE FROM {0} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {0} WHERE {1} < %s LIMIT %s))").format(
            Identifier(kept.table), Identifier(kept.column)
        ),
        (now - timedelta(days=kept.days), _SLICE),
    )
    return cursor.rowcount


async def delete_orders(tx: Connection, now: datetime, *, days: int) -> int:
    """Delete a slice of orders, with their runs, and of waiting devices, of campaigns that ended long ago; how many.

    A living campaign keeps its current orders, whatever their age: they say which devices had theirs. Those of former
    occurrences go after 31 days.
    """
    cursor = await tx.execute(
        """WITH old AS MATERIALIZED (
               SELECT o.id FROM campaigns c JOIN orders o ON o.campaign_id = c.id
               WHERE (c.not_after < %(before)s AND o.expires_at < %(before)s)
                  OR (c.recurrence IS NOT NULL AND NOT o.is_current AND o.expires_at < %(former)s) LIMIT %(limit)s),
           ended AS (DELETE FROM runs USING old WHERE runs.order_id = old.id RETURNING runs.order_id)
           SELECT id FROM old""",
        {
            "before": now - timedelta(days=days),
            "limit": _SLICE,
            "former": now - timedelta(days=min(days, _FORMER_DAYS)),
        },
    )
    ids = [row[0] for row in await cursor.fetchall()]
    if ids:
        await tx.execute("DELETE FROM orders WHERE id = ANY(%s::uuid[])", (ids,))
    waited = await tx.execute(
        """DELETE FROM waiting_devices WHERE ctid = ANY (ARRAY(
               SELECT w.ctid FROM campaigns c JOIN waiting_devices w ON w.campaign_id = c.id
               WHERE c.not_after < %s LIMIT %s))""",
        (now - timedelta(days=days), _SLICE),
    )
    return len(ids) + waited.rowcount
