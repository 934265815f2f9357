"""SQL of the emergency stop: one row while everything is stopped."""

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


async def resume(tx: Connection) -> bool:
    """Go on; `False` when nothing was stopped."""
    await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    cursor = await tx.execute("DELETE FROM standstill")
    return cursor.rowcount == 1
