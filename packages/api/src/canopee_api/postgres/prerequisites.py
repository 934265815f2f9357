"""SQL of prerequisites: which devices have not done what a campaign comes after."""

from collections.abc import Sequence

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.conditions import predicate_of
from canopee_api.postgres.database import Connection
from canopee_contract.campaign import Prerequisite
from canopee_contract.condition import Condition

_LACKING = """EXISTS (SELECT FROM jsonb_to_recordset({asked}) p (kind text, pipeline text, version int)
    WHERE NOT EXISTS (SELECT FROM pipelines_done x
                      WHERE x.device_id = d.id AND x.generation = d.generation AND x.kind = p.kind
                        AND x.name = p.pipeline AND x.version >= p.version))"""
LACKING = _LACKING.format(asked="c.prerequisites")
"""Whether a device `d` has not done all that a campaign `c` comes after."""


async def count_waiting(tx: Connection, campaign_id: str, ring: int) -> int:
    """Devices of the rings up to `ring` whose order waits for what the campaign comes after."""
    cursor = await tx.execute(
        f"""SELECT count(*) FROM waiting_devices w JOIN campaigns c ON c.id = w.campaign_id
            JOIN devices d ON d.id = w.device_id
            WHERE w.campaign_id = %s AND w.ring <= %s AND d.state <> 'revoked' AND {LACKING}""",  # noqa: S608  constants of this module
        (campaign_id, ring),
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def count_lacking(tx: Connection, condition: Condition, asked: Sequence[Prerequisite]) -> int:
    """Of the devices for which a condition holds, those that have not done all of these."""
    predicate = predicate_of(condition)
    query = f"""SELECT count(*) FROM device_facts f JOIN devices d ON d.id = f.device_id
                WHERE d.state <> 'revoked' AND {predicate.text} AND {_LACKING.format(asked="%s::jsonb")}"""  # noqa: S608  the values are parameters
    values = [*predicate.values, Jsonb(msgspec.to_builtins(asked))]
    row = await (await tx.execute(query.encode(), values, prepare=False)).fetchone()
    return row[0] if row else 0
