"""SQL of facts: the present ones, and what changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.database import Connection
from canopee_contract.condition import Scalar

Changes: TypeAlias = Mapping[str, tuple[Scalar | None, Scalar | None]]
"""Name → old and new value; `None` where the fact was, or is, absent."""


class ChangeRow(msgspec.Struct, frozen=True):
    """One set of facts that replaced another."""

    n: int
    at: datetime
    changes: dict[str, list[Any]]


async def lock_facts(tx: Connection, device_id: str) -> tuple[str, dict[str, Scalar]] | None:
    """Hash and facts of a device, locked until the end of the transaction; `None` before its first ones."""
    cursor = await tx.execute("SELECT hash, facts FROM device_facts WHERE device_id = %s FOR UPDATE", (device_id,))
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None


async def store_facts(
    tx: Connection, device_id: str, *, digest: str, facts: dict[str, Scalar], now: datetime
) -> bool:
    """Store facts; `False` when these were known already."""
    cursor = await tx.execute(
        """INSERT INTO device_facts (device_id, hash, facts, changed_at) VALUES (%s, %s, %s, %s)
           ON CONFLICT (device_id) DO UPDATE
           SET hash = excluded.hash, facts = excluded.facts, changed_at = excluded.changed_at, is_considered = false
           WHERE device_facts.hash <> excluded.hash""",
        (device_id, digest, Jsonb(facts), now),
    )
    return cursor.rowcount == 1


async def insert_changes(tx: Connection, device_id: str, changes: Changes, now: datetime) -> None:
    await tx.execute(
        "INSERT INTO fact_changes (device_id, at, changes) VALUES (%s, %s, %s)", (device_id, now, Jsonb(changes))
    )


async def list_changes(tx: Connection, device_id: str, *, after: int, limit: int) -> list[ChangeRow]:
    """Changes of a device, newest first: those before `after`, or all of them when it is 0."""
    cursor = await tx.execute(
        """SELECT n, at, changes FROM fact_changes WHERE device_id = %(device)s AND (%(after)s = 0 OR n < %(after)s)
           ORDER BY n DESC LIMIT %(limit)s""",
        {"device": device_id, "after": after, "limit": limit},
    )
    return [ChangeRow(*row) for row in await cursor.fetchall()]
