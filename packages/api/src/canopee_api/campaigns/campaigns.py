"""Campaigns: a pipeline version given to the devices for which a condition holds, now and (living) later."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from canopee_api.audit.chain import note
from canopee_api.campaigns.closures import Holds, compiled
from canopee_api.campaigns.pace import check_pace
from canopee_api.campaigns.pace import shown as shown_pace
from canopee_api.campaigns.prerequisites import check_prerequisites
from canopee_api.campaigns.rings import SLICE, Held, Rings, campaign_of, rings_of
from canopee_api.campaigns.rollout import Decision
from canopee_api.campaigns.signals import check_signals, require_datasets, shown, signals_of
from canopee_api.campaigns.sizes import Sizes, sizes_of
from canopee_api.campaigns.targeting import read_condition
from canopee_api.catalog.trust import KnownPipeline, TrustStore
from canopee_api.errors import ConflictError, InvalidError
from canopee_api.postgres import campaigns as sql
from canopee_api.postgres import devices as device_sql
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.orders import Count, count_by_state
from canopee_api.postgres.signals import begin_reading
from canopee_api.postgres.targeting import matching_ids
from canopee_contract.campaign import LONGEST_S, Campaign, are_in_order, is_sensible
from canopee_contract.errors import SchemaError
from canopee_contract.parameters import check_parameters
from canopee_contract.people import CampaignState, CampaignView, CollectRequest, NewDryRun, RingView
from canopee_contract.pipeline import PipelineRef
from canopee_contract.recurrence import Recurrence, following
from canopee_contract.recurrence import fault as fault_of_recurrence
from canopee_contract.window import fault
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id, new_id
from canopee_trust.documents import OpenedCampaign
from canopee_trust.dsse import payload_of, read_envelope
from canopee_trust.errors import EnvelopeError

MOST_DRY = 50
"""Devices of one dry run."""
_LONGEST_DRY_S = 86_400
_PAGE = 10_000
"""Devices that one query of a first round looks for."""
_UNLIMITED = 2**31 - 1
_NAME = 200
_PILOTS = 1_000
_ALIVE = {"waiting", "pending", "delivered"}
_MOVING = {"running", "paused", "halted"}


class _Living(msgspec.Struct, frozen=True):
    """A campaign as it is remembered, without its document."""

    row: sql.CampaignRow
    holds: Holds


class Campaigns:
    """Everything about campaigns."""

    def __init__(self, database: Database, trust: TrustStore, rings: Rings, clock: Clock) -> None:
        self._database, self._trust, self._rings, self._clock = database, trust, rings, clock
        self._living: dict[str, _Living] = {}

    async def start_signed(self, document: bytes, *, by: str) -> CampaignView:
        """Start the campaign of a signed document. The same document twice is one campaign.

        Raises:
            InvalidError: malformed, or not signed by enough approvers, or for a pipeline that is not published so.
            NotFoundError: the pipeline is not published.
        """
        await self._trust.catch_up()
        opened, known = self._open(document)
        campaign = opened.campaign
        if campaign.not_after <= self._clock.now():
            raise InvalidError("campaign.over", "its last day has passed: sign a new document", at="$.not_after")
        sizes = self.sizes(known, campaign.parameters)
        check_pace(campaign.rollout, sizes)
        row = sql.CampaignRow(
            id=campaign.campaign_id, name=campaign.name[:_NAME], kind=known.pipeline.kind,
            pipeline=msgspec.to_builtins(campaign.pipeline), parameters=campaign.parameters,
            condition=campaign.condition, document=document, document_sha256=opened.sha256,
            max_targets=min(campaign.max_targets, _UNLIMITED), is_living=True, not_before=campaign.not_before,
            not_after=campaign.not_after, created_by=by, created_at=self._clock.now(),
            reach_bp=campaign.rings[-1].up_to_bp, rings=campaign.rings, pilots=frozenset(campaign.pilots),
            rollout=campaign.rollout, ring=0 if campaign.rings[0].not_before <= self._clock.now() else -1,
            ring_opened_at=self._clock.now(), windows=campaign.windows,
            through_freezes=campaign.through_freezes, recurrence=campaign.recurrence,
            prerequisites=campaign.after,
            bytes_per_device=sizes.total,
            bytes_unknown=tuple(sizes.unknown),
        )  # fmt: skip
        return await self._start(row, by=by, supersedes=campaign.supersedes)

    def sizes(self, known: KnownPipeline, parameters: dict[str, Any]) -> Sizes:
        """What each device downloads for a pipeline; raises `InvalidError` for parameters that are not its own."""
        return sizes_of(known, checked_parameters(known, parameters), self._trust.releases())

    async def stop(self, campaign_id: str, *, by: str) -> CampaignView:
        """Give no more orders of a campaign, and deliver none of those that wait: it has gone far enough.

        An order that a PC has already may still run there. Raises `NotFoundError`.
        """
        view = await self.view(campaign_id)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if await sql.stop_campaign(tx, view.id, now=now):
                await note(tx, now, by, "campaign.stop", view.id, name=view.name, pipeline=view.pipeline)
        return await self.view(campaign_id)

    async def start_collect(self, request: CollectRequest, *, by: str) -> CampaignView:
        """Give a pipeline marked `approval: none` to the devices that match.

        Raises:
            ConflictError: the pipeline needs a signed document.
            InvalidError: condition, parameters or duration are not acceptable.
            NotFoundError: the pipeline is not published.
        """
        known = await self.collection(request.pipeline)
        if not 1 <= request.expires_in_s <= LONGEST_S:
            raise InvalidError("campaign.expiry", "1 second to 400 days", at="$.expires_in_s")
        read_condition(request.condition)
        row = self._without_document(known, request, request.condition, by=by)
        check_recurrence(request.recurrence, row.created_at, row.not_after)
        row = msgspec.structs.replace(
            row, name=(request.name or row.name)[:_NAME], recurrence=request.recurrence,
            is_living=request.living or request.recurrence is not None,
        )  # fmt: skip
        return await self._start(row, by=by)

    async def collection(self, pipeline: str) -> KnownPipeline:
        """A published pipeline that anybody who may collect gives to devices.

        Raises:
            ConflictError: it needs a signed document.
            NotFoundError: it is not published.
        """
        await self._trust.catch_up()
        known = self._trust.pipeline(pipeline)
        if known.pipeline.kind != "collect" or known.pipeline.approval != "none":
            raise ConflictError(
                "campaign.approval", f"{pipeline[:80]} needs a document signed by approvers: see `canopee sign`"
            )
        return known

    async def start_for_logs(
        self,
        request: CollectRequest,
        budget_bytes: int,
        *,
        by: str,
        also: Callable[[Connection, str], Awaitable[None]],
    ) -> str:
        """Give a collection whose PCs send files; `also` is stored with it, by its id. The id.

        Raises:
            ConflictError, InvalidError, NotFoundError: as `start_collect`.
        """
        known = await self.collection(request.pipeline)
        row = self._without_document(known, request, request.condition, by=by)
        row = msgspec.structs.replace(row, is_living=True, upload_budget_bytes=budget_bytes)
        return (await self._start(row, by=by, also=also)).id

    async def start_dry(self, asked: NewDryRun, *, by: str) -> CampaignView:
        """Let devices find out what a published pipeline would do there, with nothing done: it needs no approval.

        Raises:
            InvalidError: devices, parameters or duration are not acceptable.
            NotFoundError: the pipeline is not published.
        """
        await self._trust.catch_up()
        known = self._trust.pipeline(asked.pipeline)
        if not 1 <= len(asked.devices) <= MOST_DRY or not all(map(is_id, asked.devices)):
            raise InvalidError("dry_run.devices", f"1 to {MOST_DRY} ids of devices", at="$.devices")
        if not 1 <= asked.expires_in_s <= _LONGEST_DRY_S:
            raise InvalidError("campaign.expiry", f"1 to {_LONGEST_DRY_S} seconds", at="$.expires_in_s")
        condition = {"fact": "device.id", "op": "in", "value": sorted(set(asked.devices))}
        row = self._without_document(known, asked, condition, by=by)
        return await self._start(msgspec.structs.replace(row, max_targets=MOST_DRY, is_dry=True), by=by)

    def _without_document(
        self, known: KnownPipeline, asked: CollectRequest | NewDryRun, condition: dict[str, Any], *, by: str
    ) -> sql.CampaignRow:
        """A campaign that nobody signs, from now on, once; raises `InvalidError` for parameters not its pipeline's."""
        now = self._clock.now()
        return sql.CampaignRow(
            id=new_id(now), name=known.pipeline.title[:_NAME], kind="collect",
            pipeline=msgspec.to_builtins(known.ref), parameters=checked_parameters(known, asked.parameters),
            condition=condition, document=None, document_sha256=None, max_targets=_UNLIMITED, is_living=False,
            not_before=now - timedelta(minutes=5), not_after=now + timedelta(seconds=asked.expires_in_s),
            created_by=by, created_at=now,
        )  # fmt: skip

    async def reconsider(self, device_id: str | None = None) -> int:
        """Evaluate living campaigns on facts that changed: those of one device, or of any; orders made."""
        made, considered = 0, SLICE
        while considered == SLICE:
            async with self._database.transaction() as tx:
                changed = await device_sql.facts_to_consider(tx, device_id, limit=SLICE)
                if not changed:
                    break
                campaigns = await self._living_campaigns(tx)
                held = [(one.row, [found for found, facts in changed if one.holds(facts)]) for one in campaigns]
                reached = [(row, ids) for row, ids in held if ids]
                await sql.lock_campaigns(tx, [row.id for row, _ in reached])
                for row, ids in reached:
                    made += await self._rings.give(tx, row, ids)
                await device_sql.mark_considered(tx, [found for found, _ in changed])
                considered = len(changed)
        return made

    async def expand_unfinished(self) -> None:
        """Go on with first rounds that a stop interrupted."""
        async with self._database.transaction() as tx:
            ids = await sql.unexpanded_ids(tx, self._clock.now())
            rows = await sql.campaigns_of(tx, ids)
        for row in rows:
            await self._expand(row)

    async def views(
        self, *, after: str, limit: int, states: Sequence[str] = (), pipeline: str = ""
    ) -> list[CampaignView]:
        """Campaigns of some states or all, of a pipeline or any, newest first, with where their devices stand."""
        async with self._database.transaction() as tx:
            rows = await sql.list_campaigns(
                tx, after=after, limit=limit, states=states, now=self._clock.now(), pipeline=pipeline
            )
            return await self.views_of(tx, rows)

    async def views_of(self, tx: Connection, rows: Sequence[sql.CampaignRow]) -> list[CampaignView]:
        """These campaigns, with where their devices stand."""
        counts = defaultdict[str, list[Count]](list)
        for count in await count_by_state(tx, [row.id for row in rows], now=self._clock.now()):
            counts[count.campaign_id].append(count)
        ended = await sql.superseded(tx, [row.id for row in rows])
        held = await self._rings.held(tx)
        views = [await self._view(tx, row, counts[row.id], held) for row in rows]
        return [msgspec.structs.replace(view, supersedes=ended.get(view.id, [])) for view in views]

    async def view(self, campaign_id: str) -> CampaignView:
        """One campaign; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            return (await self.views_of(tx, [await campaign_of(tx, campaign_id)]))[0]

    async def _start(
        self,
        row: sql.CampaignRow,
        *,
        by: str,
        supersedes: bool = False,
        also: Callable[[Connection, str], Awaitable[None]] | None = None,
    ) -> CampaignView:
        _ = self._trust.policy
        async with self._database.transaction() as tx:
            await require_datasets(tx, row.rollout)
            if any(signal.dataset for signal in signals_of(row.rollout)):
                await begin_reading(tx, row.created_at)
            if await sql.insert_campaign(tx, row):
                if also is not None:
                    await also(tx, row.id)
                else:
                    action = "campaign.dry_run" if row.is_dry else "campaign.start"
                    await note(tx, row.created_at, by, action, row.id, name=row.name, pipeline=row.pipeline)
                for ended in await sql.supersede(tx, row, now=row.created_at) if supersedes else ():
                    await note(tx, row.created_at, by, "campaign.supersede", ended, by=row.id)
                await announce(tx, "catalog")
            else:
                held = await sql.get_campaign(tx, row.id)
                if held is None or held.document_sha256 != row.document_sha256:
                    raise ConflictError(
                        "campaign.exists", f"campaign {row.id} has another document: make a new id"
                    )
        await self._expand(row)
        return await self.view(row.id)

    async def _expand(self, row: sql.CampaignRow) -> None:
        """Give the orders of the first round, slice by slice: what is done stays done, a stop goes on from there."""
        condition, after, is_over = read_condition(row.condition), row.expanded_to or "", False
        while not is_over:
            async with self._database.transaction() as tx:
                ids = await matching_ids(tx, condition, after=after, limit=_PAGE)
            for start in range(0, len(ids), SLICE):
                after = ids[start : start + SLICE][-1]
                async with self._database.transaction() as tx:
                    await self._rings.give(tx, row, ids[start : start + SLICE])
                    await sql.mark_expanded_to(tx, row.id, after)
            is_over = len(ids) < _PAGE
        async with self._database.transaction() as tx:
            await sql.mark_expanded(tx, row.id)

    async def _living_campaigns(self, tx: Connection) -> "list[_Living]":
        """Those that go on giving orders. Who they are is read each time; a campaign never changes its condition."""
        ids = await sql.living_ids(tx, self._clock.now())
        known = {id_: self._living[id_] for id_ in ids if id_ in self._living}
        for row in await sql.campaigns_of(tx, [id_ for id_ in ids if id_ not in known]):
            known[row.id] = _Living(
                msgspec.structs.replace(row, document=None), compiled(read_condition(row.condition))
            )
        self._living = known
        return [known[id_] for id_ in ids if id_ in known]

    def _open(self, document: bytes) -> tuple[OpenedCampaign, KnownPipeline]:
        """The document, once its signatures and its pipeline are what they must be."""
        try:
            named = msgspec.json.decode(payload_of(read_envelope(document)), type=Campaign).pipeline
            known = self._trust.pipeline(f"{named.name}@{named.version}")
            opened = self._trust.approved(document, known.pipeline.kind)
        except EnvelopeError as error:
            raise InvalidError(f"campaign.{error.reason}", error.message, at="$.document") from error
        except msgspec.DecodeError as error:
            raise InvalidError("campaign.malformed", str(error), at="$.document") from error
        check_document(opened.campaign, known)
        check_prerequisites(self._trust, opened.campaign)
        return opened, known

    async def _view(
        self, tx: Connection, row: sql.CampaignRow, counts: Sequence[Count], held: Held
    ) -> CampaignView:
        ref, states = msgspec.convert(row.pipeline, PipelineRef), _by_state(counts)
        state = self._state(row, states)
        frozen = held.frozen(row) if state in _MOVING else None
        why = await self._rings.why(tx, row, held) if state == "running" else None
        halt = Decision("halt", row.halt_reason, row.halt_code, row.halt_params)
        reason = halt if halt.reason else why or Decision("advance")
        rings = [
            RingView(
                up_to_bp=ring.up_to_bp, not_before=ring.not_before, is_open=place <= row.ring,
                states=_by_state([one for one in counts if one.ring == place]),
            )
            for place, ring in enumerate(rings_of(row))
        ]  # fmt: skip
        return CampaignView(
            id=row.id, name=row.name, pipeline=f"{ref.name}@{ref.version}", kind=row.kind, state=state,
            created_at=row.created_at, not_after=row.not_after, total=sum(states.values()), states=states,
            condition=row.condition, rings=rings, pilots=len(row.pilots), rollout=row.rollout,
            windows=row.windows, superseded_by=row.superseded_by or "", frozen=frozen,
            through_freezes=row.through_freezes, recurrence=row.recurrence,
            after=row.prerequisites, lacking=await self._rings.lacking(tx, row),
            pace=await shown_pace(tx, row, self._clock.now()),
            reason=reason.reason, reason_code=reason.code, reason_params=dict(reason.params),
            signals=shown(row), signals_at=row.signals_at,
            created_by=row.created_by, parameters=row.parameters, ring_opened_at=row.ring_opened_at,
            is_signed=row.document_sha256 is not None, is_dry=row.is_dry,
        )  # fmt: skip

    def _state(self, row: sql.CampaignRow, states: Mapping[str, int]) -> CampaignState:
        if row.stopped_at:
            return "aborted"
        if row.not_after <= self._clock.now() or not (row.is_living or _ALIVE & set(states)):
            return "finished"
        return "halted" if row.halted_at else "paused" if row.paused_at else "running"


def check_document(campaign: Campaign, known: KnownPipeline) -> None:
    """Whether a document is one that PCs would take, were it signed; raises `InvalidError`."""
    if campaign.pipeline != known.ref:
        raise InvalidError("campaign.pipeline", "the pipeline published has other bytes: sign a new document")
    if not is_id(campaign.campaign_id) or campaign.max_targets < 1:
        raise InvalidError("campaign.malformed", "a campaign has a UUID, and a target at least")
    if not are_in_order(campaign.rings):
        raise InvalidError("campaign.rings", "rings rise, the last one to at most 10 000", at="$.document")
    if not all(map(is_id, campaign.pilots)) or len(campaign.pilots) > _PILOTS:
        raise InvalidError("campaign.pilots", f"at most {_PILOTS} ids of devices", at="$.document")
    if campaign.rollout is not None and not is_sensible(campaign.rollout):
        raise InvalidError(
            "campaign.rollout", "shares are 0 to 100 %, times 0 s to 400 days, a pace from 1", at="$.document"
        )
    if campaign.rollout is not None:
        check_signals(campaign.rollout)
    if wrong := fault(campaign.windows):
        raise InvalidError("campaign.windows", wrong, at="$.document")
    check_recurrence(campaign.recurrence, campaign.not_before, campaign.not_after)
    read_condition(campaign.condition)
    checked_parameters(known, campaign.parameters)


def check_recurrence(recurrence: Recurrence | None, begins: datetime, ends: datetime) -> None:
    """Whether it can be read, and comes while the campaign lasts; raises `InvalidError`."""
    if recurrence is None:
        return
    wrong = fault_of_recurrence(recurrence)
    if not wrong:
        comes, last = following(recurrence, begins.replace(tzinfo=None)), ends.replace(tzinfo=None)
        if comes is None or comes > last:
            wrong = f"{recurrence.every!r} does not come before the campaign ends: make it last longer"
    if wrong:
        raise InvalidError("campaign.recurrence", wrong, at="$.recurrence")


def _by_state(counts: Sequence[Count]) -> dict[str, int]:
    found = Counter[str]()
    for one in counts:
        found[one.state] += one.devices
    return dict(found)


def checked_parameters(known: KnownPipeline, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters to use: those given, and the defaults of the others; raises `InvalidError`."""
    try:
        return dict(check_parameters(known.pipeline.parameters, given))
    except SchemaError as error:
        raise InvalidError(error.reason, error.message, at="$.parameters") from error
