"""Runs the steps of an authorised order, one after the other, and says what became of each."""

import threading
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import msgspec

from canopee_agent.engine import faults
from canopee_agent.engine.authorise import Authorised, Kinds
from canopee_agent.engine.draft import Draft
from canopee_agent.engine.journal import Journal
from canopee_agent.engine.lent import Lent
from canopee_agent.engine.outbox import Outbox
from canopee_agent.engine.policy import LocalPolicy
from canopee_agent.engine.spool import MAX_RECORD_BYTES, Spool
from canopee_agent.engine.values import resolve
from canopee_agent.errors import DiskError, NotSupportedError, StepError, TimedOutError
from canopee_agent.foresight import ForeseenError, UnknowableError
from canopee_agent.ports import Machine
from canopee_agent.step import NamedOutputs, clean_text
from canopee_contract.codec import encode, inspect
from canopee_contract.condition import Scalar, evaluate, parse_condition
from canopee_contract.pipeline import Pipeline, Step
from canopee_contract.records import Record
from canopee_contract.report import RunState, StepReport, StepState
from canopee_kit.errors import CanopeeError, TemporaryError
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_GRACE_S = 5.0
"""A step that minds its time limit by itself gets this much more before it is left behind."""
_LONGEST_DETAIL = 2_000
_BESIDES_S = 120.0
"""For what is done around an attempt of a step."""


class Outcome(msgspec.Struct, frozen=True):
    """The end of a run."""

    state: RunState
    code: str
    detail: str
    steps: tuple[StepReport, ...]


class Attempt(msgspec.Struct):
    """What one attempt of a step left."""

    records: list[bytes] = []
    outputs: dict[str, Scalar] = {}
    error: BaseException | None = None
    draft: Draft | None = None


class Kept(msgspec.Struct, frozen=True):
    """What runs leave on disk, each for the server to have."""

    journal: Journal
    spool: Spool
    outbox: Outbox


