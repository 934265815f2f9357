"""The agent's round: check in, learn what is new, run orders, send what waits."""

import random
import sqlite3
import threading
from collections.abc import Callable, Mapping
from math import inf

import msgspec

from canopee_agent import __version__, steps
from canopee_agent.engine.authorise import Authoriser, Kinds
from canopee_agent.engine.clocks import Clocks, LatestClock
from canopee_agent.engine.consent import Consent
from canopee_agent.engine.journal import Journal
from canopee_agent.engine.outbox import Outbox, Receipt
from canopee_agent.engine.policy import read_policy
from canopee_agent.engine.questions import Questions
from canopee_agent.engine.run import Kept
from canopee_agent.engine.runner import Runner
from canopee_agent.engine.spool import Spool
from canopee_agent.errors import DiskError, RejectedError, RevokedError, StateError, UnreachableError
from canopee_agent.ports import Machine
from canopee_agent.service import facts, memory
from canopee_agent.service.asking import LoggedAsker
from canopee_agent.service.config import QUESTIONS, Home
from canopee_agent.service.files import is_full
from canopee_agent.service.identity import IdentityStore
from canopee_agent.service.orders import Orders
from canopee_agent.service.releases import InstalledReleases
from canopee_agent.service.secrets import FileSecrets
from canopee_agent.service.sending import Sending
from canopee_agent.service.server import LONGEST_WAIT_S, Server
from canopee_agent.service.supervised import WORK_S, NoSupervisor, SupervisedLink
from canopee_agent.service_ports import Asker, Secrets, ServerLink, Supervisor
from canopee_agent.slots import Slots
from canopee_agent.step import StepKind
from canopee_contract.checkin import CheckIn, CheckInReply
from canopee_contract.codec import decode
from canopee_contract.condition import Scalar
from canopee_contract.errors import ContractError
from canopee_contract.facts import FactSet, FactSources, facts_hash
from canopee_contract.report import FileGone, RunReports
from canopee_contract.trust_policy import FACT_SOURCES_PATH
from canopee_kit.discovery import discover
from canopee_kit.errors import CanopeeError, TemporaryError
from canopee_kit.logs import get_logger
from canopee_trust.client import TrustedRepository
from canopee_trust.errors import TrustError
from canopee_trust.floor import MirroredFloor

_log = get_logger(__name__)
WAIT_S = 240
MAX_ORDERS = 100
"""Orders taken from one answer; the server sends the others again."""
_FACTS_EVERY_S = 3_600.0
_FRESH_S = 60.0
"""No order begins so long after the answer that came before it: the server is asked again first."""
_SEND_S, _FILES_PAUSE_S = 5.0, 60.0
"""For files: between two check-ins, and until the next attempt when the server does not take them."""
_ANSWER_S = 5.0
"""Until an answer of the user of this PC is looked for again."""
_SHORTEST_ROUND_S = 0.5
"""Between the starts of two check-ins: a server that answers at once for ever is not asked for ever."""
_BACKOFF_S, _LONGEST_BACKOFF_S = 5.0, 300.0
RESTART = 75
"""Exit code by which the launcher is told that a version is staged."""
_LONGEST_RESTART_S = 900.0
"""A staged version waits so long for the server to take the reports; they are on disk in any case."""


