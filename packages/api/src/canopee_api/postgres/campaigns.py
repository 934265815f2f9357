"""SQL of campaigns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.database import Connection
from canopee_api.postgres.prerequisites import LACKING
from canopee_contract.campaign import WHOLE_FLEET_BP, Prerequisite, Ring, Rollout
from canopee_contract.condition import Scalar
from canopee_contract.recurrence import Recurrence
from canopee_contract.signal import SignalFigures
from canopee_contract.window import Window

_COLUMNS = """\
id, name, kind, pipeline, parameters, condition, document, document_sha256, max_targets, targets, \
is_living, is_expanded, not_before, not_after, created_by, created_at, expanded_to, stopped_at, reach_bp, \
rings, pilots, rollout, ring, ring_opened_at, judged_from, paused_at, halted_at, halt_reason, windows, \
superseded_by, halt_code, halt_params, signal_figures, signals_at, \
through_freezes, bytes_per_device, bytes_unknown, recurrence, prerequisites, is_dry, upload_budget_bytes"""


_STATE = """CASE WHEN c.stopped_at IS NOT NULL THEN 'aborted'
    WHEN c.not_after <= %(now)s OR NOT (c.is_living
        OR EXISTS (SELECT FROM waiting_devices w JOIN devices d ON d.id = w.device_id
                   WHERE w.campaign_id = c.id AND d.state <> 'revoked')
        OR EXISTS (SELECT FROM orders o JOIN devices d ON d.id = o.device_id LEFT JOIN runs r ON r.order_id = o.id
                   WHERE o.campaign_id = c.id AND r.order_id IS NULL AND o.expires_at > %(now)s
                     AND d.generation = o.generation)) THEN 'finished'
    WHEN c.halted_at IS NOT NULL THEN 'halted' WHEN c.paused_at IS NOT NULL THEN 'paused' ELSE 'running' END"""
_NAMES = tuple(_COLUMNS.split(", "))


class CampaignRow(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign; `document` is its signed envelope, absent when the pipeline needs no approval."""

    id: str
    name: str
    kind: str
    pipeline: dict[str, Any]
    """A `PipelineRef` as JSON."""
    parameters: dict[str, Scalar]
    condition: dict[str, Any]
    document: bytes | None
    document_sha256: str | None
    max_targets: int
    targets: int = 0
    is_living: bool
    is_expanded: bool = False
    not_before: datetime
    not_after: datetime
    created_by: str
    created_at: datetime
    expanded_to: str | None = None
    """The last device that the first round has looked at."""
    stopped_at: datetime | None = None
    reach_bp: int = WHOLE_FLEET_BP
    """Basis points of the fleet that its last ring reaches."""
    rings: tuple[Ring, ...] = ()
    """Those of its document; without one, the whole fleet."""
    pilots: frozenset[str] = frozenset()
    rollout: Rollout | None = None
    ring: int = 0
    """The newest ring that is open, 0 for the first; -1 before."""
    ring_opened_at: datetime | None = None
    judged_from: datetime | None = None
    paused_at: datetime | None = None
    halted_at: datetime | None = None
    halt_reason: str = ""
    windows: tuple[Window, ...] = ()
    superseded_by: str | None = None
    halt_code: str = ""
    halt_params: dict[str, Scalar] = {}
    signal_figures: tuple[SignalFigures, ...] = ()
    """What its signals had counted at the last look, in their order."""
    signals_at: datetime | None = None
    through_freezes: bool = False
    bytes_per_device: int = 0
    """What each PC downloads, as far as it is known."""
    bytes_unknown: tuple[str, ...] = ()
    """What it downloads too, of unknown size."""
    recurrence: Recurrence | None = None
    prerequisites: tuple[Prerequisite, ...] = ()
    is_dry: bool = False
    upload_budget_bytes: int | None = None
    """What the files of each PC may weigh together: of a log request only, which is no campaign for people."""


