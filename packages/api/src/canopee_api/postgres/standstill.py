"""SQL of the emergency stop: one row while everything is stopped, and one for each time that it was."""

from datetime import datetime

from canopee_api.postgres.database import Connection
from canopee_contract.standstill import Standstill

_LOCK = 0x73746F70  # "stop": stops and resumes come one after the other


async def standstill(tx: Connection) -> Standstill | None:
    """Since when, by whom and why everything is stopped; `None` when it is not."""
    cursor = await tx.execute("SELECT since, stopped_by, reason FROM standstill")
    row = await cursor.fetchone()
    return Standstill(*row) if row else None


async def stop(tx: Connection, now: datetime, by: str, reason: str) -> bool:
    """Stop everything; `False` when it is stopped already."""
    await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    cursor = await tx.execute(
        "INSERT INTO standstill (since, stopped_by, reason) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (now, by, reason),
    )
    return cursor.rowcount == 1


async def resume(tx: Connection, now: datetime) -> bool:
    """Go on, and remember for how long everything was stopped; `False` when nothing was."""
    await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    cursor = await tx.execute(
        """WITH ended AS (DELETE FROM standstill RETURNING since)
           INSERT INTO past_standstills (since, until) SELECT since, greatest(since, %s) FROM ended""",
        (now,),
    )
    return cursor.rowcount == 1


async def standstills_since(tx: Connection, first: datetime) -> list[tuple[datetime, datetime]]:
    """From when to when everything was stopped, for each time that ended after an instant."""
    cursor = await tx.execute(
        "SELECT since, until FROM past_standstills WHERE until > %s ORDER BY until", (first,)
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]
