"""A campaign on its way through its rings: who gets an order now, who waits, and when it goes on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from canopee_api.audit.chain import note
from canopee_api.campaigns.freezes import Freezes
from canopee_api.campaigns.pace import pace_of, paced, room
from canopee_api.campaigns.rollout import Decision, decide
from canopee_api.campaigns.signals import Measured, Signals, figures_of, recalled
from canopee_api.catalog.trust import TrustStore
from canopee_api.errors import ConflictError, NotFoundError
from canopee_api.orders.issue import Assignment, issue, renew
from canopee_api.postgres import campaigns as sql
from canopee_api.postgres import rings as ring_sql
from canopee_api.postgres import windows as window_sql
from canopee_api.postgres.campaigns import CampaignRow, Gate
from canopee_api.postgres.changes import announce_undelivered
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.log_requests import consents_of
from canopee_api.postgres.prerequisites import count_waiting
from canopee_api.postgres.standstill import standstill
from canopee_contract.campaign import Ring, Rollout, asked, ring_index
from canopee_contract.freeze import Frozen
from canopee_contract.pipeline import PipelineRef
from canopee_contract.recurrence import following, written
from canopee_contract.standstill import Standstill
from canopee_contract.window import is_open, next_opening, opening
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id
from canopee_kit.logs import get_logger
from canopee_trust.errors import EnvelopeError

_log = get_logger(__name__)
SLICE = 200
"""Orders signed in one transaction."""
_BY_ITSELF = "canopee"


class Held(msgspec.Struct, frozen=True):
    """What holds campaigns at an instant."""

    stop: Standstill | None
    freezes: Mapping[str, Frozen]
    """By kind."""

    def frozen(self, row: CampaignRow) -> Frozen | None:
        """The freeze that holds a campaign; `None` when none does."""
        return None if row.through_freezes else self.freezes.get(row.kind)


class Rings:
    """Gives the orders of campaigns, ring by ring."""

    def __init__(self, database: Database, trust: TrustStore, freezes: Freezes, clock: Clock) -> None:
        self._database, self._trust, self._freezes, self._clock = database, trust, freezes, clock
        self._wall = freezes.wall
        self._signals = Signals(database, clock)

    async def give(self, tx: Connection, row: CampaignRow, device_ids: Sequence[str]) -> int:
        """Orders for those of these devices whose ring is open, in the caller's transaction; the others wait."""
        gate = await self.gate(tx, row)
        if gate is None:
            return 0
        rings = rings_of(row)
        places = {one: place for one in device_ids if (place := ring_index(rings, row.pilots, one)) is not None}
        now = {one: place for one, place in places.items() if place <= gate.ring and not gate.is_held}
        later = {one: place for one, place in places.items() if one not in now}
        if held := places if _is_paced(row) or row.recurrence or row.prerequisites else later:
            await ring_sql.hold_back(tx, row.id, held)
        if row.recurrence is not None:
            return 0
        return await self._order(tx, row, gate, now)

    async def advance(self) -> int:
        """Look at every campaign under way: halt it, open its next ring, give what its open rings lack; orders made."""
        async with self._database.transaction() as tx:
            ids = await ring_sql.moving_ids(tx, self._clock.now())
            rows = await sql.campaigns_of(tx, ids)
        made = 0
        await self._signals.read()
        for row in rows:
            await self._move(row.id, await self._signals.measure(row))
            made += await self.give_waiting(row)
        return made

    async def open_windows(self) -> int:
        """Tell the PCs that wait for a window, where it has opened; how many campaigns and time zones."""
        async with self._database.transaction() as tx:
            campaigns = await window_sql.windowed(tx, self._clock.now())
        told = 0
        for one in campaigns:
            starts = {zone: opening(one.windows, self._wall.now(zone)) for zone in one.zones}
            new = {
                zone: start.isoformat()
                for zone, start in starts.items()
                if start is not None and one.opened.get(zone) != start.isoformat()
            }
            if new:
                await self.renew(one.id)
                async with self._database.transaction() as tx:
                    await window_sql.tell_opening(tx, one.id, list(new), {**one.opened, **new})
            told += len(new)
        return told

    async def renew(self, campaign_id: str) -> None:
        """New numbers for the orders that others have overtaken meanwhile."""
        again = True
        while again:
            async with self._database.transaction() as tx:
                await sql.lock_campaigns(tx, [campaign_id])
                again = await renew(
                    tx, campaign_id, epoch=self._trust.policy.epoch, key=self._trust.director,
                    now=self._clock.now(), limit=SLICE,
                ) > 0  # fmt: skip

    async def pause(self, campaign_id: str, *, by: str) -> None:
        """Make and deliver no order until it is resumed; what a PC has already may still run there.

        Raises:
            ConflictError: it was stopped, is over, or is paused.
            NotFoundError: there is none of that id.
        """
        await self._alive(campaign_id)
        async with self._database.transaction() as tx:
            if not await ring_sql.pause(tx, campaign_id, now=self._clock.now()):
                raise ConflictError("campaign.paused", "it is paused already, or was stopped")
            await note(tx, self._clock.now(), by, "campaign.pause", campaign_id)

    async def resume(self, campaign_id: str, *, by: str) -> None:
        """Go on after a pause or a halt; the failures that halted it are not counted again.

        Raises:
            ConflictError: it was stopped, is over, is neither paused nor halted, or is approved no more.
            NotFoundError: there is none of that id.
        """
        row = await self._alive(campaign_id)
        self._require_approved(row)
        await self.renew(campaign_id)
        async with self._database.transaction() as tx:
            if not await ring_sql.resume(tx, campaign_id, now=self._clock.now()):
                raise ConflictError("campaign.not_paused", "it is neither paused nor halted, or was stopped")
            await announce_undelivered(tx, campaign_id)
            await note(tx, self._clock.now(), by, "campaign.resume", campaign_id)
        await self.give_waiting(row)

    async def give_waiting(self, row: CampaignRow) -> int:
        """The orders that the open rings lack, slice by slice: a stop goes on from there at the next round.

        Those of a campaign that recurs are made when their occurrence has come: `Recurring`.
        """
        made, again = 0, row.recurrence is None
        while again:
            async with self._database.transaction() as tx:
                gate = await self.gate(tx, row)
                if gate is None or gate.is_held:
                    break
                slice_ = await self._order(
                    tx, row, gate, await ring_sql.waiting(tx, row.id, gate.ring, limit=SLICE)
                )
            made, again = made + slice_, slice_ > 0
        return made

    async def frozen(self, tx: Connection, row: CampaignRow) -> Frozen | None:
        """Until when and why a freeze holds a campaign; `None` when none does."""
        return await self._freezes.now(tx, row)

    def said(self, frozen: Frozen) -> str:
        """Until when, by the usual clock, and why."""
        return self._freezes.said(frozen)

    async def held(self, tx: Connection) -> Held:
        """What holds campaigns now, whichever they are: read once for all those of a list."""
        return Held(await standstill(tx), await self._freezes.held(tx))

    async def why(self, tx: Connection, row: CampaignRow, held: Held) -> Decision | None:
        """What a running campaign waits for: the end of a stop, or of a freeze, its window, its next ring."""
        if (stop := held.stop) is not None:
            return Decision(
                "wait", f"everything is stopped since {stop.since:%Y-%m-%d %H:%M} UTC by {stop.by}: {stop.reason}",
                "stopped", {"since": stop.since.isoformat(), "by": stop.by, "why": stop.reason},
            )  # fmt: skip
        if (frozen := held.frozen(row)) is not None:
            return Decision(
                "wait", self.said(frozen), "frozen", {"until": frozen.until.isoformat(), "why": frozen.reason}
            )
        wall = self._wall.now()
        if not is_open(row.windows, wall) and (opens := next_opening(row.windows, wall)):
            return Decision(
                "wait", f"its window is shut: it opens on {opens:%a %H:%M}, {self._wall.usual} time",
                "window", {"opens": opens.isoformat(timespec="minutes"), "zone": str(self._wall.usual)},
            )  # fmt: skip
        if _is_paced(row) and await self._is_held_up(tx, row):
            return await paced(tx, row, self._clock.now())
        if row.rollout is None or row.ring >= len(row.rings) - 1:
            return self._next_occurrence(row, wall) or await self._prerequisites(tx, row)
        return await self._decide(tx, row, row.rollout, recalled(row))

    async def lacking(self, tx: Connection, row: CampaignRow) -> int:
        """PCs of its open rings that have not done what it comes after."""
        return await count_waiting(tx, row.id, row.ring) if row.prerequisites else 0

    async def _is_held_up(self, tx: Connection, row: CampaignRow) -> bool:
        """Whether PCs of its open rings wait for orders that could be made."""
        return row.recurrence is None and bool(await ring_sql.waiting(tx, row.id, row.ring, limit=1))

    def _next_occurrence(self, row: CampaignRow, wall: datetime) -> Decision | None:
        if row.recurrence is None or (comes := following(row.recurrence, wall)) is None:
            return None
        return Decision(
            "wait", f"next occurrence: {comes:%a %Y-%m-%d %H:%M}, {self._wall.usual} time",
            "occurrence", {"comes": written(comes), "zone": str(self._wall.usual)},
        )  # fmt: skip

    async def _prerequisites(self, tx: Connection, row: CampaignRow) -> Decision | None:
        if not (number := await self.lacking(tx, row)):
            return None
        what = ", ".join(map(asked, row.prerequisites))
        return Decision("wait", f"{number} PCs wait for {what}", "prerequisite", {"n": number, "pipelines": what})

    async def _move(self, campaign_id: str, measured: Sequence[Measured]) -> None:
        """Judge a campaign, once at a time in the whole installation: its row is locked meanwhile."""
        async with self._database.transaction() as tx:
            gate, row = await sql.lock_gate(tx, campaign_id), await sql.get_campaign(tx, campaign_id)
            if gate is None or row is None or gate.is_held or await self._freezes.now(tx, row):
                return
            is_first, following = row.ring < 0, row.ring + 1
            if row.rollout is not None and not is_first:
                decision = await self._decide(tx, row, row.rollout, measured)
                if measured:
                    await ring_sql.note_signals(tx, row.id, figures_of(measured), now=self._clock.now())
                if decision.move == "halt":
                    await self._halt(tx, row, decision)
                if decision.move != "advance":
                    return
            if following < len(row.rings) and row.rings[following].not_before <= self._clock.now():
                now = self._clock.now()
                await ring_sql.open_ring(tx, row.id, following, now=now)
                await note(tx, now, _BY_ITSELF, "campaign.ring", row.id, ring=following + 1, of=len(row.rings))

    async def _halt(self, tx: Connection, row: CampaignRow, why: Decision) -> None:
        now = self._clock.now()
        await ring_sql.halt(tx, row.id, ring_sql.Halt(why.reason, why.code, why.params), now=now)
        await note(
            tx, now, _BY_ITSELF, "campaign.halt", row.id, reason=why.reason, code=why.code, params=dict(why.params),
            ring=row.ring + 1,
        )  # fmt: skip
        _log.warning("campaign %s (%s) halts in its ring %d: %s", row.id, row.name, row.ring + 1, why.reason)

    async def _decide(
        self, tx: Connection, row: CampaignRow, rollout: Rollout, measured: Sequence[Measured] = ()
    ) -> Decision:
        """What was frozen counts neither as silence nor as time that a ring has stood alone."""
        now, freezing = self._clock.now(), await self._freezes.since(tx, row, row.created_at)
        standing = await ring_sql.standing(
            tx, row.id, row.ring, judged_from=row.judged_from or row.created_at,
            silent_before=freezing.before(now, timedelta(seconds=rollout.silent_after_s)),
        )  # fmt: skip
        return decide(rollout, standing, freezing.thawed(row.ring_opened_at or row.created_at, now), measured)

    async def gate(self, tx: Connection, row: CampaignRow) -> Gate | None:
        """Lock a campaign that may still give orders; it is held while a freeze holds it."""
        gate = await sql.lock_gate(tx, row.id)
        if gate is None or gate.is_held or await self._freezes.now(tx, row) is None:
            return gate
        return msgspec.structs.replace(gate, is_held=True)

    async def _order(self, tx: Connection, row: CampaignRow, gate: Gate, places: Mapping[str, int]) -> int:
        """Sign the orders of devices, given with their ring, that have none, as many as were approved."""
        chosen = await sql.without_order(tx, row.id, list(places), limit=await self._room(tx, row, gate))
        rings, by_ring = rings_of(row), defaultdict[int, list[str]](list)
        for one in chosen:
            by_ring[places[one]].append(one)
        consents = await consents_of(tx, row.id, chosen) if row.upload_budget_bytes is not None else {}
        made = 0
        for place, ids in sorted(by_ring.items()):
            assignment = Assignment(
                campaign_id=row.id, document_sha256=row.document_sha256,
                pipeline=msgspec.convert(row.pipeline, PipelineRef), parameters=row.parameters,
                not_before=max(row.not_before, rings[place].not_before), expires_at=row.not_after,
                epoch=self._trust.policy.epoch, ring=place, is_dry=row.is_dry,
                upload_budget_bytes=row.upload_budget_bytes, consents=consents,
            )  # fmt: skip
            ordinals = {one: number for number, one in enumerate(ids, start=gate.targets + made + 1)}
            made += await issue(tx, assignment, ordinals, key=self._trust.director, now=self._clock.now())
        await sql.add_targets(tx, row.id, made)
        await ring_sql.let_go(tx, row.id, list(places))
        return made

    async def _room(self, tx: Connection, row: CampaignRow, gate: Gate) -> int:
        """How many orders may be made now: as many as were approved, and as its pace has left."""
        left, paced = gate.max_targets - gate.targets, await room(tx, row, self._clock.now())
        return left if paced is None else min(left, paced)

    def _require_approved(self, row: CampaignRow) -> None:
        """Refuse to go on with what every PC would refuse: a key that approved it was revoked."""
        if row.document is None:
            return
        try:
            self._trust.approved(row.document, "action" if row.kind == "action" else "collect")
        except EnvelopeError as error:
            message = f"{row.name}: {error.message}; let approvers sign a new document"
            raise ConflictError("campaign.unapproved", message) from error

    async def _alive(self, campaign_id: str) -> CampaignRow:
        async with self._database.transaction() as tx:
            row = await campaign_of(tx, campaign_id)
        if row.stopped_at is not None or row.not_after <= self._clock.now():
            raise ConflictError("campaign.over", f"{row.name} is over, or was stopped: nothing of it goes on")
        return row


async def campaign_of(tx: Connection, campaign_id: str) -> CampaignRow:
    """The campaign of that id; raises `NotFoundError`."""
    row = await sql.get_campaign(tx, campaign_id) if is_id(campaign_id) else None
    if row is None:
        raise NotFoundError("campaign.unknown", f"there is no campaign {campaign_id[:40]}")
    return row


def rings_of(row: CampaignRow) -> tuple[Ring, ...]:
    """Those of its document; else one, which reaches as far as the campaign does."""
    return row.rings or (Ring(row.reach_bp, row.not_before),)


def _is_paced(row: CampaignRow) -> bool:
    return pace_of(row.rollout, row.bytes_per_device).per_min > 0
