"""Whether an order may run: four authorisations that must agree, checked in this order.

| reason (`refused.<reason>` in the run report) | what was not so |
|---|---|
| `order_signature` | signed by a director of the trust policy |
| `lab_key` | no development key, unless the local policy accepts them |
| `malformed` | its id is a UUID, its sequence number is within bounds |
| `device` `generation` `epoch` | made for this device, its enrolment, and the trust policy in force |
| (replay) | above every sequence number seen: the journal checks and stores it, and says nothing of those below |
| `state_lost` | this PC remembers what it has run: its durable state was not wiped |
| `not_yet` | its start has come (an order past its end is `expired`, not refused) |
| `metadata` `metadata_expired` | the TUF repository is sound; out of date, nothing that acts is allowed |
| `pipeline` `pipeline_hash` | published, with the very bytes that the order names |
| `kind` `step_kind` | its steps are known here, and collect only if it says that it collects |
| `approval` | a campaign comes with it, unless it collects, is marked `none`, reads no file content and sends no logs |
| `parameters` | within the signed schema |
| `campaign_signature` `campaign` `author` | signed by enough approvers who are no authors of the pipeline |
| `campaign_hash` `campaign_pipeline` `campaign_parameters` `ordinal` | what the order names, and the same |
| `ring` `campaign_window` | this device's turn has come, and the campaign is not over |
| `clock` | the PC's own clock says so too, within two hours: a server may lie about the time |
| `occurrence` | where the document recurs, the order names one of its times, that of now: no later one has come |
| `repeated` | no order of this campaign document, or of this occurrence or a later one, has begun here before |
| `superseded` | no order has begun here of a newer campaign that ends those of this pipeline |
| `prerequisite` | a run of each pipeline that the document comes after, of its version or later, was `done` here |
| `consent_refused` `consent_unanswered` | the user of this PC agrees, where the order or the local policy wants it |
| `disabled` `policy_step_kind` `policy_dry_run` | the local policy allows it |
| `dry` | a dry run comes without campaign: nothing of it is done, and it uses up no approval |

Outside the windows of the campaign, or before its occurrence, by the PC's clock or by the server's, an order that may
run is not refused: it waits here, unbegun, for its time (ADR 0045, 0048).
A condition that does not hold here is no refusal: the run is `skipped`, code `condition_false`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from canopee_agent.engine.clocks import SLACK, Clocks
from canopee_agent.engine.policy import LocalPolicy
from canopee_agent.errors import RefusedError, ShutWindowError
from canopee_agent.step import StepKind
from canopee_contract.campaign import Campaign, are_in_order, ring_of
from canopee_contract.codec import decode, encode
from canopee_contract.condition import Facts, Scalar, evaluate, parse_condition
from canopee_contract.errors import ContractError
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.parameters import check_parameters
from canopee_contract.pipeline import Pipeline
from canopee_contract.recurrence import Recurrence, due, number_of, occurrence_of, recurs_at
from canopee_contract.recurrence import fault as fault_of_recurrence
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_contract.window import Window, fault, is_open, next_opening
from canopee_kit.errors import TemporaryError
from canopee_kit.ids import is_id
from canopee_trust.approvals import approved
from canopee_trust.client import TrustedRepository
from canopee_trust.documents import OpenedOrder, open_order
from canopee_trust.errors import MetadataError, TrustError
from canopee_trust.floor import MAX_FLOOR
from canopee_trust.publication import check_pipeline

Kinds = Mapping[str, type[StepKind[msgspec.Struct]]]


class Authorised(msgspec.Struct, frozen=True):
    """An order that may run."""

    order: Order
    pipeline: Pipeline
    parameters: dict[str, Scalar]
    holds: bool
    """Whether the conditions of the pipeline and of the campaign hold on this machine."""
    campaign: Campaign | None = None
    occurrence: int = 1
    """Which one of its campaign: a number that rises, 1 where it does not recur."""


class Authoriser:
    """The checks of one agent."""

    def __init__(
        self, repository: TrustedRepository, policy: LocalPolicy, kinds: Kinds, clock: Clocks, *,
        wall: Callable[[datetime], datetime],
    ) -> None:  # fmt: skip
        """`wall`: what the clock on the wall of this PC shows at an instant."""
        self._repository, self._policy, self._kinds, self._clock = repository, policy, kinds, clock
        self._wall = wall

    @property
    def epoch(self) -> int:
        """That of the trust policy in force; 0 when there is none."""
        try:
            return self._trust_policy().epoch if self._repository.is_known else 0
        except (RefusedError, TemporaryError):
            return 0

    def open(self, delivered: DeliveredOrder, device_id: str, generation: int) -> OpenedOrder:
        """The order itself: whose it is, and for whom.

        Raises:
            RefusedError: the first check that failed.
        """
        policy = self._trust_policy()
        try:
            opened = open_order(bytes(delivered.order), policy)
        except TrustError as error:
            raise RefusedError("order_signature", error.message) from error
        self._refuse_lab(is_lab=opened.uses_lab_keys)
        is_sound = is_id(opened.order.order_id) and 1 <= opened.order.seq < MAX_FLOOR
        _require(is_sound, "malformed", "its id is no UUID, or its sequence number is out of bounds")
        _require(opened.order.device_id == device_id, "device", "the order is for another device")
        _require(opened.order.generation == generation, "generation", "the order is for another enrolment")
        _require(opened.order.epoch == policy.epoch, "epoch", "the order is of another trust policy")
        return opened

    def authorise(self, order: Order, delivered: DeliveredOrder, facts: Facts) -> Authorised:
        """What may run, once every authorisation agrees.

        Raises:
            RefusedError: the first check that failed.
            ShutWindowError: nothing failed, and it is not the time.
        """
        _require(order.not_before <= self._clock.now(), "not_yet", f"the order starts at {order.not_before}")
        pipeline = self._pipeline(order)
        is_named = (pipeline.name, pipeline.version) == (order.pipeline.name, order.pipeline.version)
        _require(is_named, "pipeline", f"the order calls it {order.pipeline.name[:80]}: it is {pipeline.name}")
        self._check_kinds(pipeline)
        needs_document = not order.is_dry and self._needs_approval(pipeline)
        _require(not needs_document or delivered.document is not None, "approval", "a signed campaign is needed")
        try:
            parameters = check_parameters(pipeline.parameters, order.parameters)
        except ContractError as error:
            raise RefusedError("parameters", error.message) from error
        is_bare = delivered.document is None and order.campaign is None
        _require(not order.is_dry or is_bare, "dry", "a dry run comes without campaign")
        conditions = [pipeline.condition]
        if needs_document:
            self._check_dates("expired", order.not_before, order.expires_at)
        campaign = None
        if delivered.document is not None:
            campaign = self._campaign(order, pipeline, delivered.document)
            conditions.append(campaign.condition)
        self._check_policy(pipeline)
        _require(not order.is_dry or self._policy.dry_runs, "policy_dry_run", "the local policy allows no dry run")
        self._check_windows(campaign.windows if campaign else ())
        occurrence = self._await_occurrence(campaign, order) if campaign else 1
        holds = all(_holds(condition, facts) for condition in conditions)
        return Authorised(order, pipeline, parameters, holds, campaign, occurrence)

    def _trust_policy(self) -> TrustPolicy:
        try:
            return decode(self._repository.target(TRUST_POLICY_PATH), TrustPolicy)
        except (TrustError, ContractError) as error:
            raise RefusedError("metadata", f"no trust policy that can be trusted: {error}") from error

    def _pipeline(self, order: Order) -> Pipeline:
        ref = order.pipeline
        try:
            content = self._repository.target(ref.path)
            pipeline = check_pipeline(ref.path, content)
        except MetadataError as error:
            reason = {"unknown_target": "pipeline", "target_hash": "pipeline_hash"}.get(error.reason, "metadata")
            raise RefusedError(reason, error.message) from error
        except ContractError as error:
            raise RefusedError("pipeline", error.message) from error
        is_expired = self._repository.is_expired and pipeline.kind == "action"
        _require(not is_expired, "metadata_expired", "the signed repository is out of date: nothing may act")
        _require(self._repository.is_current(ref.path, ref.sha256, ref.length), "pipeline_hash", "other bytes")
        return pipeline

    def _check_kinds(self, pipeline: Pipeline) -> None:
        for step in pipeline.steps:
            kind = self._kinds.get(step.use)
            if kind is None:
                raise RefusedError("step_kind", f"this agent does not know {step.use}: update it")
            may_act = pipeline.kind == "action"
            _require(
                may_act or kind.effect == "collect", "kind", f"{step.use} acts, and the pipeline only collects"
            )

    def _needs_approval(self, pipeline: Pipeline) -> bool:
        reads_files = any(self._kinds[step.use].reads_file_content for step in pipeline.steps)
        sends_logs = self._policy.logs_need_approval and any(
            self._kinds[one.use].sends_files for one in pipeline.steps
        )
        return pipeline.approval != "none" or pipeline.kind != "collect" or reads_files or sends_logs

    def _campaign(self, order: Order, pipeline: Pipeline, document: bytes) -> Campaign:
        try:
            authors = self._repository.signers_of(pipeline.kind)
            opened = approved(document, self._trust_policy(), pipeline.kind, authors)
        except MetadataError as error:
            raise RefusedError("metadata", error.message) from error
        except TrustError as error:
            reason = "author" if error.reason == "author" else "campaign_signature"
            raise RefusedError(reason, error.message) from error
        self._refuse_lab(is_lab=opened.uses_lab_keys)
        campaign, ref = opened.campaign, order.campaign
        named, ordinal = (ref.sha256, ref.ordinal) if ref else ("", 0)
        _require(named == opened.sha256, "campaign_hash", "the order names another campaign document")
        _require(campaign.pipeline == order.pipeline, "campaign_pipeline", "approved for another pipeline")
        is_same = encode(campaign.parameters) == encode(order.parameters)
        _require(is_same, "campaign_parameters", "approved with other parameters")
        _require(1 <= ordinal <= campaign.max_targets, "ordinal", "more targets than were approved")
        _require(is_id(campaign.campaign_id), "campaign", "its id is no UUID")
        _require(are_in_order(campaign.rings), "campaign", "its rings do not rise to at most 10 000")
        _require(not fault(campaign.windows), "campaign", fault(campaign.windows))
        self._check_dates("campaign_window", campaign.not_before, campaign.not_after)
        ring = ring_of(campaign, order.device_id)
        _require(ring is not None, "ring", "no ring reaches this device")
        if ring is not None:
            self._check_dates("ring", ring.not_before, campaign.not_after)
        self._check_occurrence(campaign, order.device_id, ref.occurrence if ref else "")
        return campaign

    def _check_dates(self, reason: str, start: datetime, end: datetime) -> None:
        """Refuse outside `start` to `end`, by the server's clock or by the PC's."""
        told = self._clock.now()
        _require(start <= told < end, reason, f"it is {told}: not between {start} and {end}")
        is_sure = start <= self._clock.earliest() + SLACK and self._clock.latest() < end + SLACK
        own = self._clock.own.now()
        _require(is_sure, "clock", f"by this PC's clock it is {own}: not between {start} and {end}; set its clock")

    def _check_windows(self, windows: tuple[Window, ...]) -> None:
        """Wait unless a window is open by both clocks: a server that lies about the time makes it wait, no more."""
        for now in (self._clock.now(), self._clock.own.now()):
            wall = self._wall(now)
            if not is_open(windows, wall):
                opens = next_opening(windows, wall)
                raise ShutWindowError(f"it is {wall:%a %H:%M} here: its window opens at {opens:%a %H:%M}")

    def _check_occurrence(self, campaign: Campaign, device_id: str, named: str) -> None:
        """Refuse what is no occurrence of the document, and one after which another has come by either clock."""
        recurrence = campaign.recurrence
        if recurrence is None:
            _require(not named, "occurrence", "it names an occurrence, and the document does not recur")
            return
        wrong = fault_of_recurrence(recurrence)
        _require(not wrong, "campaign", wrong)
        at = occurrence_of(named)
        is_one = at is not None and recurs_at(recurrence, at) and self._has_begun_by(campaign, at)
        _require(is_one, "occurrence", f"{named[:20]!r} is no time of {recurrence.every!r} since its start")
        if at is not None:
            self._refuse_missed(recurrence, device_id, at)

    def _has_begun_by(self, campaign: Campaign, at: datetime) -> bool:
        return at >= self._wall(campaign.not_before)

    def _refuse_missed(self, recurrence: Recurrence, device_id: str, at: datetime) -> None:
        """Of the occurrences that have come by now, by either clock, the newest is the one that may run."""
        for now in (self._clock.now(), self._clock.own.now()):
            newest = due(recurrence, device_id, self._wall(now))
            is_newest = newest is None or newest <= at
            message = f"{at} is over, {newest} has come here: is the time zone of its practice right?"
            _require(is_newest, "occurrence", message)

    def _await_occurrence(self, campaign: Campaign, order: Order) -> int:
        """Wait until the occurrence of an order has come by both clocks; its number."""
        at = occurrence_of(order.campaign.occurrence) if order.campaign else None
        if campaign.recurrence is None or at is None:
            return 1
        for now in (self._clock.now(), self._clock.own.now()):
            wall = self._wall(now)
            newest = due(campaign.recurrence, order.device_id, wall)
            if newest is None or newest < at:
                raise ShutWindowError(f"it is {wall:%a %H:%M} here: its occurrence of {at} is to come")
        return number_of(at)

    def _check_policy(self, pipeline: Pipeline) -> None:
        _require(self._policy.enabled, "disabled", "the local policy lets nothing run")
        allowed = self._policy.step_kinds
        for step in pipeline.steps:
            is_allowed = allowed is None or step.use in allowed
            _require(is_allowed, "policy_step_kind", f"the local policy does not allow {step.use}")

    def _refuse_lab(self, *, is_lab: bool) -> None:
        is_accepted = self._policy.accept_lab_keys or not is_lab
        _require(is_accepted, "lab_key", "a development key signed it, and the local policy accepts none")


def _require(is_so: bool, reason: str, message: str) -> None:  # noqa: FBT001  reads as a sentence
    if not is_so:
        raise RefusedError(reason, message)


def _holds(condition: object, facts: Facts) -> bool:
    if condition is None:
        return True
    try:
        return evaluate(parse_condition(condition), facts)
    except ContractError as error:
        raise RefusedError("campaign", error.message) from error