class Run:
    """One run: its deadline, what later steps know, what is left of its limits."""

    own_folders: tuple[str, ...] = ()
    expect: Callable[[float], None]

    def __init__(self, machine: Machine, kinds: Kinds, policy: LocalPolicy, kept: Kept, what: Authorised) -> None:
        self._machine, self._kinds, self._policy = machine, kinds, policy
        self._journal, self._spool, self._outbox = kept.journal, kept.spool, kept.outbox
        self._order_id, self._pipeline = what.order.order_id, what.pipeline
        limits = self._pipeline.limits
        self._until = machine.clock.monotonic() + min(limits.deadline_s, policy.max_deadline_s)
        self._output_bytes = min(limits.output_bytes, policy.max_output_bytes)
        self._outputs_left = self._output_bytes
        self._records = min(limits.records, policy.max_records)
        asked = what.order.upload_budget_bytes
        self._upload_left = policy.max_upload_bytes if asked is None else min(asked, policy.max_upload_bytes)
        self._known: dict[str, Scalar] = {f"params.{name}": value for name, value in what.parameters.items()}

    def go(self, facts: dict[str, Scalar]) -> Outcome:
        reports: list[StepReport] = []
        stopped: StepReport | None = None
        for place, step in enumerate(self._pipeline.steps):
            if stopped is not None:
                reports.append(StepReport(step.id, step.use, "skipped", "step.not_reached", attempts=0))
                continue
            report = self._step(step, facts, place)
            reports.append(report)
            self._known[f"steps.{step.id}.state"] = report.state
            if report.state in {"failed", "timed_out"} and step.on_error == "stop":
                stopped = report
        return _outcome(self._pipeline, stopped, tuple(reports))

    def _step(self, step: Step, facts: dict[str, Scalar], place: int) -> StepReport:
        started_at = self._machine.clock.now()
        report = StepReport(step.id, step.use, "skipped", "when_false", attempts=0, started_at=started_at)
        known = {**facts, **self._known}
        if step.when is not None and not evaluate(parse_condition(step.when), known):
            return report
        self._journal.begin_step(self._order_id, report, place)
        began = self._machine.clock.monotonic()
        attempts, last = self._attempts(step)
        self._send(step, last)
        state, code, detail = _verdict(last.error)
        stored = self._store(step, last.records)
        if last.error is None:
            self._outputs_left -= _size(last.outputs)
            self._known |= {f"steps.{step.id}.{name}": value for name, value in last.outputs.items()}
        report = StepReport(
            step.id, step.use, state, code, detail, attempts, started_at,
            round(self._machine.clock.monotonic() - began, 3), stored, dict(last.outputs),
        )  # fmt: skip
        report = self._told(report, last)
        self._journal.end_step(self._order_id, report, place)
        return report

    def _send(self, step: Step, last: Attempt) -> None:
        """What a step that ended well made for the server waits to be sent; all of it, or the step has failed."""
        if last.draft is None:
            return
        if last.error is not None:
            last.draft.drop()
            return
        try:
            self._upload_left -= self._outbox.commit(last.draft, self._order_id, step.id)
        except (StepError, DiskError) as error:
            last.error = error

    def _told(self, report: StepReport, last: Attempt) -> StepReport:  # noqa: ARG002  a dry run looks at it
        """The report of a step, as it is kept."""
        return report

    def _attempts(self, step: Step) -> tuple[int, Attempt]:
        """How many attempts there were, and the last one."""
        delay_s, most = step.retry.delay_s, max(1, min(step.retry.attempts, 10))
        for number in range(1, most + 1):
            attempt = self._attempt(step)
            left_s = self._until - self._machine.clock.monotonic()
            if attempt.draft is not None and attempt.error is not None:
                attempt.draft.drop()
            if not isinstance(attempt.error, TemporaryError) or number == most or left_s <= delay_s:
                return number, attempt
            self.expect(delay_s + _BESIDES_S)
            self._machine.clock.sleep(delay_s)
            delay_s *= 2
        raise AssertionError  # pragma: no cover  the last attempt returns

    def _attempt(self, step: Step) -> Attempt:
        left_s = min(step.timeout_s, self._until - self._machine.clock.monotonic())
        if left_s <= 0:
            return Attempt(error=TimedOutError("the deadline of the whole run was reached"))
        kind = self._kinds[step.use]
        try:
            parameters = msgspec.convert(resolve(dict(step.with_), self._known), kind.Parameters)
        except msgspec.ValidationError as error:
            return Attempt(error=StepError(f"parameters of {step.id}: {error}"))
        except StepError as error:
            return Attempt(error=error)
        ceiling = self._policy.ceiling(
            own_folders=self.own_folders, output_bytes=self._output_bytes, timeout_s=left_s
        )
        attempt = Attempt(records=[], outputs={}, draft=self._outbox.draft(self._upload_left))
        machine = self._lent(attempt)
        self.expect(left_s + _GRACE_S + _BESIDES_S)
        begin = partial(kind().run, machine, parameters, ceiling)
        thread = threading.Thread(target=self._work, args=(begin, attempt), name=f"step-{step.id}", daemon=True)
        thread.start()
        thread.join(left_s + _GRACE_S)
        if thread.is_alive():  # left behind: what it still does counts for nothing
            late = TimedOutError(f"{step.use} did not end within {left_s:.0f} s")
            return Attempt(error=late, draft=attempt.draft)
        return attempt

    def _lent(self, attempt: Attempt) -> Machine:
        """What a step works with."""
        return Lent(self._machine, attempt.draft) if attempt.draft else self._machine

    def _work(self, begin: Callable[[], Generator[msgspec.Struct, None, Any]], attempt: Attempt) -> None:
        try:
            attempt.outputs = self._drain(begin(), attempt.records)
        except (CanopeeError, ForeseenError, UnknowableError) as error:
            attempt.error = error
        except Exception as error:  # noqa: BLE001  the edge of a step: a fault of its code must not end the agent
            told = faults.told(error)
            _log.error("a step failed in a way that it does not declare: %s", told)
            attempt.error = StepError(told)
        except BaseException as error:  # noqa: BLE001  `sys.exit()` in a step is no success of it
            attempt.error = StepError(f"it ended itself: {type(error).__name__}")

    def _drain(self, steps: Generator[msgspec.Struct, None, Any], records: list[bytes]) -> dict[str, Scalar]:
        while True:
            try:
                record = next(steps)
            except StopIteration as end:
                return self._capped(_outputs(end.value))
            if len(records) >= self._records:
                raise StepError("more records than the limits allow")
            records.append(_acceptable(encode(record)))

    def _capped(self, outputs: dict[str, Scalar]) -> dict[str, Scalar]:
        if _size(outputs) > self._outputs_left:
            raise StepError(f"the outputs of this run are larger than {self._output_bytes} bytes")
        return outputs

    def _store(self, step: Step, bodies: list[bytes]) -> int:
        """Spool the records of the last attempt; how many. One too large is left out, and said in the log."""
        kind, now = self._kinds[step.use], self._machine.clock.now()
        kept = [body for body in bodies if len(body) <= MAX_RECORD_BYTES]
        if len(kept) < len(bodies):
            _log.error(
                "%s: %d records larger than %d bytes left out", step.id, len(bodies) - len(kept), MAX_RECORD_BYTES
            )
        self._records -= len(kept)
        self._spool.append(
            Record(0, step.dataset or step.use, kind.record_version, now, msgspec.Raw(body), self._order_id)
            for body in kept
        )
        return len(kept)


def _acceptable(body: bytes) -> bytes:
    """`body`, once a message can carry it: a single value that no server takes would hold back all the others."""
    if len(body) <= MAX_RECORD_BYTES:
        inspect(b"[[[[%b]]]]" % body)
    return body


def _size(outputs: dict[str, Scalar]) -> int:
    """Bytes of outputs in a report; none for none."""
    return len(_acceptable(encode(outputs))) if outputs else 0


def _outputs(value: object) -> dict[str, Scalar]:
    if isinstance(value, NamedOutputs):
        return dict(value.values)
    return msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else {}


def _verdict(error: BaseException | None) -> tuple[StepState, str, str]:
    if error is None:
        return "done", "", ""
    code, detail = getattr(error, "code", "step"), clean_text(str(error))[:_LONGEST_DETAIL]
    if isinstance(error, NotSupportedError):
        return "skipped", code, detail
    return "timed_out" if isinstance(error, TimedOutError) else "failed", code, detail


def _outcome(pipeline: Pipeline, stopped: StepReport | None, steps: tuple[StepReport, ...]) -> Outcome:
    if stopped is not None:
        state: RunState = "timed_out" if stopped.state == "timed_out" else "failed"
        return Outcome(state, stopped.code, f"{stopped.id}: {stopped.detail}", steps)
    if all(step.state == "skipped" for step in steps):
        return Outcome("skipped", steps[0].code, f"no step of {pipeline.name} made sense here", steps)
    return Outcome("done", "", "", steps)
