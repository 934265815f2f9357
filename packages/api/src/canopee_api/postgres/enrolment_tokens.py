"""SQL of enrolment tokens: only their hashes are here."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection


class TokenRow(msgspec.Struct, frozen=True):
    """One token as kept."""

    batch_id: str
    label: str
    practice_id: str
    practice_pattern: str
    needs_approval: bool
    simulated: bool
    uses: int
    used: int
    expires_at: datetime
    revoked_at: datetime | None
    device_id: str | None
    """The first device that it enrolled."""


class NewTokens(msgspec.Struct, frozen=True, kw_only=True):
    """What tokens made together share."""

    batch_id: str
    label: str
    practice_id: str
    practice_pattern: str
    needs_approval: bool
    simulated: bool
    uses: int
    created_by: str
    created_at: datetime
    expires_at: datetime


class BatchRow(msgspec.Struct, frozen=True):
    """Tokens made together, and what is left of them."""

    id: str
    label: str
    practice_id: str
    practice_pattern: str
    needs_approval: bool
    simulated: bool
    tokens: int
    uses: int
    used: int
    waiting: int
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


_COLUMNS = """batch_id, label, practice_id, practice_pattern, needs_approval, simulated, uses, used, expires_at,
              revoked_at, device_id"""
# A process of an older version writes device_id only.
_USED = "greatest(used, (device_id IS NOT NULL)::int)"


async def insert_tokens(tx: Connection, hashes: Sequence[bytes], new: NewTokens) -> None:
    await tx.execute(
        """INSERT INTO enrolment_tokens (sha256, batch_id, label, practice_id, practice_pattern, needs_approval,
               simulated, uses, created_by, created_at, expires_at)
           SELECT h, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM unnest(%s::bytea[]) h""",
        (*msgspec.structs.astuple(new), list(hashes)),
    )


async def lock_token(tx: Connection, sha256: bytes) -> TokenRow | None:
    """A token, locked until the end of the transaction: its uses are counted exactly."""
    cursor = await tx.execute(f"SELECT {_COLUMNS} FROM enrolment_tokens WHERE sha256 = %s FOR UPDATE", (sha256,))  # noqa: S608  our own names
    row = await cursor.fetchone()
    return TokenRow(*row) if row else None


async def use_token(tx: Connection, sha256: bytes, device_id: str) -> None:
    await tx.execute(
        f"""UPDATE enrolment_tokens SET used = {_USED} + 1, device_id = coalesce(device_id, %s)
            WHERE sha256 = %s""",  # noqa: S608  our own names
        (device_id, sha256),
    )


async def revoke_tokens(tx: Connection, batch_id: str, *, now: datetime) -> int:
    """End the tokens of a batch; how many were not revoked yet."""
    cursor = await tx.execute(
        "UPDATE enrolment_tokens SET revoked_at = %s WHERE batch_id = %s AND revoked_at IS NULL", (now, batch_id)
    )
    return cursor.rowcount


async def list_batches(tx: Connection, *, after: str = "", limit: int = 1, only: str = "") -> list[BatchRow]:
    """Batches, newest first; those before `after`, or `only` one."""
    cursor = await tx.execute(
        f"""SELECT batch_id, min(label), min(practice_id), min(practice_pattern), bool_or(needs_approval),
                   bool_or(simulated), count(*), sum(uses), sum({_USED}),
                   (SELECT count(*) FROM enrolment_requests r JOIN enrolment_tokens o ON o.sha256 = r.token_sha256
                    WHERE o.batch_id = t.batch_id AND r.state = 'waiting'),
                   min(created_by), min(created_at), max(expires_at), max(revoked_at)
            FROM enrolment_tokens t
            WHERE (%(after)s = '' OR batch_id < nullif(%(after)s, '')::uuid)
              AND (%(only)s = '' OR batch_id = nullif(%(only)s, '')::uuid)
            GROUP BY batch_id ORDER BY batch_id DESC LIMIT %(limit)s""",  # noqa: S608  our own names
        {"after": after, "limit": limit, "only": only},
    )
    return [BatchRow(*row) for row in await cursor.fetchall()]
