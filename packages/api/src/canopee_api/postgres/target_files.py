"""SQL of the files too large for one row: releases of the agent, in parts."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection

PART_BYTES = 262_144
"""Of every part but the last."""


class FileRow(msgspec.Struct, frozen=True):
    """A file that is being received, or was."""

    sha256: str
    length: int
    received: int
    is_complete: bool


async def get_file(tx: Connection, sha256: str) -> FileRow | None:
    cursor = await tx.execute(
        "SELECT sha256, length, received, is_complete FROM target_files WHERE sha256 = %s", (sha256,)
    )
    row = await cursor.fetchone()
    return FileRow(*row) if row else None


async def begin_file(tx: Connection, sha256: str, length: int, *, now: datetime) -> FileRow:
    """The file of this hash, made when it is not known, and locked until the end of the transaction."""
    await tx.execute(
        "INSERT INTO target_files (sha256, length, touched_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (sha256, length, now),
    )
    cursor = await tx.execute(
        "SELECT sha256, length, received, is_complete FROM target_files WHERE sha256 = %s FOR UPDATE", (sha256,)
    )
    row = await cursor.fetchone()
    return FileRow(*row) if row else FileRow(sha256, length, 0, is_complete=False)


async def add_parts(tx: Connection, sha256: str, first: int, parts: Sequence[bytes], *, now: datetime) -> None:
    """Append parts; `first` is the number of the first one."""
    async with tx.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO target_parts VALUES (%s, %s, %s)",
            [(sha256, number, part) for number, part in enumerate(parts, start=first)],
        )
    await tx.execute(
        "UPDATE target_files SET received = received + %s, touched_at = %s WHERE sha256 = %s",
        (sum(map(len, parts)), now, sha256),
    )


async def part(tx: Connection, sha256: str, number: int) -> bytes | None:
    cursor = await tx.execute(
        "SELECT content FROM target_parts WHERE sha256 = %s AND n = %s", (sha256, number), binary=True
    )
    row = await cursor.fetchone()
    return bytes(row[0]) if row else None


async def mark_complete(tx: Connection, sha256: str) -> None:
    await tx.execute("UPDATE target_files SET is_complete = true WHERE sha256 = %s", (sha256,))


async def delete_file(tx: Connection, sha256: str) -> None:
    await tx.execute("DELETE FROM target_files WHERE sha256 = %s", (sha256,))


async def complete_files(tx: Connection, sha256s: Sequence[str], *, now: datetime) -> dict[str, int]:
    """SHA-256 → length of those that are whole; touched, so that none is removed before it is named."""
    cursor = await tx.execute(
        "UPDATE target_files SET touched_at = %s WHERE sha256 = ANY(%s) AND is_complete RETURNING sha256, length",
        (now, list(sha256s)),
    )
    return dict(await cursor.fetchall())


async def delete_unnamed(tx: Connection, *, untouched_since: datetime) -> list[str]:
    """Remove the files that the newest metadata do not name, unless somebody was at them; their hashes."""
    cursor = await tx.execute(
        """DELETE FROM target_files f WHERE touched_at < %s
               AND NOT EXISTS (SELECT FROM tuf_targets t WHERE t.sha256 = f.sha256 AND t.is_current)
           RETURNING sha256""",
        (untouched_since,),
    )
    return [row[0] for row in await cursor.fetchall()]
