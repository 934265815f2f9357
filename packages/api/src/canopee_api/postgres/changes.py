"""SQL of the change table: what every process must learn, and the wake-up that only hints at it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from canopee_api.postgres.database import Connection

CHANNEL = "canopee"
WATCHERS_CHANNEL = "canopee_live"
"""What browsers are told: hints that triggers of `schema.sql` write, `topic id id …`."""
ChangeKind: TypeAlias = Literal["device", "facts", "order", "catalog"]


class Change(msgspec.Struct, frozen=True):
    """One row."""

    xid: int
    n: int
    kind: ChangeKind
    device_id: str | None
    value: int


async def announce(tx: Connection, kind: ChangeKind, device_id: str | None = None, value: int = 0) -> None:
    """Write a change; processes wake up when the transaction commits."""
    await tx.execute("INSERT INTO changes (kind, device_id, value) VALUES (%s, %s, %s)", (kind, device_id, value))
    await tx.execute(f"NOTIFY {CHANNEL}")


async def announce_devices(tx: Connection, ids: Sequence[str]) -> None:
    """As `announce`, of many devices at once."""
    await tx.execute("INSERT INTO changes (kind, device_id) SELECT 'device', unnest(%s::uuid[])", (list(ids),))
    await tx.execute(f"NOTIFY {CHANNEL}")


async def announce_orders(tx: Connection, numbers: Mapping[str, int]) -> None:
    """As `announce`, of many new orders at once: the sequence number of each, by its device."""
    await tx.execute(
        """INSERT INTO changes (kind, device_id, value)
           SELECT 'order', n.device_id, n.seq FROM unnest(%s::uuid[], %s::bigint[]) n (device_id, seq)""",
        (list(numbers.keys()), list(numbers.values())),
    )
    await tx.execute(f"NOTIFY {CHANNEL}")


async def announce_undelivered(tx: Connection, campaign_id: str) -> None:
    """As `announce`, of every order of a campaign that no device has yet."""
    await tx.execute(
        """INSERT INTO changes (kind, device_id, value) SELECT 'order', device_id, seq FROM orders
           WHERE campaign_id = %s AND is_current AND delivered_at IS NULL ORDER BY device_id""",
        (campaign_id,),
    )
    await tx.execute(f"NOTIFY {CHANNEL}")


async def announce_living(tx: Connection, now: datetime) -> None:
    """As `announce`, of every order of the fleet that has no end yet."""
    await tx.execute(
        """INSERT INTO changes (kind, device_id, value) SELECT 'order', o.device_id, max(o.seq) FROM orders o
           WHERE o.expires_at > %s AND NOT EXISTS (SELECT FROM runs r WHERE r.order_id = o.id) GROUP BY o.device_id
           ORDER BY o.device_id""",
        (now,),
    )
    await tx.execute(f"NOTIFY {CHANNEL}")


async def tell_watchers(tx: Connection, topic: str, ids: Sequence[str] = ()) -> None:
    """Tell browsers what no trigger tells them; no id: many, or unknown."""
    await tx.execute("SELECT pg_notify(%s, %s)", (WATCHERS_CHANNEL, " ".join((topic, *ids))))


async def horizon(tx: Connection) -> int:
    """Every transaction below this id has ended."""
    cursor = await tx.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    row = await cursor.fetchone()
    return row[0] if row else 0


async def changes_from(tx: Connection, xid: int) -> tuple[int, list[Change]]:
    """The horizon, and every visible change from transaction `xid` on: also those that committed late.

    A reader applies what it has not applied yet, then goes on from the horizon: nothing is missed, and nothing
    waits for a slow transaction.
    """
    cursor = await tx.execute(
        """SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, xid::text::bigint, n, kind, device_id, value
           FROM changes WHERE xid >= %s::text::xid8
           UNION ALL SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, NULL, NULL, NULL, NULL, NULL
           ORDER BY 2, 3 NULLS LAST""",
        (str(xid),),
    )
    rows = await cursor.fetchall()
    return rows[0][0], [Change(*row[1:]) for row in rows if row[1] is not None]
