"""SQL of the delivery of orders: which of them a device may have now."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from canopee_api.postgres.database import Connection
from canopee_api.postgres.freezes import FreezeRow, bounds, freezes_between
from canopee_contract.window import Window

IsOpen: TypeAlias = Callable[[Sequence[Window], str], bool]
"""Whether one of these windows is open now in a time zone; empty: the usual one."""
IsFrozen: TypeAlias = Callable[[FreezeRow, str], bool]
"""Whether a freeze is in force now in a time zone; empty: the usual one."""
_MOST_SHUT = 50
"""Orders of one device that wait for their window, or for the end of a freeze, and are looked past."""
_ALIVE = """
WITH alive AS (
    SELECT w.place, w.device_id AS device, o.*,
           o.delivered_at IS NULL AND (o.windows <> '[]' OR o.may_be_frozen) AS is_checked,
           row_number() OVER (PARTITION BY w.place ORDER BY o.seq) AS rank
    FROM unnest(%(devices)s::uuid[], %(generations)s::int[], %(after)s::bigint[])
        WITH ORDINALITY w (device_id, generation, after, place)
    CROSS JOIN LATERAL (
        SELECT o.id, o.seq, o.envelope, c.document, c.windows, c.kind, o.delivered_at,
               NOT c.through_freezes AND EXISTS (
                   SELECT FROM freezes f WHERE f.starts <= %(soonest)s AND f.ends > %(latest)s
                     AND f.removed_at IS NULL AND (f.collects OR c.kind = 'action')) AS may_be_frozen
        FROM orders o JOIN campaigns c ON c.id = o.campaign_id
        WHERE o.device_id = w.device_id AND o.generation = w.generation AND o.seq > w.after
          AND o.expires_at > %(now)s AND c.stopped_at IS NULL AND NOT EXISTS (SELECT FROM standstill)
          AND (o.delivered_at IS NOT NULL OR (c.paused_at IS NULL AND c.halted_at IS NULL))
          AND NOT EXISTS (SELECT FROM runs r WHERE r.order_id = o.id)
        ORDER BY o.seq LIMIT %(most)s) o),
marked AS (UPDATE orders SET delivered_at = %(now)s FROM alive
           WHERE orders.id = alive.id AND orders.delivered_at IS NULL AND NOT alive.is_checked
             AND alive.rank <= %(limit)s)
SELECT place, rank, id, envelope, document, is_checked, windows, may_be_frozen, kind,
       CASE WHEN is_checked THEN (
           SELECT p.time_zone FROM devices d JOIN practices p ON p.id = d.practice_id WHERE d.id = alive.device) END
FROM alive ORDER BY place, seq"""


class Wanted(msgspec.Struct, frozen=True):
    """The orders that one call asks for: those of a device above a sequence number."""

    device_id: str
    generation: int
    after: int


class _Alive(msgspec.Struct, frozen=True):
    """An order that may go, if its window is open and nothing is frozen."""

    place: int
    rank: int
    id: str
    envelope: bytes
    document: bytes | None
    is_checked: bool
    windows: list[Any]
    may_be_frozen: bool
    kind: str
    zone: str | None


async def deliverable(
    tx: Connection, wanted: Sequence[Wanted], *, is_open: IsOpen, is_frozen: IsFrozen, now: datetime, limit: int
) -> list[list[tuple[bytes, bytes | None]]]:
    """For each call: envelope and campaign document of its living orders, oldest first, marked delivered.

    Of an order that was not delivered before, the window is open and no freeze is in force: `is_open` and `is_frozen`
    say so.
    """
    soonest, latest = bounds(now)
    cursor = await tx.execute(
        _ALIVE,
        {
            "devices": [one.device_id for one in wanted], "generations": [one.generation for one in wanted],
            "after": [one.after for one in wanted], "now": now, "limit": limit, "soonest": soonest,
            "latest": latest, "most": limit + _MOST_SHUT,
        },
    )  # fmt: skip
    rows = [_Alive(*row) for row in await cursor.fetchall()]
    is_near = any(row.is_checked and row.may_be_frozen for row in rows)
    freezes = await freezes_between(tx, now, now) if is_near else []

    def is_held(row: _Alive) -> bool:
        zone = row.zone or ""
        concerned = [one for one in freezes if row.may_be_frozen and (one.collects or row.kind == "action")]
        is_shut = bool(row.windows) and not is_open(msgspec.convert(row.windows, tuple[Window, ...]), zone)
        return is_shut or any(is_frozen(one, zone) for one in concerned)

    found: list[list[tuple[bytes, bytes | None]]] = [[] for _ in wanted]
    checked: list[str] = []
    for row in rows:
        orders = found[row.place - 1]
        if len(orders) == limit or (row.is_checked and is_held(row)):
            continue
        if row.is_checked or row.rank > limit:
            checked.append(row.id)
        orders.append((bytes(row.envelope), bytes(row.document) if row.document is not None else None))
    if checked:
        await tx.execute(
            "UPDATE orders SET delivered_at = %s WHERE id = ANY(%s::uuid[]) AND delivered_at IS NULL",
            (now, checked),
        )
    return found
