"""The agent's round: check in, learn what is new, run orders, send what waits."""

import random
import sqlite3
import threading
from collections.abc import Mapping

import msgspec

from canopee_agent import __version__, steps
from canopee_agent.engine.authorise import Authoriser, Kinds
from canopee_agent.engine.journal import Journal
from canopee_agent.engine.policy import read_policy
from canopee_agent.engine.runner import Outcome, Runner
from canopee_agent.engine.spool import Spool
from canopee_agent.errors import DiskError, RefusedError, RejectedError, RevokedError, UnreachableError
from canopee_agent.ports import Machine, ServerLink
from canopee_agent.service import facts, memory
from canopee_agent.service.config import Home
from canopee_agent.service.files import is_full
from canopee_agent.service.identity import IdentityStore
from canopee_agent.service.server import LONGEST_WAIT_S, Server
from canopee_agent.step import StepKind, clean_text
from canopee_contract.checkin import CheckIn, CheckInReply
from canopee_contract.codec import decode
from canopee_contract.condition import Scalar
from canopee_contract.errors import ContractError
from canopee_contract.facts import FactSet, FactSources, facts_hash
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.report import RunReport, RunReports
from canopee_contract.trust_policy import FACT_SOURCES_PATH
from canopee_kit.clock import Clock
from canopee_kit.discovery import discover
from canopee_kit.errors import TemporaryError
from canopee_kit.ids import is_id
from canopee_kit.logs import get_logger
from canopee_trust.client import TrustedRepository
from canopee_trust.dsse import payload_of, read_envelope
from canopee_trust.errors import TrustError
from canopee_trust.floor import SqliteFloor

_log = get_logger(__name__)
WAIT_S = 240
_FACTS_EVERY_S = 3_600.0
_BACKOFF_S, _LONGEST_BACKOFF_S = 5.0, 300.0
_LONGEST_NAME, _LONGEST_DETAIL = 200, 2_000


