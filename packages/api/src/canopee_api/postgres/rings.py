"""SQL of a campaign's way through its rings."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.database import Connection
from canopee_api.postgres.prerequisites import LACKING
from canopee_contract.condition import Scalar
from canopee_contract.signal import SignalFigures

_BAD = "('failed', 'timed_out', 'unknown')"


class Standing(msgspec.Struct, frozen=True):
    """Where the orders of the open rings stand."""

    total: int
    waiting: int
    """Devices of the open rings whose order may be made, and is not yet."""
    ended: int
    """Runs of any state, also those before `judged_from`."""
    judged: int
    """Runs that came since."""
    bad: int
    """Of these, failed, timed out or unknown."""
    delivered: int
    """Orders that PCs have had since, for as long as they have to answer; with those that have answered earlier."""
    silent: int
    """Of these, without an answer."""


async def standing(
    tx: Connection, campaign_id: str, ring: int, *, judged_from: datetime, silent_before: datetime
) -> Standing:
    """Count the orders of the rings up to `ring`; silent ones were delivered before `silent_before`."""
    cursor = await tx.execute(
        f"""SELECT count(*),
                   (SELECT count(*) FROM waiting_devices w JOIN devices d ON d.id = w.device_id
                    JOIN campaigns c ON c.id = w.campaign_id
                    WHERE w.campaign_id = %(campaign)s AND w.ring <= %(ring)s AND d.state <> 'revoked'
                      AND NOT {LACKING}),
                   count(r.order_id),
                   count(r.order_id) FILTER (WHERE r.received_at >= %(from)s),
                   count(r.order_id) FILTER (WHERE r.received_at >= %(from)s AND r.state IN {_BAD}),
                   count(*) FILTER (WHERE o.delivered_at >= %(from)s
                                    AND (o.delivered_at <= %(silent)s OR r.order_id IS NOT NULL)),
                   count(*) FILTER (WHERE o.delivered_at >= %(from)s AND o.delivered_at <= %(silent)s
                                    AND r.order_id IS NULL)
            FROM orders o JOIN devices d ON d.id = o.device_id LEFT JOIN runs r ON r.order_id = o.id
            WHERE o.campaign_id = %(campaign)s AND o.is_current AND o.ring <= %(ring)s
              AND (r.order_id IS NOT NULL OR d.generation = o.generation)""",  # noqa: S608  constants of this module
        {"campaign": campaign_id, "ring": ring, "from": judged_from, "silent": silent_before},
    )
    row = await cursor.fetchone()
    return Standing(*row) if row else Standing(0, 0, 0, 0, 0, 0, 0)


async def hold_back(tx: Connection, campaign_id: str, rings: Mapping[str, int]) -> None:
    """Remember devices, with their ring, that get their order later; those that have one, or wait already, do not."""
    await tx.execute(
        """INSERT INTO waiting_devices (campaign_id, device_id, ring)
           SELECT %(campaign)s, n.id, n.ring FROM unnest(%(devices)s::uuid[], %(rings)s::int[]) n (id, ring)
           JOIN devices d ON d.id = n.id AND d.state <> 'revoked'
           WHERE NOT EXISTS (SELECT FROM orders o
                             WHERE o.campaign_id = %(campaign)s AND o.device_id = n.id AND o.is_current)
           ORDER BY n.id ON CONFLICT DO NOTHING""",
        {"campaign": campaign_id, "devices": list(rings.keys()), "rings": list(rings.values())},
    )


async def waiting(tx: Connection, campaign_id: str, ring: int, *, limit: int) -> dict[str, int]:
    """Devices of the rings up to `ring` whose order may be made, with their ring, the first rings first."""
    cursor = await tx.execute(
        f"""SELECT w.device_id, w.ring FROM waiting_devices w JOIN devices d ON d.id = w.device_id
            JOIN campaigns c ON c.id = w.campaign_id
            WHERE w.campaign_id = %s AND w.ring <= %s AND d.state <> 'revoked' AND NOT {LACKING}
            ORDER BY w.ring, w.device_id LIMIT %s""",  # noqa: S608  constants of these modules
        (campaign_id, ring, limit),
    )
    return dict(await cursor.fetchall())


async def let_go(tx: Connection, campaign_id: str, device_ids: Sequence[str]) -> None:
    """Those of these devices that have their order wait no more."""
    await tx.execute(
        """DELETE FROM waiting_devices w USING orders o
           WHERE w.campaign_id = %s AND w.device_id = ANY(%s::uuid[])
             AND o.campaign_id = w.campaign_id AND o.device_id = w.device_id AND o.is_current""",
        (campaign_id, list(device_ids)),
    )


async def made_since(tx: Connection, campaign_id: str, since: datetime) -> int:
    """Orders of a campaign made from then on; exact under the lock of the campaign."""
    cursor = await tx.execute(
        "SELECT count(*) FROM orders WHERE campaign_id = %s AND created_at >= %s",
        (campaign_id, since),
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def moving_ids(tx: Connection, now: datetime) -> list[str]:
    """Campaigns that may open a ring, give orders of one that is open, or halt."""
    cursor = await tx.execute(
        """SELECT id FROM campaigns c
           WHERE not_after > %s AND is_expanded AND stopped_at IS NULL AND paused_at IS NULL AND halted_at IS NULL
             AND (rollout IS NOT NULL OR ring < jsonb_array_length(rings) - 1
                  OR EXISTS (SELECT FROM waiting_devices w WHERE w.campaign_id = c.id AND w.ring <= c.ring))
           ORDER BY id""",
        (now,),
    )
    return [row[0] for row in await cursor.fetchall()]


async def open_ring(tx: Connection, campaign_id: str, ring: int, *, now: datetime) -> None:
    """From now on the rings up to `ring` get orders."""
    await tx.execute("UPDATE campaigns SET ring = %s, ring_opened_at = %s WHERE id = %s", (ring, now, campaign_id))


class Halt(msgspec.Struct, frozen=True):
    """Why a campaign halted: as a sentence, and for programs."""

    reason: str
    code: str
    params: Mapping[str, Scalar]


async def halt(tx: Connection, campaign_id: str, why: Halt, *, now: datetime) -> None:
    """It goes no further by itself."""
    await tx.execute(
        "UPDATE campaigns SET halted_at = %s, halt_reason = %s, halt_code = %s, halt_params = %s WHERE id = %s",
        (now, why.reason, why.code, Jsonb(dict(why.params)), campaign_id),
    )


async def note_signals(
    tx: Connection, campaign_id: str, figures: Sequence[SignalFigures], *, now: datetime
) -> None:
    """What its signals have counted at this look."""
    await tx.execute(
        "UPDATE campaigns SET signal_figures = %s, signals_at = %s WHERE id = %s",
        (Jsonb(msgspec.to_builtins(figures)), now, campaign_id),
    )


async def pause(tx: Connection, campaign_id: str, *, now: datetime) -> bool:
    """It goes no further until it is resumed; `False` when it was paused before, or stopped."""
    cursor = await tx.execute(
        "UPDATE campaigns SET paused_at = %s WHERE id = %s AND paused_at IS NULL AND stopped_at IS NULL",
        (now, campaign_id),
    )
    return cursor.rowcount == 1


async def resume(tx: Connection, campaign_id: str, *, now: datetime) -> bool:
    """Neither paused nor halted any more, what failed until now forgiven; `False` when it was neither, or stopped."""
    cursor = await tx.execute(
        """UPDATE campaigns SET paused_at = NULL, halted_at = NULL, halt_reason = '', halt_code = '',
                  halt_params = '{}',
                  judged_from = CASE WHEN halted_at IS NULL THEN judged_from ELSE %s END,
                  signal_figures = CASE WHEN halted_at IS NULL THEN signal_figures ELSE '[]' END,
                  signals_at = CASE WHEN halted_at IS NULL THEN signals_at END
           WHERE id = %s AND stopped_at IS NULL AND coalesce(paused_at, halted_at) IS NOT NULL""",
        (now, campaign_id),
    )
    return cursor.rowcount == 1
