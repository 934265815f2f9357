"""SQL of selections: lists of devices that do not change any more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.database import Connection


class SelectionRow(msgspec.Struct, frozen=True):
    """A selection."""

    id: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    device_ids: list[str]


async def insert_selection(tx: Connection, selection: SelectionRow, query: dict[str, Any] | None) -> None:
    row = selection
    await tx.execute(
        """INSERT INTO selections (id, created_by, created_at, expires_at, query, device_ids)
           VALUES (%s, %s, %s, %s, %s, %s::uuid[])""",
        (
            row.id, row.created_by, row.created_at, row.expires_at, Jsonb(query) if query is not None else None,
            row.device_ids,
        ),
    )  # fmt: skip


async def get_selection(tx: Connection, selection_id: str, *, now: datetime) -> SelectionRow | None:
    """A selection that has not expired."""
    cursor = await tx.execute(
        """SELECT id, created_by, created_at, expires_at, device_ids FROM selections
           WHERE id = %s AND expires_at > %s""",
        (selection_id, now),
    )
    row = await cursor.fetchone()
    return SelectionRow(*row) if row else None


async def delete_expired(tx: Connection, *, now: datetime) -> int:
    """Forget what has expired; how many."""
    cursor = await tx.execute("DELETE FROM selections WHERE expires_at <= %s", (now,))
    return cursor.rowcount


async def first_by_name(tx: Connection, ids: Sequence[str], limit: int) -> list[str]:
    """The first of these devices, by name."""
    cursor = await tx.execute(
        """SELECT id FROM devices WHERE id = ANY(%s::uuid[]) ORDER BY folded(hostname) COLLATE "C", id LIMIT %s""",
        (list(ids), limit),
    )
    return [row[0] for row in await cursor.fetchall()]
