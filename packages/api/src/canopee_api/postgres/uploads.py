"""SQL of the files that PCs send."""

from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection


class UploadRow(msgspec.Struct, frozen=True):
    """A file that is coming, or has come."""

    id: str
    device_id: str
    order_id: str
    step: str
    name: str
    sha256: str
    length: int
    received: int
    is_complete: bool
    request_id: str | None = None
    """The log request that it is for."""


class Allowance(msgspec.Struct, frozen=True):
    """What an order may send."""

    request_id: str | None
    """Of a log request; else there is no budget."""
    is_purged: bool
    is_cancelled: bool = False
    """Nothing more is taken; a file that is whole already is none that is more."""
    budget: int = 0
    total_budget: int = 0
    announced: int = 0
    """Bytes of the other files of the order."""
    total_announced: int = 0
    """Bytes of the other files of the request."""


async def allowance_of(tx: Connection, asked: UploadRow) -> Allowance | None:
    """What the order of a file allows, which stays so to the end of the transaction; `None` where it takes no files.

    It takes them when it is this device's, and was delivered to it.
    """
    cursor = await tx.execute(
        """SELECT campaign_id, (SELECT id FROM log_requests l WHERE l.id = o.campaign_id FOR UPDATE) FROM orders o
           WHERE id = %s AND device_id = %s AND delivered_at IS NOT NULL""",
        (asked.order_id, asked.device_id),
    )
    row = await cursor.fetchone()
    if row is None or row[1] is None:
        return Allowance(None, is_purged=False) if row else None
    cursor = await tx.execute(
        """SELECT l.purged_at IS NOT NULL OR ld.purged_at IS NOT NULL,
                  l.cancelled_at IS NOT NULL AND NOT EXISTS (
                      SELECT FROM uploads
                      WHERE (order_id, step, name) = (%(order)s, %(step)s, %(name)s) AND is_complete),
                  c.upload_budget_bytes, l.total_budget_bytes,
                  coalesce(sum(u.length) FILTER (WHERE u.device_id = ld.device_id), 0)::bigint,
                  coalesce(sum(u.length), 0)::bigint
           FROM log_requests l JOIN campaigns c ON c.id = l.id
           JOIN log_request_devices ld ON ld.request_id = l.id AND ld.device_id = %(device)s
           LEFT JOIN orders o ON o.campaign_id = l.id
           LEFT JOIN uploads u ON u.order_id = o.id AND (u.order_id, u.step, u.name) <> (%(order)s, %(step)s, %(name)s)
           WHERE l.id = %(request)s GROUP BY 1, 2, 3, 4""",
        {
            "device": asked.device_id, "order": asked.order_id, "step": asked.step, "name": asked.name,
            "request": row[1],
        },
    )  # fmt: skip
    found = await cursor.fetchone()
    return Allowance(row[1], *found) if found else None


async def note_over_budget(tx: Connection, request_id: str, device_id: str, wanted: int) -> None:
    """A device of a request wanted to send so many bytes, and may not."""
    await tx.execute(
        "UPDATE log_request_devices SET over_budget_bytes = %s WHERE request_id = %s AND device_id = %s",
        (wanted, request_id, device_id),
    )


async def hold_content(tx: Connection, sha256: str) -> None:
    """Nobody else keeps or removes the file of this SHA-256 until the end of the transaction."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (sha256,))


async def begin(tx: Connection, wanted: UploadRow, *, now: datetime) -> UploadRow:
    """The upload of this order, step and name, made when it is not known, and locked to the end of the transaction."""
    await tx.execute(
        """INSERT INTO uploads
               (id, device_id, order_id, step, name, sha256, length, received, is_complete, begun_at, touched_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, 0, false, %s, %s)
            ON CONFLICT DO NOTHING""",
        (
            wanted.id,
            wanted.device_id,
            wanted.order_id,
            wanted.step,
            wanted.name,
            wanted.sha256,
            wanted.length,
            now,
            now,
        ),
    )
    cursor = await tx.execute(
        """SELECT id, device_id, order_id, step, name, sha256, length, received, is_complete
           FROM uploads WHERE order_id = %s AND step = %s AND name = %s FOR UPDATE""",
        (wanted.order_id, wanted.step, wanted.name),
    )
    row = await cursor.fetchone()
    return UploadRow(*row) if row else wanted


async def hold(tx: Connection, upload_id: str, device_id: str) -> UploadRow | None:
    """An upload of this device, locked to the end of the transaction."""
    cursor = await tx.execute(
        """SELECT u.id, u.device_id, u.order_id, u.step, u.name, u.sha256, u.length, u.received, u.is_complete, l.id
           FROM uploads u JOIN orders o ON o.id = u.order_id LEFT JOIN log_requests l ON l.id = o.campaign_id
           WHERE u.id = %s AND u.device_id = %s FOR UPDATE OF u""",
        (upload_id, device_id),
    )
    row = await cursor.fetchone()
    return UploadRow(*row) if row else None


async def advance(tx: Connection, upload_id: str, received: int, *, is_complete: bool, now: datetime) -> None:
    await tx.execute(
        "UPDATE uploads SET received = %s, is_complete = %s, touched_at = %s WHERE id = %s",
        (received, is_complete, now, upload_id),
    )


async def replace(tx: Connection, upload_id: str, sha256: str, length: int, *, now: datetime) -> None:
    """Another content under the same name, from its first byte: the source changed."""
    await tx.execute(
        "UPDATE uploads SET sha256 = %s, length = %s, received = 0, touched_at = %s WHERE id = %s",
        (sha256, length, now, upload_id),
    )


async def announced_since(tx: Connection, device_id: str, since: datetime) -> int:
    """Bytes that a device has begun to send since an instant."""
    cursor = await tx.execute(
        "SELECT coalesce(sum(length), 0)::bigint FROM uploads WHERE device_id = %s AND begun_at > %s",
        (device_id, since),
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def delete_stale(tx: Connection, *, untouched_since: datetime) -> list[str]:
    """Remove the uploads that nobody goes on with; their ids."""
    cursor = await tx.execute(
        "DELETE FROM uploads WHERE NOT is_complete AND touched_at < %s RETURNING id", (untouched_since,)
    )
    return [row[0] for row in await cursor.fetchall()]


async def known(tx: Connection, upload_ids: list[str]) -> set[str]:
    """Of these, the uploads that are under way."""
    cursor = await tx.execute(
        "SELECT id FROM uploads WHERE id = ANY(%s::uuid[]) AND NOT is_complete", (upload_ids,)
    )
    return {row[0] for row in await cursor.fetchall()}
