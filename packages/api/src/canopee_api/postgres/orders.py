"""SQL of orders and runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.database import Connection

OPEN = """CASE WHEN o.expires_at <= %(now)s THEN 'expired' WHEN d.generation <> o.generation
    OR (c.stopped_at IS NOT NULL AND o.delivered_at IS NULL) THEN 'cancelled' WHEN o.delivered_at IS NULL THEN 'pending'
    ELSE 'delivered' END"""
"""Of an order `o` that has no run, of the device `d` and campaign `c`."""
STATE = f"coalesce(r.state, {OPEN})"
"""Of an order `o` with its run `r`, device `d` and campaign `c`."""
ENDED = "EXISTS (SELECT FROM runs r WHERE r.campaign_id = o.campaign_id AND r.device_id = o.device_id AND r.is_current)"
"""Whether an order `o`, which is current, has its run: by an index alone."""
REVOKED = "(SELECT id, generation, state FROM devices WHERE state = 'revoked')"
"""The devices of which `OPEN` and `WAITING` need to know anything: only a revocation changes the generation."""
WAITING = """CASE WHEN c.not_after <= %(now)s THEN 'expired'
    WHEN c.stopped_at IS NOT NULL OR d.state = 'revoked' THEN 'cancelled' ELSE 'waiting' END"""
"""Of a device `d` that waits for its order of the campaign `c`."""
PIPELINE = "(c.pipeline->>'name') || '@' || (c.pipeline->>'version')"


class OrderRow(msgspec.Struct, frozen=True):
    """An order as people see it; `pipeline` is `name@version`."""

    id: str
    device_id: str
    seq: int
    pipeline: str
    kind: str
    campaign_id: str
    state: str
    created_at: datetime
    expires_at: datetime


class RunRow(msgspec.Struct, frozen=True):
    """A run report with its order's provenance."""

    id: str
    device_id: str
    pipeline: str
    kind: str
    campaign_id: str
    state: str
    code: str
    detail: str
    started_at: datetime | None
    finished_at: datetime
    received_at: datetime
    steps: list[dict[str, Any]]
    is_dry: bool


class NewRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run report to store."""

    order_id: str
    device_id: str
    state: str
    code: str
    detail: str
    agent_version: str
    started_at: datetime | None
    finished_at: datetime
    received_at: datetime
    steps: list[Any]


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A signed order to store."""

    id: str
    device_id: str
    generation: int
    seq: int
    campaign_id: str
    ordinal: int
    envelope: bytes
    created_at: datetime
    expires_at: datetime
    ring: int = 0
    occurrence: str = ""


