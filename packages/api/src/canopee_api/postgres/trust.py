"""SQL of the published TUF repository."""

from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection

_LOCK = 0x7475665F  # "tuf_": one publication at a time


class TargetRow(msgspec.Struct, frozen=True):
    """A published target."""

    path: str
    sha256: str
    is_current: bool
    published_at: datetime


async def lock_repository(tx: Connection) -> None:
    """Let other publications wait until the end of the transaction."""
    await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


async def newest_metadata(tx: Connection) -> dict[str, bytes]:
    """Role → newest bytes."""
    cursor = await tx.execute(
        "SELECT DISTINCT ON (role) role, content FROM tuf_metadata ORDER BY role, version DESC"
    )
    return {row[0]: bytes(row[1]) for row in await cursor.fetchall()}


async def newest_timestamp(tx: Connection) -> tuple[int, bytes] | None:
    """Version and bytes of the newest timestamp."""
    cursor = await tx.execute(
        "SELECT version, content FROM tuf_metadata WHERE role = 'timestamp' ORDER BY version DESC LIMIT 1"
    )
    row = await cursor.fetchone()
    return (row[0], bytes(row[1])) if row else None


async def root_versions(tx: Connection) -> list[int]:
    cursor = await tx.execute("SELECT version FROM tuf_metadata WHERE role = 'root' ORDER BY version")
    return [row[0] for row in await cursor.fetchall()]


async def metadata(tx: Connection, role: str, version: int) -> bytes | None:
    cursor = await tx.execute("SELECT content FROM tuf_metadata WHERE role = %s AND version = %s", (role, version))
    row = await cursor.fetchone()
    return bytes(row[0]) if row else None


async def insert_metadata(tx: Connection, role: str, version: int, content: bytes, *, now: datetime) -> None:
    await tx.execute("INSERT INTO tuf_metadata VALUES (%s, %s, %s, %s)", (role, version, content, now))


async def insert_target(tx: Connection, path: str, sha256: str, content: bytes | None, *, now: datetime) -> None:
    """Name a target; without `content`, its bytes are those of the file of this hash."""
    await tx.execute(
        """INSERT INTO tuf_targets VALUES (%s, %s, %s, false, %s) ON CONFLICT (path, sha256) DO NOTHING""",
        (path, sha256, content, now),
    )


async def mark_current(tx: Connection, current: dict[str, str]) -> None:
    """`current`: path → SHA-256 of every target that the newest metadata name."""
    await tx.execute(
        """UPDATE tuf_targets t SET is_current = EXISTS
               (SELECT FROM unnest(%s::text[], %s::text[]) c (path, sha256)
                WHERE c.path = t.path AND c.sha256 = t.sha256)""",
        (list(current.keys()), list(current.values())),
    )


async def target(tx: Connection, path: str, sha256: str) -> bytes | None:
    cursor = await tx.execute("SELECT content FROM tuf_targets WHERE path = %s AND sha256 = %s", (path, sha256))
    row = await cursor.fetchone()
    return bytes(row[0]) if row and row[0] is not None else None


async def is_large(tx: Connection, path: str, sha256: str) -> bool:
    """Whether this target is named, and its bytes are those of a file."""
    cursor = await tx.execute(
        "SELECT FROM tuf_targets WHERE path = %s AND sha256 = %s AND content IS NULL", (path, sha256)
    )
    return await cursor.fetchone() is not None


async def current_targets(tx: Connection) -> dict[str, bytes]:
    """Path → bytes of the targets that the newest metadata name, but for the large ones."""
    cursor = await tx.execute(
        "SELECT path, content FROM tuf_targets WHERE is_current AND content IS NOT NULL ORDER BY path"
    )
    return {row[0]: bytes(row[1]) for row in await cursor.fetchall()}


async def pipelines(tx: Connection) -> list[tuple[TargetRow, bytes]]:
    """Every pipeline ever published, with its bytes."""
    cursor = await tx.execute(
        """SELECT path, sha256, is_current, published_at, content FROM tuf_targets
           WHERE path LIKE 'pipelines/%' AND content IS NOT NULL ORDER BY path, sha256"""
    )
    return [(TargetRow(*row[:4]), bytes(row[4])) for row in await cursor.fetchall()]


async def list_targets(tx: Connection) -> list[TargetRow]:
    cursor = await tx.execute(
        "SELECT path, sha256, is_current, published_at FROM tuf_targets ORDER BY path, sha256"
    )
    return [TargetRow(*row) for row in await cursor.fetchall()]