class Agent:
    """One agent on one home. `round` is what a test calls; `run` repeats it until `stop`."""

    def __init__(
        self,
        home: Home,
        machine: Machine,
        link: ServerLink,
        *,
        supervisor: Supervisor | None = None,
        secrets: Secrets | None = None,
        asker: Asker | None = None,
    ) -> None:
        """`secrets`: what protects the device's key at rest; by default, the permissions of its file.

        `asker`: shows questions to the user of this PC; by default, they are logged.
        """
        self._home, self._config, self._machine = home, home.config(), machine
        self._supervisor = supervisor or NoSupervisor()
        self._slots = Slots(home.program, machine.clock) if home.program else None
        self._own_trial = _pending(self._slots) if self._supervisor.is_trial else ""
        """The version that this process is, if it is on trial: nothing waits until it is committed."""
        link = SupervisedLink(link, self._supervisor)
        state = home.state
        state.mkdir(parents=True, exist_ok=True)
        self._policy = read_policy(home.policy)
        self._server = Server(link, IdentityStore(state, secrets or FileSecrets()), machine.clock)
        self._floor = MirroredFloor((state / "floor.db", state / "floor.copy.db"))
        clock = Clocks(machine.clock, self._server.now, self._floor)
        self._journal = Journal(state / "journal.db", clock, self._floor)
        self._spool = Spool(state / "spool.db", clock)
        self._outbox = Outbox(state / "outbox", clock)
        self._sending = Sending(
            self._server, self._outbox, machine.clock, bytes_per_s=self._policy.upload_bytes_per_s
        )
        self._repository = TrustedRepository(
            state / "tuf", home.root(), fetch=self._server.fetch, floor=self._floor, clock=LatestClock(clock)
        )
        if home.program is not None:
            machine.releases = InstalledReleases(
                home.program, machine, self._server, self._config.server_url, self._repository, self._floor, clock
            )
        self._kinds: Kinds = discover(steps, StepKind)
        self._authoriser = Authoriser(self._repository, self._policy, self._kinds, clock, wall=machine.system.wall)
        runner = Runner(
            machine, self._kinds, self._policy, Kept(self._journal, self._spool, self._outbox),
            own_folders=home.own_folders, expect=self._supervisor.expect,
        )  # fmt: skip
        self._orders = Orders(
            self._authoriser, self._journal, runner, clock, self._floor, identity=lambda: self._server.identity,
            facts=self._fresh_facts,
        )  # fmt: skip
        self._questions = Questions(state / QUESTIONS, clock)
        self._consent = Consent(self._questions, asker or LoggedAsker(), self._policy, self._kinds, clock)
        self._orders.require_consent = self._consent.require
        self._facts: dict[str, Scalar] = {}
        self._facts_at = -_FACTS_EVERY_S
        self._clock = clock
        self._link = link
        self._has_worked = True
        self._files_from = -inf
        self._staged_at: float | None = None
        self._stop = threading.Event()

    def close(self) -> None:
        """Close the files."""
        self._supervisor.end()
        self._journal.close()
        self._spool.close()
        self._outbox.close()
        self._questions.close()
        self._floor.close()

    def stop(self) -> None:
        """End `run` soon; called from a signal handler or another thread."""
        self._stop.set()
        self._link.interrupt()

    def run(self) -> int:
        """Go on until `stop`; the exit code: 0, or `RESTART` once a version is staged.

        An enrolment that is over, and a refusal of the server, are tried again at long intervals: a server that
        lies, once, must not end the agents of its fleet.

        Raises:
            RejectedError: the server does not want to enrol this PC.
            StateError: something must be repaired by somebody.
        """
        self._supervisor.begin(self.stop)
        failures = 0
        while not self._stop.is_set():
            if self._is_time_to_restart():
                return RESTART
            began = self._clock.monotonic()
            try:
                next_in_s = self._careful_round()
                failures = 0
            except StateError:
                raise
            except Exception as error:  # no answer of a server may end the agent
                if isinstance(error, RejectedError) and not self._server.is_enrolled:
                    raise
                failures += 1
                next_in_s = _pause_s(failures, error)
                if not self._stop.is_set():
                    _log.warning("%s; trying again in %.0f s", error, next_in_s)
            pause_s = max(next_in_s, began + _SHORTEST_ROUND_S - self._clock.monotonic())
            self._supervisor.expect(pause_s + WORK_S)
            if not self._is_time_to_restart():
                self._stop.wait(pause_s)
        return 0

    def _is_time_to_restart(self) -> bool:
        """Whether a version waits to be tried, and no report waits to be sent, or for too long already."""
        if self._slots is None:
            return False
        try:
            is_staged = self._slots.state().pending not in {"", self._own_trial}
        except StateError as error:
            _log.error("%s", error)
            return False
        now = self._clock.monotonic()
        self._staged_at = (self._staged_at or now) if is_staged else None
        is_late = self._staged_at is not None and now - self._staged_at >= _LONGEST_RESTART_S
        return is_staged and (is_late or not self._journal.reports_waiting())

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
            self._orders.begin_memory()
            system = self._machine.system
            self._server.enrol(
                self._config.enrolment_token, system.platform(), agent_version=__version__,
                fingerprint=system.fingerprint(), practice_id=self._config.practice_id,
            )  # fmt: skip
            _log.info("enrolled as device %s", self._server.identity.device_id)
        self._forget_token()
        self._orders.recover()
        self._drain()
        if self._has_worked:
            self._has_worked = False
            memory.release()
        longest_s = _ANSWER_S if self._consent.is_awaited else wait_s
        reply = self._check_in(int(min(wait_s, longest_s, self._send_files())))
        self._supervisor.healthy()
        self._clock.note()
        is_other = reply.trust_version not in {0, self._repository.timestamp_version}
        if is_other or self._is_out_of_date():  # lower too: online keys that were replaced begin again
            self._refresh()
        if reply.send_facts:
            self._server.send_facts(FactSet(facts_hash(self._facts), self._facts))
        self._has_worked |= bool(reply.orders)
        self._orders.obey(is_stopped=reply.is_stopped)
        self._take(reply)
        self._drain()
        next_in_s = min(max(reply.next_in_s, 0), LONGEST_WAIT_S)
        return next_in_s * random.uniform(1.0, 2.0)  # noqa: S311  spreads the load

    def _take(self, reply: CheckInReply) -> None:
        """Begin what was held, then what came, for as long as the answer is fresh: all may have been stopped since."""
        heard_at = self._clock.monotonic()

        def is_fresh() -> bool:
            return self._clock.monotonic() - heard_at < _FRESH_S

        self._orders.go_on(is_fresh)
        for delivered in reply.orders[:MAX_ORDERS]:
            if is_fresh():
                self._orders.take(delivered)

    def _forget_token(self) -> None:
        """It has served: nobody shall find it on this PC."""
        if not self._config.enrolment_token:
            return
        try:
            self._config = self._home.forget_token()
        except (OSError, DiskError, StateError) as error:
            _log.warning("the token stays in agent.toml for now: %s", error)

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
            "files_waiting_bytes": self._outbox.waiting_bytes,
            "files_gone": msgspec.to_builtins(self._outbox.receipts()),
            "step_kinds": sorted(self._kinds),
        }

    def _check_in(self, wait_s: int) -> CheckInReply:
        self._refresh_facts()
        return self._server.check_in(
            CheckIn(
                counter=0,
                agent_version=__version__,
                facts_hash=facts_hash(self._facts),
                order_seq=self._journal.last_seq(self._server.identity.generation, self._authoriser.epoch),
                trust_version=self._repository.timestamp_version,
                wait_s=wait_s,
            )
        )

    def _refresh_facts(self) -> None:
        """Look at the machine again: each hour, and after a run, which may have changed it."""
        now = self._clock.monotonic()
        if now - self._facts_at >= _FACTS_EVERY_S or self._orders.has_run:
            self._orders.has_run = False
            self._facts = facts.collect(self._machine, self._server.identity, self._sources())
            self._facts_at = now

    def _fresh_facts(self) -> dict[str, Scalar]:
        self._refresh_facts()
        return self._facts

    def _sources(self) -> FactSources | None:
        if not self._repository.is_known:
            return None
        try:
            return decode(self._repository.target(FACT_SOURCES_PATH), FactSources)
        except (TrustError, ContractError, TemporaryError) as error:
            _log.debug("no fact is named by the catalog: %s", error)
            return None

    def _is_out_of_date(self) -> bool:
        try:
            return self._repository.is_known and self._repository.is_expired
        except TrustError:
            return True

    def _refresh(self) -> None:
        """Newer metadata may name other facts. What cannot be trusted is said, and nothing changes."""
        try:
            self._repository.refresh()
        except TrustError as error:
            _log.error("the signed repository is refused: %s", error)
            return
        self._facts_at = -_FACTS_EVERY_S
        self._refresh_facts()

    def _drain(self) -> None:
        """Send reports, receipts and records, until nothing waits, or until the server takes no more of them."""
        self._drained(self._send_reports, self._send_receipts, self._send_records)

    def _drained(self, *senders: Callable[[], bool]) -> None:
        for send in senders:
            try:
                while send():
                    pass
            except RevokedError:
                raise
            except RejectedError as error:
                _log.error("the server refuses what waits here; it is kept: %s", error)

    def _send_files(self) -> float:
        """Send what waits in the outbox, for a moment; how long a check-in may wait for the rest of it, in seconds."""
        now = self._clock.monotonic()
        if now >= self._files_from:
            try:
                is_left = self._sending.go_on(_SEND_S)
                self._drained(self._send_receipts)  # before a long poll
            except UnreachableError as error:
                _log.warning("files wait: %s", error)
                self._files_from = now + (error.retry_after_s or _FILES_PAUSE_S)
            else:
                return 0.0 if is_left else inf
        return self._files_from - now

    def _send_reports(self) -> bool:
        """Whether the server took some, so that others may follow."""
        if not (reports := self._journal.reports()):
            return False
        reply = self._server.send_reports(RunReports(tuple(reports)))
        taken = {report.order_id for report in reports} & {verdict.order_id for verdict in reply.verdicts}
        self._journal.forget_reports(sorted(taken))
        return bool(taken)

    def _send_receipts(self) -> bool:
        """Say which files are on this PC no more; reports go without them, so that neither keeps the other back."""
        if not (gone := self._outbox.untold()):
            return False
        heard = min(self._server.send_reports(RunReports((), tuple(map(_gone, gone)))).gone, gone[-1].number)
        if heard >= gone[0].number:
            self._outbox.note_told(heard)
        return heard >= gone[0].number

    def _send_records(self) -> bool:
        if not (batch := self._spool.batch()):
            return False
        mark = self._server.send_records(batch).mark
        self._spool.acknowledge(batch, mark)
        return mark >= batch.records[0].seq