class ServerClock:
    """The machine's clock, moved to the server's time."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server, self._clock = server, clock
        self.now, self.monotonic, self.sleep = server.now, clock.monotonic, clock.sleep


class Agent:
    """One agent on one home. `round` is what a test calls; `run` repeats it until `stop`."""

    def __init__(self, home: Home, machine: Machine, link: ServerLink) -> None:
        self._config, self._machine = home.config(), machine
        state = home.state
        state.mkdir(parents=True, exist_ok=True)
        self._policy = read_policy(home.folder / "policy.toml")
        self._server = Server(link, IdentityStore(state), machine.clock)
        clock = ServerClock(self._server, machine.clock)
        self._journal, self._spool = Journal(state / "journal.db", clock), Spool(state / "spool.db", clock)
        self._floor = SqliteFloor(state / "floor.db")
        self._repository = TrustedRepository(
            state / "tuf", home.root(), fetch=self._server.fetch, floor=self._floor, clock=clock
        )
        self._kinds: Kinds = discover(steps, StepKind)
        self._authoriser = Authoriser(self._repository, self._policy, self._kinds, clock)
        self._runner = Runner(
            machine, self._kinds, self._policy, self._journal, self._spool, own_folders=home.own_folders
        )
        self._facts: dict[str, Scalar] = {}
        self._facts_at = -_FACTS_EVERY_S
        self._clock = clock
        self._link = link
        self._has_worked = True
        self._stop = threading.Event()

    def close(self) -> None:
        """Close the files."""
        self._journal.close()
        self._spool.close()
        self._floor.close()

    def stop(self) -> None:
        """End `run` soon; called from a signal handler or another thread."""
        self._stop.set()
        self._link.interrupt()

    def run(self) -> None:
        """Go on until `stop`.

        Raises:
            RevokedError: this enrolment is over.
            RejectedError: the server does not want to enrol this PC.
            StateError: something must be repaired by somebody.
        """
        failures = 0
        while not self._stop.is_set():
            try:
                next_in_s = self._careful_round()
                failures = 0
            except (TemporaryError, RejectedError) as error:
                is_over = isinstance(error, RevokedError) or not self._server.is_enrolled
                if is_over and isinstance(error, RejectedError):
                    raise
                failures += 1
                next_in_s = _backoff_s(
                    failures, error.retry_after_s if isinstance(error, TemporaryError) else None
                )
                if not self._stop.is_set():
                    _log.warning("%s; trying again in %.0f s", error, next_in_s)
            self._stop.wait(next_in_s)

    def _careful_round(self) -> float:
        """A round; a full disk is a reason to wait wherever it is found out, also in the signed repository."""
        try:
            return self.round(wait_s=WAIT_S)
        except (OSError, sqlite3.Error) as error:
            if is_full(error):
                raise DiskError(f"the disk is full ({error}): free some space on it") from error
            raise

    def round(self, *, wait_s: int = 0) -> float:
        """One check-in and all that follows from it; seconds to wait before the next one.

        Raises:
            TemporaryError: the server cannot be reached now; nothing is lost.
            RevokedError: this enrolment is over.
        """
        if not self._server.is_enrolled:
            system = self._machine.system
            self._server.enrol(
                self._config.enrolment_token, system.platform(), agent_version=__version__,
                fingerprint=system.fingerprint(),
            )  # fmt: skip
            _log.info("enrolled as device %s", self._server.identity.device_id)
        self._recover()
        self._drain()
        if self._has_worked:
            self._has_worked = False
            memory.release()
        reply = self._check_in(wait_s)
        if reply.trust_version > self._repository.timestamp_version:
            self._refresh()
        if reply.send_facts:
            self._server.send_facts(FactSet(facts_hash(self._facts), self._facts))
        self._has_worked |= bool(reply.orders)
        for delivered in reply.orders:
            self._take(delivered)
        self._drain()
        next_in_s = min(max(reply.next_in_s, 0), LONGEST_WAIT_S)
        return next_in_s * random.uniform(1.0, 2.0)  # noqa: S311  spreads the load

    def status(self) -> Mapping[str, object]:
        """What a person on this PC may want to know."""
        identity = self._server.identity if self._server.is_enrolled else None
        return {
            "agent_version": __version__,
            "server_url": self._config.server_url,
            "device_id": identity.device_id if identity else "",
            "practice_id": identity.practice_id if identity else "",
            "trust_version": self._repository.timestamp_version,
            "reports_waiting": len(self._journal.reports()),
            "records_waiting_bytes": self._spool.size_bytes,
            "step_kinds": sorted(self._kinds),
        }

    def _check_in(self, wait_s: int) -> CheckInReply:
        self._refresh_facts()
        return self._server.check_in(
            CheckIn(
                counter=0,
                agent_version=__version__,
                facts_hash=facts_hash(self._facts),
                order_seq=self._journal.last_seq(self._server.identity.generation),
                trust_version=self._repository.timestamp_version,
                wait_s=wait_s,
            )
        )

    def _refresh_facts(self) -> None:
        now = self._clock.monotonic()
        if now - self._facts_at >= _FACTS_EVERY_S:
            self._facts = facts.collect(self._machine, self._server.identity, self._sources())
            self._facts_at = now

    def _sources(self) -> FactSources | None:
        if not self._repository.timestamp_version:
            return None
        try:
            return decode(self._repository.target(FACT_SOURCES_PATH), FactSources)
        except (TrustError, ContractError) as error:
            _log.debug("no fact is named by the catalog: %s", error)
            return None

    def _refresh(self) -> None:
        """Newer metadata may name other facts. What cannot be trusted is said, and nothing changes."""
        try:
            self._repository.refresh()
        except TrustError as error:
            _log.error("the signed repository is refused: %s", error)
            return
        self._facts_at = -_FACTS_EVERY_S
        self._refresh_facts()

    def _take(self, delivered: DeliveredOrder) -> None:
        """Open an order, store it, run it, keep its report."""
        identity = self._server.identity
        try:
            opened = self._authoriser.open(delivered, identity.device_id, identity.generation)
        except RefusedError as error:
            self._report_unopened(delivered, error)
            return
        if not is_id(opened.order.order_id):
            _log.error("an order whose id is none was refused")
            return
        if self._journal.accept(opened.order, opened.sha256, delivered):
            self._go(opened.order, opened.sha256, delivered)

    def _go(self, order: Order, sha256: str, delivered: DeliveredOrder) -> None:
        started_at = self._clock.now()
        outcome = self._outcome(order, delivered)
        self._journal.end(self._report(order, sha256, outcome, started_at=started_at))
        _log.info("order %s: %s %s", order.order_id, outcome.state, outcome.code)

    def _outcome(self, order: Order, delivered: DeliveredOrder) -> Outcome:
        if self._clock.now() >= order.expires_at:
            return Outcome("expired", "expired", f"it was to run before {order.expires_at.isoformat()}", ())
        self._refresh_facts()
        try:
            authorised = self._authoriser.authorise(order, delivered, self._facts)
        except RefusedError as error:
            return Outcome("failed", error.reason, error.message, ())
        if not authorised.holds:
            return Outcome("skipped", "condition_false", "the condition does not hold on this PC", ())
        self._journal.begin(order.order_id, self._clock.now())
        return self._runner.run(authorised, self._facts)

    def _recover(self) -> None:
        """After a crash: what had begun is unknown; what had not is run."""
        for held in self._journal.accepted():
            order = msgspec.json.decode(payload_of(read_envelope(bytes(held.delivered.order))), type=Order)
            if held.started_at is None:
                self._go(order, held.sha256, held.delivered)
                continue
            noted = tuple(self._journal.steps(held.order_id))
            outcome = Outcome("unknown", "crashed", "the agent stopped while it ran", noted)
            self._journal.end(self._report(order, held.sha256, outcome, started_at=held.started_at))

    def _report(self, order: Order, sha256: str, outcome: Outcome, **times: object) -> RunReport:
        report = RunReport(
            order_id=order.order_id, seq=order.seq, state=outcome.state, order_sha256=sha256,
            pipeline=f"{order.pipeline.name[:_LONGEST_NAME]}@{order.pipeline.version}", agent_version=__version__,
            finished_at=self._clock.now(), code=outcome.code, detail=clean_text(outcome.detail)[:_LONGEST_DETAIL],
            steps=outcome.steps,
        )  # fmt: skip
        return msgspec.structs.replace(report, **times)

    def _report_unopened(self, delivered: DeliveredOrder, error: RefusedError) -> None:
        """Say that an order was refused, under the name it gives itself: nothing else of it counts."""
        try:
            named = decode(payload_of(read_envelope(bytes(delivered.order))), Order)
        except (TrustError, ContractError):
            _log.error("an order that cannot be read was refused: %s", error)
            return
        if not is_id(named.order_id):
            _log.error("an order whose id is none was refused: %s", error)
            return
        outcome = Outcome("failed", error.reason, error.message, ())
        self._journal.end(self._report(named, "", outcome))
        _log.error("order %s refused: %s", named.order_id, error)

    def _drain(self) -> None:
        """Send reports, then records, until nothing waits."""
        while reports := self._journal.reports():
            reply = self._server.send_reports(RunReports(tuple(reports)))
            judged = {verdict.order_id for verdict in reply.verdicts}
            if judged.isdisjoint(report.order_id for report in reports):
                raise UnreachableError("the server gives no verdict on the reports that it was sent")
            self._journal.forget_reports(sorted(judged))
        while batch := self._spool.batch():
            mark = self._server.send_records(batch).mark
            if mark < batch.records[0].seq:
                raise UnreachableError("the server acknowledges none of the records that it was sent")
            self._spool.acknowledge(batch, mark)


def _backoff_s(failures: int, asked_s: float | None) -> float:
    """What the server asks ± 20 %; else equal jitter: half of an exponential delay is fixed, half is drawn."""
    if asked_s is not None:
        return asked_s * random.uniform(0.8, 1.2)  # noqa: S311  spreads the load
    longest = min(_LONGEST_BACKOFF_S, _BACKOFF_S * 2 ** min(failures - 1, 10))
    return longest / 2 + random.uniform(0, longest / 2)  # noqa: S311  spreads the load
