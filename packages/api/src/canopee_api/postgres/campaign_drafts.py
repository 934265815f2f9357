"""SQL of the documents of campaigns that wait for their approvers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from canopee_api.postgres.database import Connection

_SELECT = """SELECT d.id, d.envelope, d.document_sha256, d.submitted_by, d.created_at, d.withdrawn_at, c.id IS NOT NULL
             FROM campaign_drafts d LEFT JOIN campaigns c ON c.id = d.id """


class DraftRow(msgspec.Struct, frozen=True):
    """A document and the signatures that it has so far."""

    id: str
    envelope: bytes
    document_sha256: str
    submitted_by: str
    created_at: datetime
    withdrawn_at: datetime | None = None
    is_started: bool = False


async def insert_draft(tx: Connection, row: DraftRow) -> bool:
    """Store a document; `False` when its id is known."""
    cursor = await tx.execute(
        """INSERT INTO campaign_drafts (id, envelope, document_sha256, submitted_by, created_at)
           VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING""",
        (row.id, row.envelope, row.document_sha256, row.submitted_by, row.created_at),
    )
    return cursor.rowcount == 1


async def lock_draft(tx: Connection, draft_id: str) -> DraftRow | None:
    """One document, which nobody else signs or withdraws meanwhile."""
    cursor = await tx.execute(_SELECT + "WHERE d.id = %s FOR UPDATE OF d", (draft_id,))
    row = await cursor.fetchone()
    return _row(row) if row else None


async def list_drafts(tx: Connection, *, is_open: bool, after: str, limit: int) -> list[DraftRow]:
    """Documents, newest first; `is_open`: neither started, nor withdrawn."""
    cursor = await tx.execute(
        _SELECT
        + """WHERE (%(after)s = '' OR d.id < nullif(%(after)s, '')::uuid)
               AND (NOT %(open)s OR (c.id IS NULL AND d.withdrawn_at IS NULL))
             ORDER BY d.id DESC LIMIT %(limit)s""",
        {"after": after, "open": is_open, "limit": limit},
    )
    return [_row(row) for row in await cursor.fetchall()]


async def set_envelope(tx: Connection, draft_id: str, envelope: bytes) -> None:
    """The same document, with other signatures."""
    await tx.execute("UPDATE campaign_drafts SET envelope = %s WHERE id = %s", (envelope, draft_id))


async def withdraw_draft(tx: Connection, draft_id: str, *, now: datetime) -> None:
    """Nobody is to sign or start it any more."""
    await tx.execute("UPDATE campaign_drafts SET withdrawn_at = %s WHERE id = %s", (now, draft_id))


def _row(row: Sequence[Any]) -> DraftRow:
    return DraftRow(row[0], bytes(row[1]), *row[2:])
