"""Campaigns that recur: the orders of each occurrence, made for each PC when it has come where its practice is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from canopee_api.campaigns.pace import room
from canopee_api.campaigns.rings import SLICE, Rings, campaign_of
from canopee_api.campaigns.targeting import read_condition
from canopee_api.catalog.trust import TrustStore
from canopee_api.errors import ConflictError
from canopee_api.orders.issue import Assignment, issue
from canopee_api.orders.walls import WallClocks
from canopee_api.postgres import campaigns as sql
from canopee_api.postgres import recurring as recurring_sql
from canopee_api.postgres.campaigns import CampaignRow
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.freezes import time_zones
from canopee_contract.pipeline import PipelineRef
from canopee_contract.recurrence import Recurrence, following, latest, written
from canopee_contract.rollouts import Occurrence
from canopee_kit.clock import Clock

_PAGE = 10_000
"""Devices that one query looks for."""


class _Come(msgspec.Struct, frozen=True):
    """The newest occurrence of a time zone, and when it makes place for the next."""

    reached: recurring_sql.Reached
    ends_at: datetime


class Recurring:
    """Follows the clocks on the walls of practices."""

    def __init__(
        self, database: Database, trust: TrustStore, rings: Rings, wall: WallClocks, clock: Clock
    ) -> None:
        self._database, self._trust, self._rings = database, trust, rings
        self._wall, self._clock = wall, clock

    def wall_of(self, zone: str) -> datetime:
        """What the clock on the wall shows in a time zone."""
        return self._wall.now(zone)

    async def tend(self) -> int:
        """Make the orders of the occurrences that have come; how many. Of those that a PC missed, the newest only."""
        async with self._database.transaction() as tx:
            rows = await sql.campaigns_of(tx, await recurring_sql.recurring_ids(tx, self._clock.now()))
            zones = ["", *await time_zones(tx)] if rows else []
        made = 0
        for row in rows:
            if row.recurrence is not None and (come := self._come(row, row.recurrence, zones)):
                made += await self._give(row, row.recurrence, come)
        return made

    async def occurrences(self, campaign_id: str, *, before: str, limit: int) -> list[Occurrence]:
        """What became of each occurrence of a campaign, the newest first.

        Raises:
            ConflictError: it does not recur.
            NotFoundError: there is none of that id.
        """
        async with self._database.transaction() as tx:
            if (await campaign_of(tx, campaign_id)).recurrence is None:
                raise ConflictError(
                    "campaign.once", "it does not recur: `canopee campaign status` says where it stands"
                )
            rows = await recurring_sql.occurrences(
                tx, campaign_id, before=before, limit=limit, now=self._clock.now()
            )
        states = defaultdict[str, dict[str, int]](dict)
        for row in rows:
            states[row.occurrence][row.state] = row.devices
        return [Occurrence(label, sum(counts.values()), counts) for label, counts in states.items()]

    def _come(self, row: CampaignRow, recurrence: Recurrence, zones: Sequence[str]) -> dict[str, _Come]:
        """By time zone, its newest occurrence since the campaign began; a zone without one is left out."""
        found: dict[str, _Come] = {}
        for zone in zones:
            wall = self.wall_of(zone)
            label = latest(recurrence, wall)
            if label is None or label < self._wall.at(row.not_before, zone):
                continue
            after = following(recurrence, label)
            ends_at = min(row.not_after, self._wall.instant(after, zone)) if after else row.not_after
            past_s = int((wall - label).total_seconds())
            found[zone] = _Come(recurring_sql.Reached(zone, written(label), past_s), ends_at)
        return found

    async def _give(self, row: CampaignRow, recurrence: Recurrence, come: Mapping[str, _Come]) -> int:
        """Slice by slice: what is done stays done, whoever goes on."""
        asked = recurring_sql.Asked(row.id, row.ring, recurrence.jitter_s, [one.reached for one in come.values()])
        made, after = 0, ""
        while True:
            async with self._database.transaction() as tx:
                ids = await recurring_sql.due_ids(tx, asked, after=after, limit=_PAGE)
            for start in range(0, len(ids), SLICE):
                slice_ = await self._give_slice(row, asked, ids[start : start + SLICE], come)
                if slice_ is None:
                    return made
                made += slice_
            if len(ids) < _PAGE:
                return made
            after = ids[-1]

    async def _give_slice(
        self, row: CampaignRow, asked: recurring_sql.Asked, ids: Sequence[str], come: Mapping[str, _Come]
    ) -> int | None:
        """Under the lock of the campaign; `None` when it gives no more now: it is held, or its pace is used up."""
        async with self._database.transaction() as tx:
            gate = await self._rings.gate(tx, row)
            left = await room(tx, row, self._clock.now())
            if gate is None or gate.is_held or left == 0:
                return None
            due = await recurring_sql.due(
                tx, asked, ids, is_full=gate.targets >= gate.max_targets,
                limit=SLICE if left is None else min(SLICE, left),
            )  # fmt: skip
            return await self._order(tx, row, gate, due, come)

    async def _order(
        self, tx: Connection, row: CampaignRow, gate: sql.Gate, due: Sequence[recurring_sql.Due],
        come: Mapping[str, _Come],
    ) -> int:  # fmt: skip
        """The orders of devices that still match, instead of those before; the others leave the campaign."""
        matching = await recurring_sql.still_matching(
            tx, read_condition(row.condition), [one.device_id for one in due]
        )
        groups = defaultdict[tuple[int, str], dict[str, int]](dict)
        targets, beyond = gate.targets, set[str]()
        for one in due:
            ordinal = one.ordinal or targets + 1
            if ordinal > gate.max_targets:
                beyond.add(one.device_id)  # they go on waiting
            elif one.device_id in matching:
                targets = max(targets, ordinal)
                groups[one.ring, one.zone][one.device_id] = ordinal
        ids = [one.device_id for one in due if one.device_id not in beyond]
        await recurring_sql.close_current(tx, row.id, ids, now=self._clock.now())
        await recurring_sql.leave(tx, row.id, ids)
        made = 0
        for (ring, zone), ordinals in sorted(groups.items()):
            assignment = Assignment(
                campaign_id=row.id, document_sha256=row.document_sha256,
                pipeline=msgspec.convert(row.pipeline, PipelineRef), parameters=row.parameters,
                not_before=row.not_before, expires_at=come[zone].ends_at, epoch=self._trust.policy.epoch, ring=ring,
                occurrence=come[zone].reached.label,
            )  # fmt: skip
            made += await issue(tx, assignment, ordinals, key=self._trust.director, now=self._clock.now())
        await sql.add_targets(tx, row.id, targets - gate.targets)
        return made
