"""SQL of the devices of one campaign: where each stands, and why some failed."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from canopee_api.postgres.database import Connection
from canopee_api.postgres.orders import ENDED, OPEN, REVOKED, STATE, WAITING
from canopee_api.postgres.patterns import contained
from canopee_contract.report import RUN_STATES

BAD = ("failed", "timed_out", "unknown")
_STEP = """LEFT JOIN LATERAL (SELECT s.step FROM jsonb_array_elements(r.steps) WITH ORDINALITY s (step, place)
           WHERE s.step->>'state' IN ('failed', 'timed_out', 'unknown') ORDER BY s.place LIMIT 1) s
           ON r.state IN ('failed', 'timed_out', 'unknown')"""
_CODE = "coalesce(nullif(s.step->>'code', ''), r.code)"
_FAILURE = f"""r.state = ANY(%(bad)s) AND (%(step)s = '' OR s.step->>'id' = %(step)s)
               AND (%(code)s = '' OR {_CODE} = %(code)s)"""
_KNOWN = f"CROSS JOIN c LEFT JOIN {REVOKED} d ON d.id = o.device_id"
_OPEN = f"""(SELECT * FROM orders o WHERE o.campaign_id = %(campaign)s AND o.is_current
                AND o.device_id > %(after)s::uuid AND NOT {ENDED}
             OFFSET 0) o {_KNOWN}"""  # noqa: S608  constants of these modules
"""Orders without a run, set apart from those with one all at once: there may be few of them among many."""


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
    """Part of a host name, or of the id of a practice."""


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
            FROM runs r {_STEP} WHERE r.campaign_id = %s AND r.is_current AND r.state = ANY(%s)
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
    """Devices of a campaign by increasing id, those with an order and those that wait for one.

    A page is chosen from indexes, then read: only where the states that are asked for may be.
    """
    parts = " UNION ALL ".join(_parts(wanted))
    values: dict[str, Any] = {
        **msgspec.structs.asdict(wanted), "campaign": campaign_id, "limit": limit, "now": now, "bad": list(BAD),
        "after": after or "00000000-0000-0000-0000-000000000000", "named": contained(wanted.q),
    }  # fmt: skip
    query = f"""WITH c AS MATERIALIZED (SELECT * FROM campaigns WHERE id = %(campaign)s),
                 named AS MATERIALIZED (SELECT id FROM devices WHERE %(q)s <> '' AND search LIKE folded(%(named)s)),
                 found AS MATERIALIZED (SELECT * FROM ({parts}) part ORDER BY device_id LIMIT %(limit)s)
            SELECT f.device_id, d.hostname, d.practice_id, f.ring, f.state, o.id, coalesce({_CODE}, ''),
                   coalesce(nullif(s.step->>'detail', ''), r.detail, ''), coalesce(s.step->>'id', ''), o.delivered_at,
                   r.finished_at, p.last_seen_at
            FROM found f JOIN devices d ON d.id = f.device_id LEFT JOIN device_presence p ON p.device_id = f.device_id
            LEFT JOIN orders o ON f.has_order AND o.is_current AND o.campaign_id = %(campaign)s
                               AND o.device_id = f.device_id
            LEFT JOIN runs r ON r.order_id = o.id {_STEP} ORDER BY f.device_id"""  # noqa: S608  constants of these modules
    cursor = await tx.execute(query.encode(), values, prepare=False)
    return [DeviceRow(*row) for row in await cursor.fetchall()]


def _parts(wanted: Wanted) -> Iterator[str]:
    """Where the devices are read: all orders, or those with a run and those without; and those that wait for one."""
    asked = {*wanted.states}
    if wanted.step or wanted.code:
        yield _part("runs r " + _STEP, "r", "r.state", wanted, _FAILURE)
        return
    if not asked:
        yield _part(f"orders o {_KNOWN} LEFT JOIN runs r ON r.order_id = o.id", "o", STATE, wanted)
    if asked & {*RUN_STATES}:
        yield _part("runs r", "r", "r.state", wanted)
    if asked & {"pending", "delivered", "expired", "cancelled"}:
        yield _part(_OPEN, "o", OPEN, wanted)
    if not asked or asked & {"waiting", "expired", "cancelled"}:
        waiting = f"waiting_devices w CROSS JOIN c LEFT JOIN {REVOKED} d ON d.id = w.device_id"
        yield _part(waiting, "w", WAITING, wanted)


def _part(source: str, alias: str, state: str, wanted: Wanted, which: str = "true") -> str:
    tests = [f"{alias}.campaign_id = %(campaign)s", f"{alias}.device_id > %(after)s::uuid", which]
    tests += [f"{alias}.is_current"] if alias != "w" else []
    tests += [f"{state} = ANY(%(states)s)"] if wanted.states else []
    tests += [f"{alias}.ring = %(ring)s"] if wanted.ring is not None else []
    tests += [f"{alias}.device_id IN (SELECT id FROM named)"] if wanted.q else []  # noqa: S608  constants
    return f"""(SELECT {alias}.device_id, {alias}.ring, {state} AS state, {alias != "w"} AS has_order FROM {source}
                WHERE {" AND ".join(tests)} ORDER BY {alias}.device_id LIMIT %(limit)s)"""  # noqa: S608  constants of these modules


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
