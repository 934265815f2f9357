"""SQL of receipts: what was purged here, and what the PCs say of theirs."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection
from canopee_api.postgres.log_archives import StoredRow
from canopee_contract.report import FileGone


async def replace_by_receipts(
    tx: Connection, request_id: str, held: Sequence[StoredRow], removed: set[str], *, now: datetime, by: str
) -> None:
    """Forget these files; a receipt of each stays, also of one that had not come whole."""
    async with tx.cursor() as cursor:
        await cursor.executemany(
            """INSERT INTO log_receipts (request_id, device_id, name, sha256, length, received_at, purged_at,
                                         purged_by, bytes_removed)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            [
                (
                    request_id, one.device_id, one.name, one.sha256, one.received,
                    one.received_at if one.is_complete else None, now, by, not one.is_complete or one.sha256 in removed,
                )
                for one in held
            ],
        )  # fmt: skip
    await tx.execute("DELETE FROM uploads WHERE id = ANY(%s::uuid[])", ([one.upload_id for one in held],))


async def note_gone(
    tx: Connection, device_id: str, gone: Sequence[FileGone], requests: Mapping[str, str | None], *, now: datetime
) -> None:
    """Keep the receipts of a PC, the latest of each file; `requests`: the log request of each order.

    What was purged before the PC had begun to send it has none of ours: it is made here.
    """
    async with tx.cursor() as cursor:
        await cursor.executemany(
            """INSERT INTO log_pc_receipts (order_id, step, name, request_id, device_id, sha256, length, state,
                                            gone_at, heard_at)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
               ON CONFLICT (order_id, step, name) DO UPDATE SET sha256 = excluded.sha256, length = excluded.length,
                   state = excluded.state, gone_at = excluded.gone_at, heard_at = excluded.heard_at""",
            [
                (
                    one.order_id, one.step, one.name, requests[one.order_id], device_id, one.sha256, one.length,
                    one.state, one.at, now,
                )
                for one in gone
            ],
        )  # fmt: skip
        await cursor.executemany(
            """INSERT INTO log_receipts (request_id, device_id, name, sha256, length, received_at, purged_at,
                                         purged_by, bytes_removed)
               SELECT l.id, d.device_id, %(name)s, %(sha256)s, 0, NULL, d.purged_at, l.purged_by, true
               FROM log_requests l JOIN log_request_devices d ON d.request_id = l.id
               WHERE l.id = %(request)s AND d.device_id = %(device)s AND d.purged_at IS NOT NULL
                 AND NOT EXISTS (SELECT FROM log_receipts x WHERE x.request_id = l.id AND x.device_id = d.device_id
                                 AND x.name = %(name)s AND x.sha256 = %(sha256)s)""",
            [
                {"name": one.name, "sha256": one.sha256, "request": requests[one.order_id], "device": device_id}
                for one in gone
                if one.state == "purged"
            ],
        )


class ReceiptRow(msgspec.Struct, frozen=True):
    """What is left of an archive."""

    id: int
    device_id: str
    hostname: str
    name: str
    sha256: str
    length: int
    received_at: datetime | None
    purged_at: datetime
    purged_by: str
    bytes_removed: bool
    on_pc: str
    gone_at: datetime | None


async def receipts_of(tx: Connection, request_id: str, *, after: int, limit: int) -> list[ReceiptRow]:
    """Oldest first, each with what its PC says of the same bytes."""
    cursor = await tx.execute(
        """SELECT x.id, x.device_id, d.hostname, x.name, x.sha256, x.length, x.received_at, x.purged_at, x.purged_by,
                  x.bytes_removed, coalesce(p.state, 'not_heard'), p.gone_at
           FROM log_receipts x JOIN devices d ON d.id = x.device_id
           LEFT JOIN LATERAL (
               SELECT state, gone_at FROM log_pc_receipts p
               WHERE p.request_id = x.request_id AND p.device_id = x.device_id AND p.name = x.name
                 AND p.sha256 = x.sha256
               ORDER BY gone_at DESC LIMIT 1) p ON true
           WHERE x.request_id = %s AND x.id > %s ORDER BY x.id LIMIT %s""",
        (request_id, after, limit),
    )
    return [ReceiptRow(*row) for row in await cursor.fetchall()]
