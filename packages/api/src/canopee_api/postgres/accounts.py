"""SQL of people: users, sessions, API keys, audit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.database import Connection

_AUDIT_LOCK = 0x61756469  # "audi": one link of the chain at a time


class UserRow(msgspec.Struct, frozen=True):
    """A local account."""

    login: str
    password_hash: str
    roles: list[str]
    state: str
    created_at: datetime


class ApiKeyRow(msgspec.Struct, frozen=True):
    """An API key; `owner_roles` and `owner_state` are those of its owner now."""

    id: str
    sha256: bytes
    name: str
    owner: str
    roles: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    owner_roles: list[str]
    owner_state: str


class AuditRow(msgspec.Struct, frozen=True):
    """One link of the chain."""

    n: int
    at: datetime
    actor: str
    action: str
    object: str
    detail: dict[str, Any]
    previous: bytes
    sha256: bytes


_USER = "SELECT login, password_hash, roles, state, created_at FROM users "
_KEY = """SELECT k.id, k.sha256, k.name, k.owner, k.roles, k.created_at, k.expires_at, k.revoked_at, u.roles,
                 u.state
          FROM api_keys k JOIN users u ON u.login = k.owner """


async def get_user(tx: Connection, login: str) -> UserRow | None:
    cursor = await tx.execute(_USER + "WHERE login = %s", (login,))
    row = await cursor.fetchone()
    return UserRow(*row) if row else None


async def list_users(tx: Connection) -> list[UserRow]:
    cursor = await tx.execute(_USER + "ORDER BY login")
    return [UserRow(*row) for row in await cursor.fetchall()]


async def insert_user(tx: Connection, row: UserRow) -> bool:
    """Store an account; `False` when its login is taken."""
    cursor = await tx.execute(
        "INSERT INTO users (login, password_hash, roles, state, created_at) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        (row.login, row.password_hash, row.roles, row.state, row.created_at),
    )
    return cursor.rowcount == 1


async def insert_session(
    tx: Connection, sha256: bytes, login: str, *, now: datetime, expires_at: datetime
) -> None:
    await tx.execute("DELETE FROM sessions WHERE expires_at < %s", (now,))
    await tx.execute("INSERT INTO sessions VALUES (%s, %s, %s)", (sha256, login, expires_at))


async def user_of_session(tx: Connection, sha256: bytes, *, now: datetime) -> UserRow | None:
    cursor = await tx.execute(
        _USER + "JOIN sessions s USING (login) WHERE s.sha256 = %s AND s.expires_at > %s AND state = 'active'",
        (sha256, now),
    )
    row = await cursor.fetchone()
    return UserRow(*row) if row else None


async def set_password(tx: Connection, login: str, password_hash: str, *, keep: bytes) -> None:
    """Take another password, and end the sessions of the account but the one of `keep`."""
    await tx.execute("UPDATE users SET password_hash = %s WHERE login = %s", (password_hash, login))
    await tx.execute("DELETE FROM sessions WHERE login = %s AND sha256 <> %s", (login, keep))


async def delete_session(tx: Connection, sha256: bytes) -> bool:
    """End a session; `False` when there is none."""
    cursor = await tx.execute("DELETE FROM sessions WHERE sha256 = %s", (sha256,))
    return cursor.rowcount == 1


async def insert_api_key(tx: Connection, row: ApiKeyRow) -> None:
    await tx.execute(
        """INSERT INTO api_keys (id, sha256, name, owner, roles, created_at, expires_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s)""",
        (row.id, row.sha256, row.name, row.owner, row.roles, row.created_at, row.expires_at),
    )


async def get_api_key(tx: Connection, key_id: str) -> ApiKeyRow | None:
    cursor = await tx.execute(_KEY + "WHERE k.id = %s", (key_id,))
    row = await cursor.fetchone()
    return _key(row) if row else None


async def list_api_keys(tx: Connection) -> list[ApiKeyRow]:
    cursor = await tx.execute(_KEY + "ORDER BY k.created_at DESC")
    return [_key(row) for row in await cursor.fetchall()]


async def revoke_api_key(tx: Connection, key_id: str, *, now: datetime) -> bool:
    cursor = await tx.execute(
        "UPDATE api_keys SET revoked_at = %s WHERE id = %s AND revoked_at IS NULL", (now, key_id)
    )
    return cursor.rowcount == 1


async def last_audit(tx: Connection) -> tuple[int, bytes] | None:
    """Lock the chain; number and hash of its last link."""
    await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_AUDIT_LOCK,))
    cursor = await tx.execute("SELECT n, sha256 FROM audit ORDER BY n DESC LIMIT 1")
    row = await cursor.fetchone()
    return (row[0], bytes(row[1])) if row else None


async def insert_audit(tx: Connection, row: AuditRow) -> None:
    await tx.execute(
        "INSERT INTO audit VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (row.n, row.at, row.actor, row.action, row.object, Jsonb(row.detail), row.previous, row.sha256),
    )


async def list_audit(tx: Connection, *, after: int, limit: int, subject: str = "") -> list[AuditRow]:
    """Links, newest first; those about one object, when it is named."""
    cursor = await tx.execute(
        f"""SELECT * FROM audit WHERE (%(after)s = 0 OR n < %(after)s) {"AND object = %(subject)s" if subject else ""}
            ORDER BY n DESC LIMIT %(limit)s""",  # noqa: S608  constants of this module
        {"after": after, "limit": limit, "subject": subject},
    )
    return [AuditRow(*row) for row in await cursor.fetchall()]


def _key(row: Sequence[Any]) -> ApiKeyRow:
    return ApiKeyRow(row[0], bytes(row[1]), *row[2:])
