"""SQL of releases of the agent: who runs which, and whose update failed."""

import msgspec

from canopee_api.postgres.database import Connection


class FleetPart(msgspec.Struct, frozen=True):
    """Devices that are alike, as far as updates go; empty where they do not say."""

    family: str
    arch: str
    version: str
    update_failed: str
    """`<version> <reason>` of an update that was returned."""
    devices: int


async def fleet_by_version(tx: Connection) -> list[FleetPart]:
    """The fleet, by platform, version and what failed; one pass over the facts."""
    cursor = await tx.execute(
        """SELECT coalesce(f.facts->>'os.family', ''), coalesce(f.facts->>'os.arch', ''),
                  coalesce(f.facts->>'agent.version', ''), coalesce(f.facts->>'agent.update_failed', ''), count(*)
           FROM device_facts f JOIN devices d ON d.id = f.device_id WHERE d.state <> 'revoked'
           GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
    )
    return [FleetPart(*row) for row in await cursor.fetchall()]


async def failed_updates(tx: Connection, pipeline: str) -> list[tuple[str, str, int]]:
    """Path of a release, code, and how many devices whose newest run for it failed so."""
    cursor = await tx.execute(
        """SELECT path, code, count(*) FROM (
               SELECT DISTINCT ON (c.parameters->>'path', r.device_id) c.parameters->>'path' AS path, r.state, r.code
               FROM campaigns c JOIN orders o ON o.campaign_id = c.id JOIN runs r ON r.order_id = o.id
               WHERE c.pipeline->>'name' = %s AND c.parameters ? 'path' AND NOT c.is_dry
               ORDER BY c.parameters->>'path', r.device_id, r.order_id DESC) newest
           WHERE state IN ('failed', 'timed_out', 'unknown') GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2""",
        (pipeline,),
    )
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]
