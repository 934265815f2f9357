"""SQL of windows: which campaigns have some, whom they concern, which openings were told."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.changes import CHANNEL
from canopee_api.postgres.database import Connection
from canopee_contract.window import Window

ZONE = "coalesce((SELECT p.time_zone FROM practices p WHERE p.id = d.practice_id), '')"
"""Time zone of the practice of a device `d`; empty: the usual one."""


class Windowed(msgspec.Struct, frozen=True):
    """A campaign with windows."""

    id: str
    windows: tuple[Window, ...]
    opened: dict[str, str]
    """Time zone → the last opening that was told."""
    zones: list[str]
    """Of the practices whose PCs have not had their order; empty: the usual one."""


async def windowed(tx: Connection, now: datetime) -> list[Windowed]:
    """Campaigns with windows that may deliver orders."""
    cursor = await tx.execute(
        f"""SELECT id, windows, opened,
                   ARRAY(SELECT DISTINCT {ZONE} FROM orders o JOIN devices d ON d.id = o.device_id
                         WHERE o.campaign_id = c.id AND o.is_current AND o.delivered_at IS NULL)
            FROM campaigns c WHERE windows <> '[]' AND not_after > %s AND stopped_at IS NULL AND paused_at IS NULL
              AND halted_at IS NULL AND NOT EXISTS (SELECT FROM standstill) ORDER BY id""",  # noqa: S608  constants of this module
        (now,),
    )
    return [
        Windowed(row[0], msgspec.convert(row[1], tuple[Window, ...]), row[2], row[3])
        for row in await cursor.fetchall()
    ]


async def tell_opening(tx: Connection, campaign_id: str, zones: Sequence[str], opened: dict[str, str]) -> None:
    """Announce the orders of a campaign that no PC of some time zones has; remember what was told."""
    await tx.execute(
        f"""INSERT INTO changes (kind, device_id, value) SELECT 'order', o.device_id, o.seq
            FROM orders o JOIN devices d ON d.id = o.device_id
            WHERE o.campaign_id = %s AND o.is_current AND o.delivered_at IS NULL AND {ZONE} = ANY(%s)
            ORDER BY o.device_id""",  # noqa: S608
        (campaign_id, list(zones)),
    )
    await tx.execute("UPDATE campaigns SET opened = %s WHERE id = %s", (Jsonb(opened), campaign_id))
    await tx.execute(f"NOTIFY {CHANNEL}")