async def take_sequence(tx: Connection, device_ids: Sequence[str]) -> list[tuple[str, int, int]]:
    """The next sequence number of each device that may get orders, with its generation; locks them, in order."""
    cursor = await tx.execute(
        """WITH held AS (SELECT id FROM devices WHERE id = ANY(%s::uuid[]) AND state <> 'revoked'
                         ORDER BY id FOR UPDATE)
           UPDATE devices d SET order_seq = order_seq + 1 FROM held WHERE d.id = held.id
           RETURNING d.id, d.generation, d.order_seq""",
        (list(device_ids),),
    )
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def insert_orders(tx: Connection, orders: Sequence[NewOrder]) -> None:
    async with tx.cursor() as cursor:
        await cursor.executemany(
            """INSERT INTO orders
                   (id, device_id, generation, seq, campaign_id, ordinal, envelope, created_at, expires_at, ring,
                    occurrence)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            [msgspec.structs.astuple(order) for order in orders],
        )


class Overtaken(msgspec.Struct, frozen=True):
    """An order that no device has, while the device has one of a higher number: it would be taken for a replay."""

    id: str
    device_id: str
    envelope: bytes


async def overtaken(tx: Connection, campaign_id: str, *, now: datetime, limit: int) -> list[Overtaken]:
    """Such orders of a campaign, one a device, locked."""
    cursor = await tx.execute(
        """SELECT o.id, o.device_id, o.envelope FROM orders o JOIN devices d ON d.id = o.device_id
           WHERE o.campaign_id = %s AND o.is_current AND o.delivered_at IS NULL AND o.expires_at > %s
             AND d.state <> 'revoked' AND d.generation = o.generation
             AND EXISTS (SELECT FROM orders x WHERE x.device_id = o.device_id AND x.generation = o.generation
                                                AND x.seq > o.seq AND x.delivered_at IS NOT NULL)
           ORDER BY o.device_id LIMIT %s FOR UPDATE OF o""",
        (campaign_id, now, limit),
    )
    return [Overtaken(row[0], row[1], bytes(row[2])) for row in await cursor.fetchall()]


async def renumber(tx: Connection, orders: Sequence[tuple[str, int, bytes]]) -> None:
    """Give orders, by id, another number and the envelope that holds it."""
    async with tx.cursor() as cursor:
        await cursor.executemany(
            "UPDATE orders SET seq = %s, envelope = %s WHERE id = %s",
            [(seq, envelope, order_id) for order_id, seq, envelope in orders],
        )


async def owned_orders(tx: Connection, device_id: str, order_ids: Sequence[str]) -> dict[str, str | None]:
    """Those of these orders that were given to this device, each with its log request where it is of one."""
    cursor = await tx.execute(
        """SELECT o.id, l.id FROM orders o LEFT JOIN log_requests l ON l.id = o.campaign_id
           WHERE o.device_id = %s AND o.id = ANY(%s::uuid[])""",
        (device_id, list(order_ids)),
    )
    return dict(await cursor.fetchall())


async def insert_run(tx: Connection, run: NewRun) -> bool:
    """Store the end of an order; `False` when it was known already."""
    cursor = await tx.execute(
        """WITH new AS (
               INSERT INTO runs (order_id, device_id, state, code, detail, agent_version, started_at, finished_at,
                                 received_at, steps, is_dry)
               SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, c.is_dry
               FROM orders o JOIN campaigns c ON c.id = o.campaign_id WHERE o.id = %s
               ON CONFLICT (order_id) DO NOTHING
               RETURNING order_id, device_id, state, is_dry),
           done AS (
               INSERT INTO pipelines_done AS p (device_id, kind, name, generation, version)
               SELECT n.device_id, c.kind, c.pipeline->>'name', o.generation, (c.pipeline->>'version')::int
               FROM new n JOIN orders o ON o.id = n.order_id JOIN campaigns c ON c.id = o.campaign_id
               WHERE n.state = 'done' AND NOT n.is_dry
               ON CONFLICT (device_id, kind, name) DO UPDATE
               SET generation = excluded.generation, version = excluded.version
               WHERE (excluded.generation, excluded.version) > (p.generation, p.version))
           SELECT FROM new""",
        (*msgspec.structs.astuple(run)[:-1], Jsonb(run.steps), run.order_id),
    )
    return cursor.rowcount == 1


async def list_runs(
    tx: Connection, *, device: str, pipeline: str, campaign: str, state: str, after: str, limit: int
) -> list[RunRow]:
    """Runs, newest order first."""
    cursor = await tx.execute(
        f"""SELECT r.order_id, r.device_id, {PIPELINE}, c.kind, o.campaign_id, r.state, r.code, r.detail, r.started_at,
                   r.finished_at, r.received_at, r.steps, r.is_dry
            FROM runs r JOIN orders o ON o.id = r.order_id JOIN campaigns c ON c.id = o.campaign_id
            WHERE (%(after)s = '' OR r.order_id < nullif(%(after)s, '')::uuid)
              AND (%(device)s = '' OR r.device_id = nullif(%(device)s, '')::uuid)
              AND (%(campaign)s = '' OR o.campaign_id = nullif(%(campaign)s, '')::uuid)
              AND (%(pipeline)s IN ('', c.pipeline->>'name', {PIPELINE}))
              AND (%(state)s IN ('', r.state))
            ORDER BY r.order_id DESC LIMIT %(limit)s""",  # noqa: S608  constants of this module
        {
            "device": device, "pipeline": pipeline, "campaign": campaign, "state": state, "after": after,
            "limit": limit,
        },
    )  # fmt: skip
    return [RunRow(*row) for row in await cursor.fetchall()]


async def get_run(tx: Connection, order_id: str) -> RunRow | None:
    cursor = await tx.execute(
        f"""SELECT r.order_id, r.device_id, {PIPELINE}, c.kind, o.campaign_id, r.state, r.code, r.detail, r.started_at,
                   r.finished_at, r.received_at, r.steps, r.is_dry
            FROM runs r JOIN orders o ON o.id = r.order_id JOIN campaigns c ON c.id = o.campaign_id
            WHERE r.order_id = %s""",  # noqa: S608  constants of this module
        (order_id,),
    )
    row = await cursor.fetchone()
    return RunRow(*row) if row else None


async def list_orders(
    tx: Connection, *, device: str, campaign: str, after: str, limit: int, now: datetime
) -> list[OrderRow]:
    """Orders, newest first."""
    cursor = await tx.execute(
        f"""SELECT o.id, o.device_id, o.seq, {PIPELINE}, c.kind, o.campaign_id, {STATE}, o.created_at, o.expires_at
            FROM orders o JOIN campaigns c ON c.id = o.campaign_id JOIN devices d ON d.id = o.device_id
            LEFT JOIN runs r ON r.order_id = o.id
            WHERE (%(after)s = '' OR o.id < nullif(%(after)s, '')::uuid)
              AND (%(device)s = '' OR o.device_id = nullif(%(device)s, '')::uuid)
              AND (%(campaign)s = '' OR o.campaign_id = nullif(%(campaign)s, '')::uuid)
            ORDER BY o.id DESC LIMIT %(limit)s""",  # noqa: S608  constants of this module
        {"device": device, "campaign": campaign, "after": after, "limit": limit, "now": now},
    )
    return [OrderRow(*row) for row in await cursor.fetchall()]


class Count(msgspec.Struct, frozen=True):
    """How many devices of a ring of a campaign are in a state."""

    campaign_id: str
    ring: int
    state: str
    devices: int


async def count_by_state(tx: Connection, campaign_ids: Sequence[str], *, now: datetime) -> list[Count]:
    """Every device that these campaigns have reached, counted once: by its order, or as `waiting` for one."""
    cursor = await tx.execute(
        f"""SELECT campaign_id, ring, state, count(*) FROM runs
            WHERE campaign_id = ANY(%(campaigns)s::uuid[]) AND is_current GROUP BY 1, 2, 3
            UNION ALL
            SELECT o.campaign_id, o.ring, {OPEN}, count(*) FROM orders o JOIN campaigns c ON c.id = o.campaign_id
            LEFT JOIN {REVOKED} d ON d.id = o.device_id
            WHERE o.campaign_id = ANY(%(campaigns)s::uuid[]) AND o.is_current AND NOT {ENDED}
            GROUP BY 1, 2, 3
            UNION ALL
            SELECT w.campaign_id, w.ring, {WAITING}, count(*) FROM waiting_devices w
            JOIN campaigns c ON c.id = w.campaign_id LEFT JOIN {REVOKED} d ON d.id = w.device_id
            WHERE w.campaign_id = ANY(%(campaigns)s::uuid[])
            GROUP BY 1, 2, 3""",  # noqa: S608  constants of this module
        {"campaigns": list(campaign_ids), "now": now},
    )
    return [Count(*row) for row in await cursor.fetchall()]