async def insert_campaign(tx: Connection, row: CampaignRow) -> bool:
    """Store a campaign; `False` when its id is known."""
    places = ", ".join(["%s"] * len(_NAMES))
    query = f"INSERT INTO campaigns ({_COLUMNS}) VALUES ({places}) ON CONFLICT (id) DO NOTHING"  # noqa: S608  constants of this module
    cursor = await tx.execute(
        query.encode(),
        (
            row.id, row.name, row.kind, Jsonb(row.pipeline), Jsonb(row.parameters), Jsonb(row.condition), row.document,
            row.document_sha256, row.max_targets, row.targets, row.is_living, row.is_expanded, row.not_before,
            row.not_after, row.created_by, row.created_at, row.expanded_to, row.stopped_at, row.reach_bp,
            Jsonb(msgspec.to_builtins(row.rings)), sorted(row.pilots),
            Jsonb(msgspec.to_builtins(row.rollout)) if row.rollout else None, row.ring, row.ring_opened_at,
            row.judged_from, row.paused_at, row.halted_at, row.halt_reason,
            Jsonb(msgspec.to_builtins(row.windows)), row.superseded_by, row.halt_code, Jsonb(row.halt_params),
            Jsonb(msgspec.to_builtins(row.signal_figures)), row.signals_at,
            row.through_freezes, row.bytes_per_device, list(row.bytes_unknown),
            Jsonb(msgspec.to_builtins(row.recurrence)) if row.recurrence else None,
            Jsonb(msgspec.to_builtins(row.prerequisites)),
            row.is_dry, row.upload_budget_bytes,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


async def list_campaigns(
    tx: Connection, *, after: str, limit: int, states: Sequence[str], now: datetime, pipeline: str = ""
) -> list[CampaignRow]:
    """Campaigns, those of some states or all, of one pipeline (`name` or `name@version`) or of any, newest first.

    Dry runs and log requests are none.
    """
    cursor = await tx.execute(
        f"""SELECT {_COLUMNS} FROM campaigns c
            WHERE NOT c.is_dry AND c.upload_budget_bytes IS NULL
              AND (%(after)s = '' OR id < nullif(%(after)s, '')::uuid)
              AND (%(pipeline)s = '' OR %(pipeline)s IN (pipeline->>'name',
                   (pipeline->>'name') || '@' || (pipeline->>'version')))
              AND (%(states)s::text[] = '{{}}' OR {_STATE} = ANY(%(states)s))
            ORDER BY id DESC LIMIT %(limit)s""",  # noqa: S608  constants of this module
        {"after": after, "limit": limit, "states": list(states), "now": now, "pipeline": pipeline},
    )
    return [_row(row) for row in await cursor.fetchall()]


async def get_campaign(tx: Connection, campaign_id: str) -> CampaignRow | None:
    cursor = await tx.execute(f"SELECT {_COLUMNS} FROM campaigns WHERE id = %s", (campaign_id,))  # noqa: S608
    row = await cursor.fetchone()
    return _row(row) if row else None


async def living_ids(tx: Connection, now: datetime) -> list[str]:
    """Campaigns that give orders to devices that come to match."""
    cursor = await tx.execute(
        "SELECT id FROM campaigns WHERE not_after > %s AND is_living AND stopped_at IS NULL ORDER BY id", (now,)
    )
    return [row[0] for row in await cursor.fetchall()]


async def unexpanded_ids(tx: Connection, now: datetime) -> list[str]:
    """Campaigns whose first round is not over."""
    cursor = await tx.execute(
        "SELECT id FROM campaigns WHERE not_after > %s AND NOT is_expanded AND stopped_at IS NULL ORDER BY id",
        (now,),
    )
    return [row[0] for row in await cursor.fetchall()]


async def campaigns_of(tx: Connection, ids: Sequence[str]) -> list[CampaignRow]:
    """These campaigns, by id."""
    if not ids:
        return []
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM campaigns WHERE id = ANY(%s::uuid[]) ORDER BY id",  # noqa: S608
        (list(ids),),
    )
    return [_row(row) for row in await cursor.fetchall()]


async def lock_campaigns(tx: Connection, ids: Sequence[str]) -> None:
    """Lock campaigns, in one order for everybody; campaigns always before the devices that get their orders."""
    await tx.execute("SELECT FROM campaigns WHERE id = ANY(%s::uuid[]) ORDER BY id FOR UPDATE", (list(ids),))


class Gate(msgspec.Struct, frozen=True):
    """How far a campaign, which is locked, may go now."""

    targets: int
    """Orders made: the last ordinal."""
    max_targets: int
    ring: int
    is_held: bool
    """Paused or halted, or everything is stopped."""


async def lock_gate(tx: Connection, campaign_id: str) -> Gate | None:
    """Lock a campaign that may still give orders; `None` when it was stopped."""
    cursor = await tx.execute(
        """SELECT targets, max_targets, ring,
                  coalesce(paused_at, halted_at) IS NOT NULL OR EXISTS (SELECT FROM standstill)
           FROM campaigns WHERE id = %s AND stopped_at IS NULL FOR UPDATE""",
        (campaign_id,),
    )
    row = await cursor.fetchone()
    return Gate(*row) if row else None


async def without_order(tx: Connection, campaign_id: str, wanted: Sequence[str], *, limit: int) -> list[str]:
    """Which of these devices may get an order of a campaign and have none, by increasing id."""
    cursor = await tx.execute(
        f"""SELECT w.id FROM unnest(%s::uuid[]) w (id) JOIN devices d ON d.id = w.id JOIN campaigns c ON c.id = %s
            WHERE d.state <> 'revoked' AND NOT {LACKING} AND NOT EXISTS
                (SELECT FROM orders o WHERE o.campaign_id = c.id AND o.device_id = w.id)
            ORDER BY w.id LIMIT %s""",  # noqa: S608  constants of these modules
        (list(wanted), campaign_id, limit),
    )
    return [found[0] for found in await cursor.fetchall()]


async def add_targets(tx: Connection, campaign_id: str, number: int) -> None:
    await tx.execute("UPDATE campaigns SET targets = targets + %s WHERE id = %s", (number, campaign_id))


async def mark_expanded_to(tx: Connection, campaign_id: str, device_id: str) -> None:
    """The first round has looked at every device up to this one."""
    await tx.execute(
        "UPDATE campaigns SET expanded_to = greatest(expanded_to, %s::uuid) WHERE id = %s",
        (device_id, campaign_id),
    )


async def mark_expanded(tx: Connection, campaign_id: str) -> None:
    await tx.execute("UPDATE campaigns SET is_expanded = true WHERE id = %s", (campaign_id,))


async def stop_campaign(tx: Connection, campaign_id: str, *, now: datetime) -> bool:
    """Give no more orders of it, and deliver none of those that wait; `False` when it was stopped before."""
    cursor = await tx.execute(
        "UPDATE campaigns SET stopped_at = %s WHERE id = %s AND stopped_at IS NULL", (now, campaign_id)
    )
    return cursor.rowcount == 1


async def supersede(tx: Connection, row: CampaignRow, *, now: datetime) -> list[str]:
    """Stop the older campaigns of the pipeline of a campaign, which is stored; their ids."""
    cursor = await tx.execute(
        """WITH older AS (SELECT id FROM campaigns WHERE pipeline->>'name' = %s AND id < %s AND stopped_at IS NULL
                          AND not_after > %s ORDER BY id FOR UPDATE)
           UPDATE campaigns c SET stopped_at = %s, superseded_by = %s FROM older WHERE c.id = older.id
           RETURNING c.id""",
        (row.pipeline["name"], row.id, now, now, row.id),
    )
    return sorted(one[0] for one in await cursor.fetchall())


async def superseded(tx: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    """By the id of each of these campaigns, those that it has ended."""
    cursor = await tx.execute(
        """SELECT superseded_by, array_agg(id ORDER BY id) FROM campaigns WHERE superseded_by = ANY(%s::uuid[])
           GROUP BY superseded_by""",
        (list(ids),),
    )
    return {row[0]: list(map(str, row[1])) for row in await cursor.fetchall()}


async def campaigns_giving(tx: Connection, pipeline: str) -> list[CampaignRow]:
    """Every campaign of the versions of a pipeline, newest first."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM campaigns WHERE pipeline->>'name' = %s ORDER BY id DESC",  # noqa: S608
        (pipeline,),
    )
    return [_row(row) for row in await cursor.fetchall()]


def _row(row: Sequence[Any]) -> CampaignRow:
    values = dict(zip(_NAMES, row, strict=True))
    values["document"] = None if values["document"] is None else bytes(values["document"])
    values["rings"] = msgspec.convert(values["rings"], tuple[Ring, ...])
    values["windows"] = msgspec.convert(values["windows"], tuple[Window, ...])
    values["bytes_unknown"] = tuple(values["bytes_unknown"])
    values["pilots"] = frozenset(values["pilots"])
    values["signal_figures"] = msgspec.convert(values["signal_figures"], tuple[SignalFigures, ...])
    values["rollout"] = msgspec.convert(values["rollout"], Rollout | None)
    values["prerequisites"] = msgspec.convert(values["prerequisites"], tuple[Prerequisite, ...])
    values["recurrence"] = msgspec.convert(values["recurrence"], Recurrence | None)
    return CampaignRow(**values)
