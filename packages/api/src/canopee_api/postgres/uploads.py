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


async def order_takes_files(tx: Connection, order_id: str, device_id: str) -> bool:
    """Whether the order is this device's, and was delivered to it."""
    cursor = await tx.execute(
        "SELECT delivered_at IS NOT NULL FROM orders WHERE id = %s AND device_id = %s", (order_id, device_id)
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


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
        """SELECT id, device_id, order_id, step, name, sha256, length, received, is_complete
           FROM uploads WHERE id = %s AND device_id = %s FOR UPDATE""",
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