def _gone(receipt: Receipt) -> FileGone:
    return FileGone(
        receipt.number, receipt.order_id, receipt.step, receipt.name, receipt.sha256, receipt.length, receipt.state,
        receipt.at,
    )  # fmt: skip


def _pending(slots: Slots | None) -> str:
    try:
        return slots.state().pending if slots else ""
    except StateError:  # said at each round
        return ""


def _pause_s(failures: int, error: Exception) -> float:
    """How long to wait after a round that failed."""
    if isinstance(error, TemporaryError):
        return _backoff_s(failures, error.retry_after_s)
    if not isinstance(error, CanopeeError):
        _log.exception("a round failed in a way that it does not declare")
    return LONGEST_WAIT_S if isinstance(error, RevokedError) else _backoff_s(failures, _LONGEST_BACKOFF_S)


def _backoff_s(failures: int, asked_s: float | None) -> float:
    """What the server asks ± 20 %; else equal jitter: half of an exponential delay is fixed, half is drawn."""
    if asked_s is not None:
        return asked_s * random.uniform(0.8, 1.2)  # noqa: S311  spreads the load
    longest = min(_LONGEST_BACKOFF_S, _BACKOFF_S * 2 ** min(failures - 1, 10))
    return longest / 2 + random.uniform(0, longest / 2)  # noqa: S311  spreads the load
