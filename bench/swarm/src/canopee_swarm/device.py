"""One simulated device: checks in, verifies its orders as an agent does, answers what its PC would answer."""

import asyncio
import hashlib
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from canopee_contract.checkin import CheckIn, CheckInReply
from canopee_contract.codec import decode, encode
from canopee_contract.condition import evaluate, parse_condition
from canopee_contract.facts import FactSet, facts_hash
from canopee_contract.files import BeginUpload
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.pipeline import Pipeline, Step
from canopee_contract.records import Record, RecordBatch, RecordsReply
from canopee_contract.report import RunReport, RunReports, RunsReply, StepReport
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_kit.clock import Clock
from canopee_kit.errors import TemporaryError
from canopee_kit.logs import get_logger
from canopee_swarm.errors import AnswerError, OverError
from canopee_swarm.fleet import AGENT_VERSION, Pc, facts_of
from canopee_swarm.foresight import foreseen
from canopee_swarm.link import Link
from canopee_swarm.log_results import NAME, LogAnswer, answer_to
from canopee_swarm.repository import SharedRepository
from canopee_swarm.results import outputs_of, records_of
from canopee_swarm.sending import Waiting
from canopee_swarm.store import Identity, Store
from canopee_trust.documents import open_campaign, open_order
from canopee_trust.errors import TrustError

_log = get_logger(__name__)
_STREAM = "main"
_BATCH = 200


class Manner(msgspec.Struct, frozen=True):
    """How the devices of a swarm behave."""

    draw: random.Random = msgspec.field(default_factory=random.Random)
    failures: float = 0.0
    """Share of the steps that fail."""
    think_s: float = 0.0
    """Between two check-ins, give or take half."""


