"""The enrolment tokens that people give out: made, listed, revoked."""

import hashlib
import secrets
from datetime import datetime, timedelta

from canopee_api.audit.chain import note
from canopee_api.devices.globs import MAX_GLOB, is_glob
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.postgres import enrolment_tokens as sql
from canopee_api.postgres.database import Database
from canopee_api.postgres.enrolment_requests import close_requests
from canopee_contract.admission import TokenBatch
from canopee_contract.people import EnrolmentTokens, NewEnrolmentTokens
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id, new_id

MAX_TOKENS = 10_000
MAX_USES = 100_000
_LONGEST_LIFE_S = 90 * 86_400
_TEXT = 255


class TokenOffice:
    """Gives out tokens; only their hashes are kept."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def mint(self, new: NewEnrolmentTokens, *, by: str) -> EnrolmentTokens:
        """New tokens, shown in the answer only.

        Raises:
            InvalidError: a count, a duration or a practice that is not acceptable.
        """
        _check(new)
        now = self._clock.now()
        tokens = [f"cpe_{secrets.token_urlsafe(24)}" for _ in range(new.count)]
        expires_at, batch_id = now + timedelta(seconds=new.expires_in_s), new_id(now)
        row = sql.NewTokens(
            batch_id=batch_id, label=new.label, practice_id=new.practice_id, practice_pattern=new.practice_pattern,
            needs_approval=new.needs_approval, simulated=new.simulated, uses=new.uses, created_by=by, created_at=now,
            expires_at=expires_at,
        )  # fmt: skip
        async with self._database.transaction() as tx:
            await sql.insert_tokens(tx, [token_hash(token) for token in tokens], row)
            await note(
                tx, now, by, "enrolment.mint", new.practice_id, count=new.count, simulated=new.simulated,
                batch=batch_id, uses=new.uses, pattern=new.practice_pattern, needs_approval=new.needs_approval,
                label=new.label,
            )  # fmt: skip
        return EnrolmentTokens(tokens, expires_at, batch_id)

    async def batches(self, *, after: str, limit: int) -> list[TokenBatch]:
        """What was given out, newest first."""
        async with self._database.transaction() as tx:
            rows = await sql.list_batches(tx, after=after, limit=limit)
        return [_batch(row, self._clock.now()) for row in rows]

    async def revoke(self, batch_id: str, *, by: str) -> TokenBatch:
        """End the tokens of a batch, and what waits with them; the devices that they enrolled stay.

        Raises:
            NotFoundError: there is no such batch.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            revoked = await sql.revoke_tokens(tx, batch_id, now=now) if is_id(batch_id) else 0
            rows = await sql.list_batches(tx, only=batch_id) if is_id(batch_id) else []
            if not rows:
                raise NotFoundError("enrolment.batch_unknown", f"there are no tokens {batch_id[:40]}")
            if revoked:
                ended = await close_requests(tx, batch_id, reason="its token was revoked", by=by, now=now)
                await note(tx, now, by, "enrolment.revoke", batch_id, tokens=revoked, requests=ended)
                rows = await sql.list_batches(tx, only=batch_id)
        return _batch(rows[0], now)


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def _check(new: NewEnrolmentTokens) -> None:
    if not 1 <= new.count <= MAX_TOKENS:
        raise InvalidError("enrolment.count", f"1 to {MAX_TOKENS} tokens at once", at="$.count")
    if not 1 <= new.uses <= MAX_USES:
        raise InvalidError("enrolment.uses", f"1 to {MAX_USES} uses of each token", at="$.uses")
    if not 1 <= new.expires_in_s <= _LONGEST_LIFE_S:
        raise InvalidError("enrolment.expiry", "1 second to 90 days", at="$.expires_in_s")
    for field, text in (("practice", new.practice_id), ("label", new.label)):
        if len(text) > _TEXT:
            at = "$.practice_id" if field == "practice" else "$.label"
            raise InvalidError(f"enrolment.{field}", f"at most {_TEXT} characters", at=at)
    if new.practice_pattern and not is_glob(new.practice_pattern):
        raise InvalidError(
            "enrolment.pattern", f"1 to {MAX_GLOB} printable characters, as FR-69-*", at="$.practice_pattern"
        )
    if new.practice_pattern and new.practice_id:
        raise InvalidError(
            "enrolment.practice", "name one practice, or a pattern of practices, not both", at="$.practice_pattern"
        )


def _batch(row: sql.BatchRow, now: datetime) -> TokenBatch:
    left = max(0, row.uses - row.used)
    state = (
        "revoked" if row.revoked_at else "spent" if not left else "expired" if row.expires_at <= now else "active"
    )
    return TokenBatch(
        id=row.id, label=row.label, practice_id=row.practice_id, practice_pattern=row.practice_pattern,
        needs_approval=row.needs_approval, simulated=row.simulated, tokens=row.tokens, uses=row.uses,
        left=left if state == "active" else 0, waiting=row.waiting, state=state, created_by=row.created_by,
        created_at=row.created_at, expires_at=row.expires_at,
    )  # fmt: skip
