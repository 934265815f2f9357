"""SQL of what people add to devices: tags and notes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection


class NoteRow(msgspec.Struct, frozen=True):
    """A note."""

    id: str
    device_id: str
    author: str
    at: datetime
    text: str


async def known(tx: Connection, ids: Sequence[str]) -> list[str]:
    """Those of these ids that are devices."""
    cursor = await tx.execute("SELECT id FROM devices WHERE id = ANY(%s::uuid[]) ORDER BY id", (list(ids),))
    return [row[0] for row in await cursor.fetchall()]


async def add_tags(tx: Connection, ids: Sequence[str], tags: Sequence[str], *, by: str, now: datetime) -> int:
    """Give tags to devices; how many were really given."""
    cursor = await tx.execute(
        """INSERT INTO device_tags (tag, device_id, given_by, given_at)
           SELECT tag, id, %s, %s FROM unnest(%s::text[]) tag, unnest(%s::uuid[]) id
           ORDER BY 1, 2 ON CONFLICT DO NOTHING""",
        (by, now, list(tags), list(ids)),
    )
    return cursor.rowcount


async def remove_tags(tx: Connection, ids: Sequence[str], tags: Sequence[str]) -> int:
    """Take tags from devices; how many were really taken."""
    cursor = await tx.execute(
        "DELETE FROM device_tags WHERE tag = ANY(%s::text[]) AND device_id = ANY(%s::uuid[])",
        (list(tags), list(ids)),
    )
    return cursor.rowcount


async def list_tags(tx: Connection, *, after: str, limit: int) -> list[tuple[str, int]]:
    """The tags in use, and how many devices have each."""
    cursor = await tx.execute(
        """SELECT tag, count(*) FROM device_tags WHERE tag COLLATE "C" > %s
           GROUP BY tag ORDER BY tag COLLATE "C" LIMIT %s""",
        (after, limit),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def insert_note(tx: Connection, note: NoteRow) -> None:
    await tx.execute(
        "INSERT INTO device_notes (id, device_id, author, at, text) VALUES (%s, %s, %s, %s, %s)",
        msgspec.structs.astuple(note),
    )


async def list_notes(tx: Connection, device_id: str, *, after: str, limit: int) -> list[NoteRow]:
    """Notes of a device, newest first."""
    cursor = await tx.execute(
        """SELECT id, device_id, author, at, text FROM device_notes
           WHERE device_id = %(device)s AND (%(after)s = '' OR id < nullif(%(after)s, '')::uuid)
           ORDER BY id DESC LIMIT %(limit)s""",
        {"device": device_id, "after": after, "limit": limit},
    )
    return [NoteRow(*row) for row in await cursor.fetchall()]


async def get_note(tx: Connection, device_id: str, note_id: str) -> NoteRow | None:
    cursor = await tx.execute(
        "SELECT id, device_id, author, at, text FROM device_notes WHERE id = %s AND device_id = %s",
        (note_id, device_id),
    )
    row = await cursor.fetchone()
    return NoteRow(*row) if row else None


async def delete_note(tx: Connection, note_id: str) -> None:
    await tx.execute("DELETE FROM device_notes WHERE id = %s", (note_id,))