class SimulatedDevice:
    """One device of the swarm."""

    def __init__(
        self, machine: Pc, link: Link, store: Store, repository: SharedRepository, clock: Clock,
        manner: Manner | None = None,
    ) -> None:  # fmt: skip
        self._manner = manner or Manner()
        self.orders_done = 0
        self._machine, self._link, self._store = machine, link, store
        self._repository, self._clock = repository, clock
        self._trust_version = 0
        self._files = Waiting()

    async def live(self, token: str, *, wait_s: int, is_off: bool = False) -> None:
        """Go on until cancelled, or until this enrolment is over.

        One that is off is heard of once, when it enrols, and never again.
        """
        failures = 0
        if is_off and self._link.identity is not None:
            return
        while True:
            try:
                if self._link.identity is None:
                    await self._link.enrol(token)
                await self.round(0 if is_off else wait_s)
                if is_off:
                    return
                failures = 0
                if self._manner.think_s:
                    await asyncio.sleep(self._manner.think_s * self._manner.draw.uniform(0.5, 1.5))
            except OverError as error:
                _log.warning("PC %d stops: %s", self._machine.number, error)
                if self._link.identity is not None:
                    self._store.end(self._machine.number)
                return
            except (TemporaryError, AnswerError) as error:
                failures = min(failures + 1, 6)
                _log.debug("PC %d: %s", self._machine.number, error)
                await asyncio.sleep(random.uniform(0.5, 1.0) * 2**failures)  # noqa: S311  spreads the load

    async def round(self, wait_s: int) -> None:
        """One check-in and all that follows from it."""
        identity = self._identity()
        await self._drain()
        await self._files.send(self._link, self._clock)
        facts = facts_of(self._machine, device_id=identity.device_id, practice_id=identity.practice_id)
        digest = facts_hash(facts)
        sent = CheckIn(
            self._link.next_counter(), AGENT_VERSION, digest, identity.order_seq,
            trust_version=self._trust_version, wait_s=wait_s,
        )  # fmt: skip
        reply = await self._link.call("check-in", sent, CheckInReply, timeout_s=wait_s + 60.0)
        if reply.send_facts:
            await self._link.call("facts", FactSet(digest, facts), dict)
        if reply.trust_version > self._trust_version:
            await self._repository.refresh(self._link.fetch, reply.trust_version)
            self._trust_version = reply.trust_version
        for delivered in reply.orders:
            await self._run(delivered, facts)
        await self._drain()
        if reply.next_in_s:
            await asyncio.sleep(reply.next_in_s * random.uniform(1, 2))  # noqa: S311  spreads the load

    async def _run(self, delivered: DeliveredOrder, facts: dict[str, str | int | float | bool]) -> None:
        identity = self._identity()
        policy = decode(await self._repository.target(self._link.fetch, TRUST_POLICY_PATH), TrustPolicy)
        try:
            opened = open_order(bytes(delivered.order), policy)
        except TrustError as error:
            _log.error("PC %d refuses an order: %s", self._machine.number, error)
            return
        order = opened.order
        if order.device_id != identity.device_id or order.seq <= identity.order_seq:
            return
        identity.order_seq = order.seq
        lost = self._report(order, opened.sha256, state="unknown", code="crashed")
        self._store.accept_order(identity.number, order.seq, order_id=order.order_id, body=encode(lost))
        report, records = await self._outcome(order, delivered, opened.sha256, facts)
        self._store.finish_order(
            identity.number, order_id=order.order_id, body=encode(report),
            records=[(record.seq, encode(record)) for record in records],
        )  # fmt: skip
        await self._files.send(self._link, self._clock)

    async def _outcome(
        self, order: Order, delivered: DeliveredOrder, sha256: str, facts: dict[str, str | int | float | bool]
    ) -> tuple[RunReport, list[Record]]:
        if order.expires_at <= self._clock.now():
            return self._report(order, sha256, state="expired", code="expired"), []
        try:
            content = await self._repository.target(self._link.fetch, order.pipeline.path)
            pipeline = decode(content, Pipeline)
            conditions = [pipeline.condition]
            if delivered.document is not None:
                policy = decode(await self._repository.target(self._link.fetch, TRUST_POLICY_PATH), TrustPolicy)
                conditions.append(open_campaign(delivered.document, policy, pipeline.kind).campaign.condition)
            elif pipeline.approval != "none" and not order.is_dry:
                return self._report(order, sha256, state="failed", code="refused.approval"), []
        except TrustError as error:
            return self._report(order, sha256, state="failed", code=f"refused.{error.reason}"), []
        if not all(evaluate(parse_condition(one), facts) for one in conditions if one is not None):
            return self._report(order, sha256, state="skipped", code="condition_false"), []
        if order.is_dry:
            return self._foreseen(order, sha256, pipeline, facts), []
        return self._done(order, sha256, pipeline, facts)

    def _foreseen(
        self, order: Order, sha256: str, pipeline: Pipeline, facts: dict[str, str | int | float | bool]
    ) -> RunReport:
        now = self._clock.now()
        steps = tuple(foreseen(pipeline, facts, order.parameters, now))
        report = self._report(order, sha256, state="done", steps=steps, started_at=now)
        return msgspec.structs.replace(report, is_dry=True)

    def _done(
        self, order: Order, sha256: str, pipeline: Pipeline, facts: dict[str, str | int | float | bool]
    ) -> tuple[RunReport, list[Record]]:
        now = self._clock.now()
        steps: list[StepReport] = []
        records: list[Record] = []
        for step in pipeline.steps:
            if step.when is not None and not evaluate(parse_condition(step.when), facts):
                steps.append(StepReport(step.id, step.use, "skipped", "when_false", attempts=0))
                continue
            if self._manner.draw.random() < self._manner.failures:
                steps.append(StepReport(step.id, step.use, "failed", "simulated", started_at=now))
                failed = self._report(
                    order, sha256, state="failed", code="simulated", steps=tuple(steps), started_at=now
                )
                return failed, records
            if step.use == "collect_logs":
                answer = answer_to(order, self._machine, now)
                steps.append(
                    StepReport(step.id, step.use, answer.state, answer.code, answer.detail, started_at=now)
                )
                self._send_later(order, step, answer)
                if answer.state == "failed":
                    code, taken = answer.code, tuple(steps)
                    return self._report(
                        order, sha256, state="failed", code=code, steps=taken, started_at=now
                    ), records
                made = [answer.record] if answer.record else []
                records += self._recorded(order, step, made)
                continue
            made = records_of(step.use, self._machine, step.with_)
            records += self._recorded(order, step, made)
            steps.append(
                StepReport(
                    step.id, step.use, "done", started_at=now, duration_s=0.4, records=len(made),
                    outputs=dict(outputs_of(step.use, self._machine, step.with_)),
                )
            )  # fmt: skip
        self.orders_done += 1
        return self._report(order, sha256, state="done", steps=tuple(steps), started_at=now), records

    def _recorded(self, order: Order, step: Step, made: Sequence[dict[str, Any]]) -> list[Record]:
        identity, now, found = self._identity(), self._clock.now(), list[Record]()
        for body in made:
            identity.record_seq += 1
            raw = msgspec.Raw(encode(body))
            found.append(Record(identity.record_seq, step.dataset or step.use, 1, now, raw, order.order_id))
        return found

    def _send_later(self, order: Order, step: Step, answer: LogAnswer) -> None:
        """Once the order has ended: a file of it is then sent."""
        if answer.content:
            digest = hashlib.sha256(answer.content).hexdigest()
            asked = BeginUpload(order.order_id, step.id, NAME, len(answer.content), digest)
            self._files.add(asked, answer.content, is_slow=answer.is_slow)

    def _report(
        self, order: Order, sha256: str, *, state: str, code: str = "", steps: tuple[StepReport, ...] = (),
        started_at: datetime | None = None,
    ) -> RunReport:  # fmt: skip
        report = RunReport(
            order.order_id, order.seq, "unknown", sha256, f"{order.pipeline.name}@{order.pipeline.version}",
            AGENT_VERSION, self._clock.now(), started_at, code, "", steps,
        )  # fmt: skip
        return msgspec.convert({**msgspec.to_builtins(report), "state": state}, RunReport)

    async def _drain(self) -> None:
        """Send reports, then records, until nothing waits."""
        number = self._machine.number
        while raw := self._store.reports(number, limit=50):
            reports = tuple(msgspec.json.decode(one, type=RunReport) for one in raw)
            reply = await self._link.call("runs", RunReports(reports), RunsReply)
            self._store.forget_reports([verdict.order_id for verdict in reply.verdicts])
        while raw := self._store.records(number, limit=_BATCH):
            records = tuple(msgspec.json.decode(one, type=Record) for one in raw)
            answer = await self._link.call("records", RecordBatch(_STREAM, records), RecordsReply)
            self._store.forget_records(number, answer.mark)

    def _identity(self) -> Identity:
        if self._link.identity is None:
            raise RuntimeError("not enrolled")
        return self._link.identity
