"""SQL of a campaign that is not started: whom it would reach, ring by ring."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.conditions import predicate_of
from canopee_api.postgres.database import Connection
from canopee_api.postgres.orders import ENDED
from canopee_contract.condition import Condition


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
            SELECT d.id, d.place FROM device_facts f JOIN devices d ON d.id = f.device_id
            WHERE d.state <> 'revoked' AND {predicate.text}),
        done AS (
            SELECT DISTINCT r.device_id FROM campaigns c JOIN runs r ON r.campaign_id = c.id AND r.state = 'done'
            WHERE NOT c.is_dry AND c.pipeline->>'sha256' = %s AND c.parameters = %s),
        elsewhere AS (
            SELECT o.device_id FROM campaigns c JOIN orders o ON o.campaign_id = c.id
            WHERE NOT c.is_dry AND c.pipeline->>'name' = %s AND c.stopped_at IS NULL AND c.not_after > %s
              AND o.expires_at > %s AND o.is_current AND NOT {ENDED}
            UNION
            SELECT w.device_id FROM campaigns c JOIN waiting_devices w ON w.campaign_id = c.id
            WHERE c.pipeline->>'name' = %s AND c.stopped_at IS NULL AND c.not_after > %s)
        SELECT CASE WHEN m.id = ANY(%s::uuid[]) THEN 0 ELSE width_bucket(m.place, %s::int[]) END,
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
