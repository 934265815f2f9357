"""SQL of the codes that support dictates."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.database import Connection

_COLUMNS = "id, asked, created_by, created_at, expires_at, device_id, request_id"


class LogCodeRow(msgspec.Struct, frozen=True):
    """A code; `asked` is a `NewLogCode` as JSON."""

    id: str
    asked: dict[str, Any]
    created_by: str
    created_at: datetime
    expires_at: datetime
    device_id: str | None = None
    request_id: str | None = None


async def insert_code(tx: Connection, row: LogCodeRow, sha256: bytes) -> bool:
    """Store a code; `False` when another one is the same."""
    cursor = await tx.execute(
        """INSERT INTO log_codes (id, sha256, asked, created_by, created_at, expires_at)
           VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (sha256) DO NOTHING""",
        (row.id, sha256, Jsonb(row.asked), row.created_by, row.created_at, row.expires_at),
    )
    return cursor.rowcount == 1


async def hold_code(tx: Connection, sha256: bytes) -> LogCodeRow | None:
    """The code of this hash, locked to the end of the transaction."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM log_codes WHERE sha256 = %s FOR UPDATE",  # noqa: S608  constants of this module
        (sha256,),
    )
    row = await cursor.fetchone()
    return LogCodeRow(*row) if row else None


async def claim(tx: Connection, code_id: str, device_id: str) -> None:
    """The code is this device's from now on."""
    await tx.execute("UPDATE log_codes SET device_id = %s WHERE id = %s", (device_id, code_id))


async def answered(tx: Connection, code_id: str, request_id: str) -> None:
    """What the code became."""
    await tx.execute("UPDATE log_codes SET request_id = %s WHERE id = %s", (request_id, code_id))


async def list_codes(tx: Connection, *, after: str, limit: int) -> list[LogCodeRow]:
    """Codes, newest first."""
    cursor = await tx.execute(
        f"""SELECT {_COLUMNS} FROM log_codes WHERE (%(after)s = '' OR id < nullif(%(after)s, '')::uuid)
            ORDER BY id DESC LIMIT %(limit)s""",  # noqa: S608  constants of this module
        {"after": after, "limit": limit},
    )
    return [LogCodeRow(*row) for row in await cursor.fetchall()]
