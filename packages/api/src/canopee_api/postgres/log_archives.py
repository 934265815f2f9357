"""SQL of what came: archives, where they were forwarded, what is left of those that were purged."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection


class ArchiveRow(msgspec.Struct, frozen=True):
    """A file that a device sent, or sends."""

    step: str
    name: str
    sha256: str
    size_bytes: int
    received_bytes: int
    is_whole: bool
    forward: str | None
    forward_error: str


async def archives_of(tx: Connection, order_ids: Sequence[str]) -> dict[str, list[ArchiveRow]]:
    """By order, in the order in which they were begun."""
    cursor = await tx.execute(
        """SELECT u.order_id, u.step, u.name, u.sha256, u.length, u.received, u.is_complete, f.state,
                  coalesce(f.error, '')
           FROM uploads u LEFT JOIN log_forwards f ON f.upload_id = u.id
           WHERE u.order_id = ANY(%s::uuid[]) ORDER BY u.begun_at, u.id""",
        (list(order_ids),),
    )
    found = defaultdict[str, list[ArchiveRow]](list)
    for row in await cursor.fetchall():
        found[row[0]].append(ArchiveRow(*row[1:]))
    return found


class WholeRow(msgspec.Struct, frozen=True):
    """An archive that is there."""

    upload_id: str
    device_id: str
    hostname: str
    practice_id: str
    step: str
    name: str
    sha256: str
    length: int
    received_at: datetime


async def whole_archives(tx: Connection, request_id: str, *, device_id: str = "") -> list[WholeRow]:
    """Of a request, or of one device of it: by practice and name, the first that was begun first."""
    cursor = await tx.execute(
        """SELECT u.id, u.device_id, d.hostname, d.practice_id, u.step, u.name, u.sha256, u.length, u.touched_at
           FROM orders o JOIN uploads u ON u.order_id = o.id JOIN devices d ON d.id = o.device_id
           JOIN log_request_devices ld ON ld.request_id = o.campaign_id AND ld.device_id = o.device_id
           WHERE o.campaign_id = %(request)s AND u.is_complete AND ld.purged_at IS NULL
             AND (%(device)s = '' OR o.device_id = nullif(%(device)s, '')::uuid)
           ORDER BY d.practice_id, d.hostname, d.id, u.begun_at, u.id""",
        {"request": request_id, "device": device_id},
    )
    return [WholeRow(*row) for row in await cursor.fetchall()]


class StoredRow(msgspec.Struct, frozen=True):
    """A file of a request, whole or not, locked."""

    upload_id: str
    device_id: str
    name: str
    sha256: str
    received: int
    is_complete: bool
    received_at: datetime


async def standing_of(tx: Connection, request_id: str, device_id: str) -> str | None:
    """Whether a device is of a request: `kept`, `purged`, or `None`."""
    cursor = await tx.execute(
        """SELECT CASE WHEN purged_at IS NULL THEN 'kept' ELSE 'purged' END FROM log_request_devices
           WHERE request_id = %s AND device_id = %s""",
        (request_id, device_id),
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def hold_stored(tx: Connection, request_id: str, *, device_id: str) -> list[StoredRow]:
    """Every file of a request, or of one device of it, which stays so to the end of the transaction."""
    cursor = await tx.execute(
        """SELECT u.id, u.device_id, u.name, u.sha256, u.received, u.is_complete, u.touched_at
           FROM uploads u JOIN orders o ON o.id = u.order_id
           WHERE o.campaign_id = %(request)s AND (%(device)s = '' OR o.device_id = nullif(%(device)s, '')::uuid)
           ORDER BY u.id FOR UPDATE OF u""",
        {"request": request_id, "device": device_id},
    )
    return [StoredRow(*row) for row in await cursor.fetchall()]


async def shared_contents(tx: Connection, contents: Sequence[str], but: Sequence[str]) -> set[str]:
    """Of these SHA-256s, those to which an upload refers that is none of `but`."""
    cursor = await tx.execute(
        """SELECT DISTINCT sha256 FROM uploads
           WHERE sha256 = ANY(%s) AND is_complete AND NOT id = ANY(%s::uuid[])""",
        (list(contents), list(but)),
    )
    return {row[0] for row in await cursor.fetchall()}


async def mark_devices(tx: Connection, request_id: str, device_ids: Sequence[str], *, now: datetime) -> int:
    """Nothing of these devices of a request is kept or taken any more; how many."""
    cursor = await tx.execute(
        """UPDATE log_request_devices SET purged_at = %s
           WHERE request_id = %s AND device_id = ANY(%s::uuid[]) AND purged_at IS NULL""",
        (now, request_id, list(device_ids)),
    )
    return cursor.rowcount


async def mark_request(tx: Connection, request_id: str, *, now: datetime, by: str) -> bool:
    """Nothing of a request is kept or taken any more; `False` when it was so."""
    cursor = await tx.execute(
        """UPDATE log_requests SET purged_at = %s, purged_by = %s, completed_at = coalesce(completed_at, %s)
           WHERE id = %s AND purged_at IS NULL""",
        (now, by, now, request_id),
    )
    return cursor.rowcount > 0


async def expired_ids(tx: Connection, *, now: datetime, limit: int) -> list[str]:
    """Requests whose archives have been kept for long enough."""
    cursor = await tx.execute(
        "SELECT id FROM log_requests WHERE keep_until <= %s AND purged_at IS NULL ORDER BY keep_until LIMIT %s",
        (now, limit),
    )
    return [row[0] for row in await cursor.fetchall()]
