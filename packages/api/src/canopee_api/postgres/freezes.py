"""SQL of the freeze calendar. Spans are what clocks on walls show, so that SQL only says which may be in force."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.database import Connection

_COLUMNS = "id, starts, ends, reason, collects, created_by, created_at, removed_at"
_WEST, _EAST = timedelta(hours=12), timedelta(hours=14)
"""How far clocks on walls are from UTC, at most."""
_LOCK = 0x66726565  # "free": whoever writes the calendar does so alone


class FreezeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A freeze; `starts` and `ends` have no zone."""

    id: str
    starts: datetime
    ends: datetime
    reason: str
    collects: bool
    created_by: str
    created_at: datetime
    removed_at: datetime | None = None


async def insert_freeze(tx: Connection, row: FreezeRow) -> None:
    await tx.execute(
        f"INSERT INTO freezes ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608  constants
        msgspec.structs.astuple(row),
    )


async def get_freeze(tx: Connection, freeze_id: str) -> FreezeRow | None:
    """A freeze, locked."""
    cursor = await tx.execute(f"SELECT {_COLUMNS} FROM freezes WHERE id = %s FOR UPDATE", (freeze_id,))  # noqa: S608
    row = await cursor.fetchone()
    return _row(row) if row else None


async def remove_freeze(tx: Connection, freeze_id: str, *, now: datetime) -> None:
    await tx.execute("UPDATE freezes SET removed_at = %s WHERE id = %s", (now, freeze_id))


async def count_standing(tx: Connection, now: datetime) -> int:
    """Freezes that are neither over nor removed; nobody else adds one until the end of the transaction."""
    await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    cursor = await tx.execute(
        "SELECT count(*) FROM freezes WHERE removed_at IS NULL AND ends > %s", (_wall(now) - _WEST,)
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def list_freezes(tx: Connection, *, now: datetime, is_all: bool, after: str, limit: int) -> list[FreezeRow]:
    """By what was entered first: those that may not be over, or all."""
    cursor = await tx.execute(
        f"""SELECT {_COLUMNS} FROM freezes
            WHERE (%(all)s OR (removed_at IS NULL AND ends > %(west)s))
              AND (%(after)s = '' OR id > nullif(%(after)s, '')::uuid) ORDER BY id LIMIT %(limit)s""",  # noqa: S608
        {"all": is_all, "west": _wall(now) - _WEST, "after": after, "limit": limit},
    )
    return [_row(row) for row in await cursor.fetchall()]


async def freezes_between(tx: Connection, first: datetime, last: datetime) -> list[FreezeRow]:
    """Those that may be, or have been, in force somewhere between two instants."""
    cursor = await tx.execute(
        f"""SELECT {_COLUMNS} FROM freezes WHERE starts <= %s AND ends > %s AND coalesce(removed_at > %s, true)
            ORDER BY starts, id""",  # noqa: S608  constants
        (_wall(last) + _EAST, _wall(first) - _WEST, first),
    )
    return [_row(row) for row in await cursor.fetchall()]


def bounds(now: datetime) -> tuple[datetime, datetime]:
    """A freeze that starts after the first, or ends before the second, is in force nowhere."""
    return _wall(now) + _EAST, _wall(now) - _WEST


async def time_zones(tx: Connection) -> list[str]:
    """Those of practices."""
    cursor = await tx.execute("SELECT DISTINCT time_zone FROM practices WHERE time_zone <> '' ORDER BY 1")
    return [row[0] for row in await cursor.fetchall()]


class Seen(msgspec.Struct, frozen=True):
    """Where it was frozen when somebody looked last: time zones, the empty one for the usual."""

    actions: list[str] = []
    collects: list[str] = []


async def lock_seen(tx: Connection) -> Seen:
    """What was seen last; nobody else looks until the end of the transaction."""
    await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    cursor = await tx.execute("SELECT seen FROM frozen_zones")
    row = await cursor.fetchone()
    return msgspec.convert(row[0], Seen) if row else Seen()


async def put_seen(tx: Connection, seen: Seen) -> None:
    await tx.execute(
        "INSERT INTO frozen_zones (seen) VALUES (%s) ON CONFLICT (only_row) DO UPDATE SET seen = excluded.seen",
        (Jsonb(msgspec.to_builtins(seen)),),
    )


async def waiting_campaigns(tx: Connection, kinds: Sequence[str], *, now: datetime) -> list[str]:
    """Campaigns of these kinds that obey freezes, may deliver, and have orders that no PC has."""
    cursor = await tx.execute(
        """SELECT id FROM campaigns c
           WHERE kind = ANY(%s) AND NOT through_freezes AND not_after > %s AND stopped_at IS NULL
             AND paused_at IS NULL AND halted_at IS NULL
             AND EXISTS (SELECT FROM orders o WHERE o.campaign_id = c.id AND o.delivered_at IS NULL) ORDER BY id""",
        (list(kinds), now),
    )
    return [row[0] for row in await cursor.fetchall()]


def _wall(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def _row(row: Sequence[object]) -> FreezeRow:
    return msgspec.convert(dict(zip(FreezeRow.__struct_fields__, row, strict=True)), FreezeRow)
