"""SQL of the devices of one campaign: where each stands, and why some failed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from canopee_api.postgres.database import Connection
from canopee_api.postgres.orders import STATE, WAITING

BAD = ("failed", "timed_out", "unknown")
_STEP = """LEFT JOIN LATERAL (SELECT s.step FROM jsonb_array_elements(r.steps) WITH ORDINALITY s (step, place)
           WHERE s.step->>'state' IN ('failed', 'timed_out', 'unknown') ORDER BY s.place LIMIT 1) s
           ON r.state IN ('failed', 'timed_out', 'unknown')"""
_CODE = "coalesce(nullif(s.step->>'code', ''), r.code)"


class CauseRow(msgspec.Struct, frozen=True):
    """Runs that ended badly alike."""

    state: str
    step: str
    use: str
    code: str
    detail: str
    devices: int
    last_at: datetime
    samples: list[str]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which devices of a campaign."""

    states: list[str] = []
    ring: int | None = None
    step: str = ""
    """Whose step ended badly, with `code`."""
    code: str = ""
    q: str = ""
    """Part of a host name."""


class DeviceRow(msgspec.Struct, frozen=True):
    """A device of a campaign."""

    id: str
    hostname: str
    practice_id: str
    ring: int
    state: str
    order_id: str | None
    code: str
    detail: str
    step: str
    delivered_at: datetime | None
    finished_at: datetime | None
    last_seen_at: datetime | None


async def causes(tx: Connection, campaign_id: str, *, limit: int) -> list[CauseRow]:
    """Why runs of a campaign ended badly, the most frequent first."""
    cursor = await tx.execute(
        f"""SELECT r.state, coalesce(s.step->>'id', ''), coalesce(s.step->>'use', ''), {_CODE},
                   mode() WITHIN GROUP (ORDER BY coalesce(nullif(s.step->>'detail', ''), r.detail)), count(*),
                   max(r.received_at), (array_agg(r.device_id::text ORDER BY r.received_at DESC, r.device_id))[1:5]
            FROM orders o JOIN runs r ON r.order_id = o.id {_STEP}
            WHERE o.campaign_id = %s AND o.is_current AND r.state = ANY(%s)
            GROUP BY 1, 2, 3, 4 ORDER BY 6 DESC, 1, 2, 4 LIMIT %s""",  # noqa: S608  constants of this module
        (campaign_id, list(BAD), limit),
    )
    return [CauseRow(*row) for row in await cursor.fetchall()]


async def hostnames(tx: Connection, device_ids: Sequence[str]) -> dict[str, str]:
    """What these devices are called."""
    cursor = await tx.execute("SELECT id, hostname FROM devices WHERE id = ANY(%s::uuid[])", (list(device_ids),))
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def list_devices(
    tx: Connection, campaign_id: str, wanted: Wanted, *, after: str, limit: int, now: datetime
) -> list[DeviceRow]:
    """Devices of a campaign by increasing id, those with an order and those that wait for one."""
    values: dict[str, Any] = {
        **msgspec.structs.asdict(wanted), "campaign": campaign_id, "limit": limit, "now": now,
        "after": after or "00000000-0000-0000-0000-000000000000",
    }  # fmt: skip
    cursor = await tx.execute(
        f"""SELECT * FROM (
                (SELECT o.device_id AS id, d.hostname, d.practice_id, o.ring, {STATE} AS state, o.id AS order_id,
                       coalesce({_CODE}, '') AS code, coalesce(nullif(s.step->>'detail', ''), r.detail, '') AS detail,
                       coalesce(s.step->>'id', '') AS step, o.delivered_at, r.finished_at, p.last_seen_at
                FROM orders o JOIN devices d ON d.id = o.device_id JOIN campaigns c ON c.id = o.campaign_id
                LEFT JOIN runs r ON r.order_id = o.id {_STEP}
                LEFT JOIN device_presence p ON p.device_id = d.id
                WHERE o.campaign_id = %(campaign)s AND o.is_current AND o.device_id > %(after)s::uuid
                  AND (%(states)s::text[] = '{{}}' OR {STATE} = ANY(%(states)s))
                  AND (%(ring)s::int IS NULL OR o.ring = %(ring)s)
                  AND (%(step)s = '' OR s.step->>'id' = %(step)s) AND (%(code)s = '' OR {_CODE} = %(code)s)
                  AND (%(q)s = '' OR strpos(lower(d.hostname), lower(%(q)s)) > 0)
                ORDER BY o.device_id LIMIT %(limit)s)
                UNION ALL
                (SELECT w.device_id, d.hostname, d.practice_id, w.ring, {WAITING}, NULL, '', '', '', NULL, NULL,
                       p.last_seen_at
                FROM waiting_devices w JOIN devices d ON d.id = w.device_id JOIN campaigns c ON c.id = w.campaign_id
                LEFT JOIN device_presence p ON p.device_id = d.id
                WHERE w.campaign_id = %(campaign)s AND w.device_id > %(after)s::uuid
                  AND (%(states)s::text[] = '{{}}' OR {WAITING} = ANY(%(states)s))
                  AND (%(ring)s::int IS NULL OR w.ring = %(ring)s) AND %(step)s = '' AND %(code)s = ''
                  AND (%(q)s = '' OR strpos(lower(d.hostname), lower(%(q)s)) > 0)
                ORDER BY w.device_id LIMIT %(limit)s)) found
            ORDER BY id LIMIT %(limit)s""",  # noqa: S608  constants of these modules
        values,
    )
    return [DeviceRow(*row) for row in await cursor.fetchall()]


async def failed_ids(tx: Connection, campaign_id: str, *, limit: int) -> list[str]:
    """Devices whose run of a campaign ended badly, by increasing id."""
    cursor = await tx.execute(
        """SELECT o.device_id FROM orders o JOIN runs r ON r.order_id = o.id JOIN devices d ON d.id = o.device_id
           WHERE o.campaign_id = %s AND o.is_current AND r.state = ANY(%s) AND d.state <> 'revoked'
           ORDER BY 1 LIMIT %s""",
        (campaign_id, list(BAD), limit),
    )
    return [row[0] for row in await cursor.fetchall()]


async def touched_ids(tx: Connection, campaign_id: str, *, limit: int) -> list[str]:
    """Devices on which a campaign has begun, or may have: they have had its order, and did not skip it."""
    cursor = await tx.execute(
        """SELECT DISTINCT o.device_id FROM orders o LEFT JOIN runs r ON r.order_id = o.id
           JOIN devices d ON d.id = o.device_id
           WHERE o.campaign_id = %s AND d.state <> 'revoked' AND o.delivered_at IS NOT NULL
             AND coalesce(r.state, 'delivered') NOT IN ('skipped', 'expired', 'cancelled') ORDER BY 1 LIMIT %s""",
        (campaign_id, limit),
    )
    return [row[0] for row in await cursor.fetchall()]
