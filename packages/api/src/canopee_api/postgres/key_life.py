"""SQL of the life of keys: alarms said, epochs seen, orders signed again, documents looked at again."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection


class Pending(msgspec.Struct, frozen=True):
    """An order that may still run, without an answer."""

    id: str
    device_id: str
    seq: int
    envelope: bytes


class Document(msgspec.Struct, frozen=True):
    """A campaign under way, with its signed document."""

    id: str
    name: str
    kind: str
    document: bytes


async def say_once(tx: Connection, role: str, version: int, state: str, *, now: datetime) -> bool:
    """Whether nobody has said this yet; from now on it was said."""
    cursor = await tx.execute(
        "INSERT INTO key_alarms VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING", (role, version, state, now)
    )
    return cursor.rowcount == 1


async def epoch_since(tx: Connection, epoch: int, *, now: datetime) -> tuple[datetime, bool]:
    """When an epoch was first seen here, and whether its orders are done."""
    await tx.execute("INSERT INTO order_epochs VALUES (%s, %s) ON CONFLICT DO NOTHING", (epoch, now))
    cursor = await tx.execute("SELECT since, done_at IS NOT NULL FROM order_epochs WHERE epoch = %s", (epoch,))
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else (now, False)


async def close_epoch(tx: Connection, epoch: int, *, now: datetime) -> None:
    await tx.execute("UPDATE order_epochs SET done_at = %s WHERE epoch = %s", (now, epoch))


async def pending_orders(tx: Connection, *, after: str, limit: int, now: datetime) -> list[Pending]:
    """Orders without an answer and not over, by id, locked; those that another transaction holds are left out."""
    cursor = await tx.execute(
        """SELECT o.id::text, o.device_id::text, o.seq, o.envelope FROM orders o
           WHERE o.id > %(after)s::uuid AND o.expires_at > %(now)s
             AND NOT EXISTS (SELECT FROM runs r WHERE r.order_id = o.id)
           ORDER BY o.id LIMIT %(limit)s FOR UPDATE OF o SKIP LOCKED""",
        {"after": after, "now": now, "limit": limit},
    )
    return [Pending(id_, device, seq, bytes(envelope)) for id_, device, seq, envelope in await cursor.fetchall()]


async def replace_envelopes(tx: Connection, envelopes: Mapping[str, bytes]) -> None:
    """Give orders, by id, another envelope."""
    async with tx.cursor() as cursor:
        await cursor.executemany(
            "UPDATE orders SET envelope = %s WHERE id = %s", [(raw, id_) for id_, raw in envelopes.items()]
        )


async def documents_under_way(tx: Connection, now: datetime) -> list[Document]:
    """Campaigns with a signed document that may still give or deliver orders."""
    cursor = await tx.execute(
        """SELECT id::text, name, kind, document FROM campaigns
           WHERE document IS NOT NULL AND not_after > %s AND stopped_at IS NULL AND halted_at IS NULL ORDER BY id""",
        (now,),
    )
    return [Document(id_, name, kind, bytes(raw)) for id_, name, kind, raw in await cursor.fetchall()]
