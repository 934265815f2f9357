"""SQL of a campaign that is not started: whom it would reach, ring by ring."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.conditions import predicate_of
from canopee_api.postgres.database import Connection
from canopee_contract.condition import Condition

_PLACE = """mod(mod(('x' || left(m.digest, 8))::bit(32)::bigint, 10000) * 7296
                + ('x' || substr(m.digest, 9, 8))::bit(32)::bigint, 10000)::int"""
"""`ring_position` of the contract: the first 64 bits of SHA-256, modulo 10 000; 2^32 is 7 296 modulo that."""


class Reached(msgspec.Struct, frozen=True):
    """How many devices are alike in all that a preview tells."""

    ring: int
    """0 for the first; the number of rings for a device that none reaches."""
    presence: str
    agent: str
    is_done: bool
    """It has done the same bytes with the same parameters."""
    is_elsewhere: bool
    """It has an order of that pipeline in another campaign that is not over."""
    devices: int


class Given(msgspec.Struct, frozen=True):
    """What would be given."""

    name: str
    sha256: str
    parameters: dict[str, Any]
    bounds: tuple[int, ...]
    """Of its rings, in basis points."""
    pilots: tuple[str, ...]


async def reached(
    tx: Connection,
    condition: Condition,
    given: Given,
    *,
    now: datetime,
    online_since: datetime,
    late_since: datetime,
) -> list[Reached]:
    """The devices for which a condition holds, counted by what is said of them."""
    predicate = predicate_of(condition)
    query = f"""
        WITH m AS MATERIALIZED (
            SELECT f.device_id AS id, encode(sha256(f.device_id::text::bytea), 'hex') AS digest FROM device_facts f
            WHERE NOT EXISTS (SELECT FROM devices d WHERE d.id = f.device_id AND d.state = 'revoked')
              AND {predicate.text}),
        done AS (
            SELECT DISTINCT o.device_id FROM campaigns c JOIN orders o ON o.campaign_id = c.id
            JOIN runs r ON r.order_id = o.id AND r.state = 'done'
            WHERE c.pipeline->>'sha256' = %s AND c.parameters = %s),
        elsewhere AS (
            SELECT o.device_id FROM campaigns c JOIN orders o ON o.campaign_id = c.id
            JOIN devices d ON d.id = o.device_id
            WHERE c.pipeline->>'name' = %s AND c.stopped_at IS NULL AND c.not_after > %s
              AND o.expires_at > %s AND d.generation = o.generation
              AND NOT EXISTS (SELECT FROM runs r WHERE r.order_id = o.id)
            UNION
            SELECT w.device_id FROM campaigns c JOIN waiting_devices w ON w.campaign_id = c.id
            WHERE c.pipeline->>'name' = %s AND c.stopped_at IS NULL AND c.not_after > %s)
        SELECT CASE WHEN m.id = ANY(%s::uuid[]) THEN 0 ELSE width_bucket({_PLACE}, %s::int[]) END,
               CASE WHEN p.last_seen_at > %s THEN 'online' WHEN p.last_seen_at > %s THEN 'late' ELSE 'offline' END,
               coalesce(p.agent_version, ''), done.device_id IS NOT NULL, elsewhere.device_id IS NOT NULL, count(*)
        FROM m LEFT JOIN device_presence p ON p.device_id = m.id LEFT JOIN done ON done.device_id = m.id
        LEFT JOIN elsewhere ON elsewhere.device_id = m.id
        GROUP BY 1, 2, 3, 4, 5"""  # noqa: S608  the values are parameters
    values = [
        *predicate.values, given.sha256, Jsonb(given.parameters), given.name, now, now, given.name, now,
        list(given.pilots),
        list(given.bounds), online_since, late_since,
    ]  # fmt: skip
    cursor = await tx.execute(query.encode(), values, prepare=False)
    return [Reached(*row) for row in await cursor.fetchall()]
