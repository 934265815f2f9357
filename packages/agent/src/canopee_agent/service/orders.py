"""What the agent does with an order: opens it, stores it, runs it once, and reports it."""

import sqlite3
from collections.abc import Callable, Iterator

import msgspec

from canopee_agent import __version__
from canopee_agent.engine import faults
from canopee_agent.engine.authorise import Authorised, Authoriser
from canopee_agent.engine.clocks import Clocks
from canopee_agent.engine.journal import Accepted, Journal
from canopee_agent.engine.run import Outcome
from canopee_agent.engine.runner import Runner
from canopee_agent.errors import AwaitedAnswerError, RefusedError, ShutWindowError
from canopee_agent.service.files import is_full
from canopee_agent.service.identity import Identity
from canopee_agent.step import clean_text
from canopee_contract.campaign import asked, written_at
from canopee_contract.codec import decode
from canopee_contract.condition import Scalar
from canopee_contract.errors import ContractError
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.pipeline import Pipeline
from canopee_contract.report import RunReport
from canopee_kit.errors import TemporaryError
from canopee_kit.ids import is_id
from canopee_kit.logs import get_logger
from canopee_trust.documents import OpenedOrder
from canopee_trust.dsse import payload_of, read_envelope
from canopee_trust.errors import TrustError
from canopee_trust.floor import VersionFloor

_log = get_logger(__name__)
MAX_REPORTS_WAITING = 2_000
"""Beyond, no order is taken until the server has taken reports: a server that takes none fills no disk."""
_MEMORY = "home"
_LONGEST_DETAIL, _LONGEST_NAME = 2_000, 200


