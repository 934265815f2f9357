"""SQL of one device: since when its facts are so, what it did, how its link stands."""

from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection
from canopee_api.postgres.orders import PIPELINE, STATE


class SpanRow(msgspec.Struct, frozen=True):
    """An order on a line of time."""

    id: str
    pipeline: str
    state: str
    at: datetime
    until: datetime | None
    code: str


class LinkRow(msgspec.Struct, frozen=True):
    """What is stored of the link with a device."""

    last_seen_at: datetime
    counter: int
    generation: int
    agent_version: str
    enrolled_at: datetime
    facts_at: datetime | None
    facts: int
    order_seq: int
    fingerprint: str


async def changed_at(tx: Connection, device_id: str) -> dict[str, datetime]:
    """Fact → when it last changed, of those that did."""
    cursor = await tx.execute(
        """SELECT name, max(at) FROM fact_changes, jsonb_object_keys(changes) name
           WHERE device_id = %s GROUP BY name""",
        (device_id,),
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def spans(tx: Connection, device_id: str, *, since: datetime, now: datetime, limit: int) -> list[SpanRow]:
    """The orders of a device that were alive after an instant, newest first."""
    cursor = await tx.execute(
        f"""SELECT o.id, {PIPELINE}, {STATE}, coalesce(r.started_at, r.finished_at, o.delivered_at, o.created_at),
                   r.finished_at, coalesce(r.code, '')
            FROM orders o JOIN campaigns c ON c.id = o.campaign_id JOIN devices d ON d.id = o.device_id
            LEFT JOIN runs r ON r.order_id = o.id
            WHERE o.device_id = %(device)s AND coalesce(r.received_at, o.expires_at) >= %(since)s
            ORDER BY o.id DESC LIMIT %(limit)s""",  # noqa: S608  constants
        {"device": device_id, "since": since, "now": now, "limit": limit},
    )
    return [SpanRow(*row) for row in await cursor.fetchall()]


async def link_of(tx: Connection, device_id: str) -> LinkRow | None:
    cursor = await tx.execute(
        """SELECT p.last_seen_at, p.counter, d.generation, p.agent_version, d.enrolled_at, f.changed_at,
                  (SELECT count(*) FROM jsonb_object_keys(f.facts)), d.order_seq, d.fingerprint
           FROM devices d JOIN device_presence p ON p.device_id = d.id LEFT JOIN device_facts f ON f.device_id = d.id
           WHERE d.id = %s""",
        (device_id,),
    )
    row = await cursor.fetchone()
    return LinkRow(*row) if row else None


async def open_orders(tx: Connection, device_id: str, *, now: datetime) -> dict[str, int]:
    """The orders of a device that are alive, by state."""
    cursor = await tx.execute(
        f"""SELECT {STATE}, count(*) FROM orders o JOIN campaigns c ON c.id = o.campaign_id
            JOIN devices d ON d.id = o.device_id LEFT JOIN runs r ON r.order_id = o.id
            WHERE o.device_id = %(device)s AND o.expires_at > %(now)s GROUP BY 1""",  # noqa: S608  constants
        {"device": device_id, "now": now},
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def marks_of(tx: Connection, device_id: str, generation: int) -> list[tuple[str, int]]:
    """Stream → the last record stored of it."""
    cursor = await tx.execute(
        "SELECT stream, mark FROM record_marks WHERE device_id = %s AND generation = %s ORDER BY stream",
        (device_id, generation),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def count_rejected(tx: Connection, device_id: str) -> int:
    cursor = await tx.execute("SELECT count(*) FROM rejected_records WHERE device_id = %s", (device_id,))
    row = await cursor.fetchone()
    return row[0] if row else 0
