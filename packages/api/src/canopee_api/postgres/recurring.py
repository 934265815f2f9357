"""SQL of campaigns that recur: who gets the order of an occurrence now, and what became of those before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from canopee_api.postgres.conditions import predicate_of
from canopee_api.postgres.database import Connection
from canopee_api.postgres.orders import STATE
from canopee_api.postgres.prerequisites import LACKING
from canopee_api.postgres.windows import ZONE
from canopee_contract.condition import Condition

_DELAY = """CASE WHEN %(jitter)s = 0 THEN 0 ELSE
    mod(('x' || left(encode(sha256((d.id::text || z.label)::bytea), 'hex'), 8))::bit(32)::bigint, %(jitter)s) END"""
"""`recurrence.delay` of the contract, in seconds."""


class Reached(msgspec.Struct, frozen=True):
    """The newest occurrence in a time zone."""

    zone: str
    label: str
    """As `recurrence.written`."""
    past_s: int
    """For how long it has come, on the clock on the wall."""


class Due(msgspec.Struct, frozen=True):
    """A device whose next occurrence has come."""

    device_id: str
    ring: int
    zone: str
    ordinal: int | None
    """The one it has had in this campaign."""


class OccurrenceRow(msgspec.Struct, frozen=True):
    """How many orders of an occurrence are in a state."""

    occurrence: str
    state: str
    devices: int


async def recurring_ids(tx: Connection, now: datetime) -> list[str]:
    """Campaigns that recur, are under way and not held, and whose first round is over."""
    cursor = await tx.execute(
        """SELECT id FROM campaigns WHERE recurrence IS NOT NULL AND is_expanded AND not_after > %s
             AND stopped_at IS NULL AND paused_at IS NULL AND halted_at IS NULL
             AND NOT EXISTS (SELECT FROM standstill) ORDER BY id""",
        (now,),
    )
    return [row[0] for row in await cursor.fetchall()]


_DUE = f"""FROM devices d JOIN campaigns c ON c.id = %(campaign)s
    JOIN unnest(%(zones)s::text[], %(labels)s::text[], %(past)s::bigint[]) z (zone, label, past_s) ON z.zone = {ZONE}
    WHERE d.id = h.device_id AND d.state <> 'revoked' AND h.had < z.label AND {_DELAY} <= z.past_s AND NOT {LACKING}"""
_HELD = """SELECT w.device_id, w.ring, '' AS had FROM waiting_devices w
    WHERE w.campaign_id = %(campaign)s AND w.ring <= %(ring)s AND {those}
    UNION ALL SELECT w.device_id, w.ring, w.occurrence FROM orders w
    WHERE w.campaign_id = %(campaign)s AND w.is_current AND w.ring <= %(ring)s AND {those}"""


class Asked(msgspec.Struct, frozen=True):
    """For which devices of a campaign an occurrence has come: those of its rings up to `ring`."""

    campaign_id: str
    ring: int
    jitter_s: int
    reached: Sequence[Reached]

    @property
    def values(self) -> dict[str, Any]:
        """Parameters of the query."""
        return {
            "campaign": self.campaign_id, "ring": self.ring, "jitter": self.jitter_s,
            "zones": [one.zone for one in self.reached], "labels": [one.label for one in self.reached],
            "past": [one.past_s for one in self.reached],
        }  # fmt: skip


async def due_ids(tx: Connection, asked: Asked, *, after: str, limit: int) -> list[str]:
    """Devices that have not had the newest occurrence of their zone, and whose delay is over: a page of their ids."""
    held = _HELD.format(those="w.device_id > %(after)s::uuid")
    cursor = await tx.execute(
        f"""SELECT h.device_id FROM ({held}) h CROSS JOIN LATERAL (SELECT {_DUE}) due
            ORDER BY 1 LIMIT %(limit)s""".encode(),  # noqa: S608  constants of these modules
        {**asked.values, "after": after or "00000000-0000-0000-0000-000000000000", "limit": limit},
    )
    return [row[0] for row in await cursor.fetchall()]


async def due(tx: Connection, asked: Asked, device_ids: Sequence[str], *, is_full: bool, limit: int) -> list[Due]:
    """Those of these devices for which that is still so; `is_full`: only those that have had an ordinal."""
    held = _HELD.format(those="w.device_id = ANY(%(devices)s::uuid[])")
    cursor = await tx.execute(
        f"""SELECT h.device_id, h.ring, due.zone, i.ordinal
            FROM ({held}) h CROSS JOIN LATERAL (SELECT z.zone {_DUE}) due
            CROSS JOIN LATERAL (SELECT max(o.ordinal) AS ordinal FROM orders o
                                WHERE o.campaign_id = %(campaign)s AND o.device_id = h.device_id) i
            WHERE NOT (%(is_full)s AND i.ordinal IS NULL) ORDER BY 1 LIMIT %(limit)s""".encode(),  # noqa: S608  constants of these modules
        {**asked.values, "devices": list(device_ids), "is_full": is_full, "limit": limit},
    )
    return [Due(*row) for row in await cursor.fetchall()]


async def still_matching(tx: Connection, condition: Condition, device_ids: Sequence[str]) -> set[str]:
    """Those of these devices for which a condition holds."""
    predicate = predicate_of(condition)
    query = f"SELECT f.device_id FROM device_facts f WHERE f.device_id = ANY(%s::uuid[]) AND {predicate.text}"  # noqa: S608  the values are parameters
    cursor = await tx.execute(query.encode(), [list(device_ids), *predicate.values], prepare=False)
    return {row[0] for row in await cursor.fetchall()}


async def close_current(tx: Connection, campaign_id: str, device_ids: Sequence[str], *, now: datetime) -> None:
    """Another occurrence follows for these devices, or none: what they have not had is expired, and counts no more."""
    await tx.execute(
        """UPDATE orders SET is_current = false,
                  expires_at = CASE WHEN delivered_at IS NULL THEN least(expires_at, %s) ELSE expires_at END
           WHERE campaign_id = %s AND device_id = ANY(%s::uuid[]) AND is_current""",
        (now, campaign_id, list(device_ids)),
    )
    await tx.execute(
        "DELETE FROM signal_records WHERE campaign_id = %s AND device_id = ANY(%s::uuid[])",
        (campaign_id, list(device_ids)),
    )


async def leave(tx: Connection, campaign_id: str, device_ids: Sequence[str]) -> None:
    """These devices wait no more."""
    await tx.execute(
        "DELETE FROM waiting_devices WHERE campaign_id = %s AND device_id = ANY(%s::uuid[])",
        (campaign_id, list(device_ids)),
    )


async def occurrences(
    tx: Connection, campaign_id: str, *, before: str, limit: int, now: datetime
) -> list[OccurrenceRow]:
    """What became of the orders of the newest occurrences, by occurrence and state; `before`: older than that one."""
    cursor = await tx.execute(
        f"""WITH newest AS (SELECT DISTINCT occurrence FROM orders
                          WHERE campaign_id = %(campaign)s AND occurrence <> ''
                            AND (%(before)s = '' OR occurrence < %(before)s)
                          ORDER BY occurrence DESC LIMIT %(limit)s)
            SELECT o.occurrence, {STATE}, count(*) FROM orders o JOIN newest USING (occurrence)
            JOIN devices d ON d.id = o.device_id JOIN campaigns c ON c.id = o.campaign_id
            LEFT JOIN runs r ON r.order_id = o.id
            WHERE o.campaign_id = %(campaign)s GROUP BY 1, 2 ORDER BY 1 DESC, 2""",  # noqa: S608  constants of these modules
        {"campaign": campaign_id, "before": before, "limit": limit, "now": now},
    )
    return [OccurrenceRow(*row) for row in await cursor.fetchall()]