class Orders:
    """The orders of one device."""

    def __init__(
        self, authoriser: Authoriser, journal: Journal, runner: Runner, clock: Clocks, floor: VersionFloor, *,
        identity: Callable[[], Identity], facts: Callable[[], dict[str, Scalar]],
    ) -> None:  # fmt: skip
        self.require_consent: Callable[[Authorised], None] = _nobody_asks
        """Called before a run begins: see `Consent.require`."""
        self._authoriser, self._journal, self._runner = authoriser, journal, runner
        self._clock, self._floor = clock, floor
        self._identity, self._fresh_facts = identity, facts
        self.has_run = False
        """A run has begun since this was last set to `False`: the facts may be others."""

    def begin_memory(self) -> None:
        """From this enrolment on, what has run is remembered; without that mark an enrolled PC runs nothing."""
        self._floor.raise_to({_MEMORY: 1})

    def obey(self, *, is_stopped: bool) -> None:
        """The server says whether everything is stopped: nothing begins then; what runs goes to its end."""
        if is_stopped and not self._journal.is_stopped:
            _log.warning("everything is stopped: no order begins until the server says otherwise")
        self._journal.set_stopped(is_stopped=is_stopped)

    def take(self, delivered: DeliveredOrder) -> None:
        """Open an order, store it, run it, keep its report."""
        if self._journal.is_stopped:
            return
        if self._journal.reports_waiting() >= MAX_REPORTS_WAITING:
            _log.error("%d reports wait: no order is taken until the server takes them", MAX_REPORTS_WAITING)
            return
        try:
            opened = self._open(delivered)
        except RefusedError as error:
            self._report_unopened(delivered, error)
            return
        if self._journal.accept(opened.order, opened.sha256, delivered):
            self._go(opened.order, opened.sha256, delivered)

    def _open(self, delivered: DeliveredOrder) -> OpenedOrder:
        identity = self._identity()
        if not self._floor.get(_MEMORY):
            raise RefusedError("state_lost", "the memory of what has run here was lost: enrol this PC again")
        return self._authoriser.open(delivered, identity.device_id, identity.generation)

    def _open_again(self, delivered: DeliveredOrder) -> None:
        """Check again what was stored: the trust policy, the enrolment or the disk may have changed since."""
        self._open(delivered)

    def _go(self, order: Order, sha256: str, delivered: DeliveredOrder) -> None:
        started_at = self._clock.now()
        try:
            outcome = self._outcome(order, delivered)
        except AwaitedAnswerError:
            return
        except ShutWindowError as error:
            _log.info("order %s waits: %s", order.order_id, error)
            return
        except TemporaryError as error:  # its pipeline could not be fetched: it is held, and the others go on
            _log.warning("order %s waits: %s", order.order_id, error)
            return
        except Exception as error:
            if isinstance(error, OSError | sqlite3.Error) and is_full(error):
                raise
            _log.error("order %s met a fault of the agent: %s", order.order_id, faults.told(error))
            outcome = Outcome("failed", "agent.fault", faults.told(error), ())
        self._journal.end(self._report(order, sha256, outcome, started_at=started_at))
        _log.info("order %s: %s %s", order.order_id, outcome.state, outcome.code)

    def _outcome(self, order: Order, delivered: DeliveredOrder) -> Outcome:
        if self._clock.now() >= order.expires_at:
            return Outcome("expired", "expired", f"it was to run before {order.expires_at.isoformat()}", ())
        facts = self._fresh_facts()
        campaign = order.campaign.sha256 if delivered.document is not None and order.campaign else ""
        try:
            authorised = self._authoriser.authorise(order, delivered, facts)
            self._refuse_repeated(campaign, authorised.occurrence)
            self._refuse_superseded(authorised)
            self._refuse_untimely(authorised)
        except RefusedError as error:
            return Outcome("failed", error.reason, error.message, ())
        if not authorised.holds:
            return Outcome("skipped", "condition_false", "the condition does not hold on this PC", ())
        try:
            self.require_consent(authorised)
        except RefusedError as error:
            return Outcome("failed", error.reason, error.message, ())
        self._journal.begin(
            order.order_id, self._clock.now(), campaign, _superseding(authorised), occurrence=authorised.occurrence
        )
        self.has_run = True
        outcome = self._runner.run(authorised, facts)
        if not order.is_dry:
            self._note(authorised.pipeline, outcome)
        return outcome

    def _note(self, pipeline: Pipeline, outcome: Outcome) -> None:
        """What was done here may be what others come after."""
        if outcome.state == "done":
            self._journal.note_done(pipeline.kind, pipeline.name, pipeline.version)

    def _refuse_repeated(self, campaign: str, occurrence: int) -> None:
        if campaign and self._journal.has_begun(campaign, occurrence):
            raise RefusedError("repeated", "this campaign, or this occurrence of it, has run on this PC already")

    def _refuse_superseded(self, authorised: Authorised) -> None:
        """A newer campaign may have ended those of this pipeline: its order has begun here, and theirs never do."""
        since = self._journal.superseded_since(authorised.pipeline.name)
        if authorised.campaign is not None and written_at(authorised.campaign) < since:
            raise RefusedError(
                "superseded", "a newer campaign of this pipeline, which ends the older, has begun here"
            )

    def _refuse_untimely(self, authorised: Authorised) -> None:
        """What the document comes after was done here, or nothing of it begins."""
        for one in authorised.campaign.after if authorised.campaign else ():
            done = self._journal.done_version(one.kind, one.pipeline)
            if done < max(1, one.version):
                had = f"version {done} was done here" if done else "it was not done here"
                raise RefusedError("prerequisite", f"it comes after {asked(one)}: {had}")

    def recover(self) -> None:
        """After a crash: what had begun is unknown."""
        for held, order in self._held():
            if held.started_at is not None:
                noted = tuple(self._journal.steps(held.order_id))
                outcome = Outcome("unknown", "crashed", "the agent stopped while it ran", noted)
                self._journal.end(self._report(order, held.sha256, outcome, started_at=held.started_at))

    def go_on(self, is_fresh: Callable[[], bool]) -> None:
        """What is held and had not begun is checked again, from the signature on, and run, as long as `is_fresh`."""
        for held, order in self._held():
            if self._journal.is_stopped or not is_fresh():
                return
            try:
                self._open_again(held.delivered)
            except RefusedError as error:
                outcome = Outcome("failed", error.reason, error.message, ())
                self._journal.end(self._report(order, held.sha256, outcome))
                continue
            self._go(order, held.sha256, held.delivered)

    def _held(self) -> Iterator[tuple[Accepted, Order]]:
        """Orders without end; one that cannot be read any more is forgotten."""
        for held in self._journal.accepted():
            try:
                yield held, _named(held.delivered)
            except (TrustError, ContractError) as error:
                _log.error("what was stored of order %s cannot be read any more: %s", held.order_id, error)
                self._journal.forget(held.order_id)

    def _report(self, order: Order, sha256: str, outcome: Outcome, **times: object) -> RunReport:
        report = RunReport(
            order_id=order.order_id, seq=order.seq, state=outcome.state, order_sha256=sha256,
            pipeline=f"{clean_text(order.pipeline.name)[:_LONGEST_NAME]}@{order.pipeline.version}",
            agent_version=__version__, finished_at=self._clock.now(), code=outcome.code,
            detail=clean_text(outcome.detail)[:_LONGEST_DETAIL], steps=outcome.steps, is_dry=order.is_dry,
        )  # fmt: skip
        return msgspec.structs.replace(report, **times)

    def _report_unopened(self, delivered: DeliveredOrder, error: RefusedError) -> None:
        """Say that an order was refused, under the name it gives itself: nothing else of it counts."""
        try:
            named = _named(delivered)
        except (TrustError, ContractError):
            _log.error("an order that cannot be read was refused: %s", error)
            return
        if is_id(named.order_id):
            outcome = Outcome("failed", error.reason, error.message, ())
            self._journal.refuse(self._report(named, "", outcome))
        _log.error("order %s refused: %s", named.order_id[:_LONGEST_NAME], error)


def _nobody_asks(_: Authorised) -> None:
    """Nobody is asked."""


def _superseding(authorised: Authorised) -> dict[str, int]:
    """The pipeline whose older campaigns end with this order, and the age of its document."""
    campaign = authorised.campaign
    return {authorised.pipeline.name: written_at(campaign)} if campaign and campaign.supersedes else {}


def _named(delivered: DeliveredOrder) -> Order:
    """The order, NOT verified."""
    return decode(payload_of(read_envelope(bytes(delivered.order))), Order)
