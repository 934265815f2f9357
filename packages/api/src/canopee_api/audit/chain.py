"""The audit chain: each link holds the hash of the one before, so that a change or a loss shows."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from canopee_api.postgres.accounts import AuditRow, insert_audit, last_audit
from canopee_api.postgres.database import Connection
from canopee_contract.codec import encode

_GENESIS = bytes(32)


async def note(
    tx: Connection,
    now: datetime,
    actor: str,
    action: str,
    subject: str,
    **detail: Any,  # noqa: ANN401  JSON values
) -> None:
    """Add a link, in the transaction of what it tells."""
    number, previous = await last_audit(tx) or (0, _GENESIS)
    digest = link_hash(previous, number + 1, now, [actor, action, subject, detail])
    await insert_audit(tx, AuditRow(number + 1, now, actor, action, subject, detail, previous, digest))


def link_hash(previous: bytes, number: int, at: datetime, content: Sequence[Any]) -> bytes:
    """SHA-256 of the hash before and of everything in the link."""
    return hashlib.sha256(previous + encode([number, at.timestamp(), *content])).digest()


def first_broken(rows: Sequence[AuditRow]) -> int | None:
    """Number of the first link, in increasing order, that does not follow; `None` when the chain holds."""
    previous, expected = _GENESIS, 1
    for row in rows:
        content = [row.actor, row.action, row.object, row.detail]
        if row.n != expected or row.previous != previous:
            return expected
        if link_hash(previous, row.n, row.at, content) != row.sha256:
            return row.n
        previous, expected = row.sha256, expected + 1
    return None
