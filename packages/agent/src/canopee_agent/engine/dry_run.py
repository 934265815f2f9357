"""A run of which nothing is done: each step's own code says what it would do on this PC, as it is now.

A step is `done` when it would end well or there is nothing to do, `failed` when it would fail, `skipped` when it would
be; `unknown` when that depends on what an earlier step can only do for real. No record leaves, no output is reported.
"""

from collections.abc import Iterator
from typing import Any, cast

import msgspec

from canopee_agent.engine.authorise import Authorised, Kinds
from canopee_agent.engine.policy import LocalPolicy
from canopee_agent.engine.run import Attempt, Kept, Run
from canopee_agent.foresight import ForeseenError, Foresight, UnknowableError
from canopee_agent.ports import Machine
from canopee_agent.step import clean_text
from canopee_contract.condition import Scalar, each_test, parse_condition
from canopee_contract.pipeline import Step
from canopee_contract.report import Effect, StepReport

FORESEEN, DEPENDS = "dry.foreseen", "dry.depends"
_MOST_EFFECTS = 100
_LONGEST = 500


class DryRun(Run):
    """One run on a `Foresight` of the machine."""

    def __init__(self, machine: Machine, kinds: Kinds, policy: LocalPolicy, kept: Kept, what: Authorised) -> None:
        self._foresight = Foresight(machine)
        super().__init__(self._foresight, kinds, policy, kept, what)
        self._open: set[str] = set()
        """Steps that only the real run can end."""

    def _step(self, step: Step, facts: dict[str, Scalar], place: int) -> StepReport:
        if names := self._awaited(step):
            report = _depends(StepReport(step.id, step.use, "unknown", attempts=0), names)
            self._open.add(step.id)
            self._journal.end_step(self._order_id, report, place)
            return report
        return super()._step(step, facts, place)

    def _attempts(self, step: Step) -> tuple[int, Attempt]:
        """One: nothing that is temporary is waited for."""
        return 1, self._attempt(step)

    def _lent(self, attempt: Attempt) -> Machine:
        """A machine that notes; nothing is sent."""
        attempt.draft = None
        return self._foresight

    def _store(self, step: Step, bodies: list[bytes]) -> int:
        """Nothing is sent: that a collection would is one more effect."""
        if bodies and self._kinds[step.use].effect == "collect":
            dataset = step.dataset or step.use
            self._foresight.effects.append(Effect("send", dataset, sum(map(len, bodies)), str(len(bodies))))
        return 0

    def _told(self, report: StepReport, last: Attempt) -> StepReport:
        told = msgspec.structs.replace(report, outputs={}, effects=_fitting(self._foresight.take()))
        if isinstance(last.error, ForeseenError):
            self._open.add(report.id)
            return msgspec.structs.replace(told, state="done", code=FORESEEN, detail="")
        if isinstance(last.error, UnknowableError) or (report.state in {"failed", "timed_out"} and self._open):
            names = sorted(self._open)
            self._open.add(report.id)
            return _depends(told, names)
        return told

    def _awaited(self, step: Step) -> list[str]:
        """Of the steps without end, those whose outcome this one looks at."""
        tests = each_test(parse_condition(step.when)) if step.when is not None else ()
        looked_at = [test.fact for _, test in tests] + [f"steps.{one}" for one in _outputs_in(step.with_)]
        return sorted(name for name in self._open if any(one.startswith(f"steps.{name}.") for one in looked_at))


def _outputs_in(value: Any) -> Iterator[str]:  # noqa: ANN401  any JSON value
    """The outputs of earlier steps that a value stands for, as `values.resolve` takes them: `step.name`."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _outputs_in(item)
    elif isinstance(value, dict):
        document = cast("dict[str, Any]", value)
        if set(document) == {"$output"}:
            yield str(document["$output"])
        else:
            yield from _outputs_in(list(document.values()))


def _depends(report: StepReport, names: list[str]) -> StepReport:
    why = f"it depends on what {', '.join(names)} does" if names else "it depends on what an earlier step does"
    said = f"{why} ({report.detail})" if report.detail else why
    return msgspec.structs.replace(report, state="unknown", code=DEPENDS, detail=said)


def _fitting(effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """As many as a report carries, with texts that a message may carry."""
    return tuple(
        msgspec.structs.replace(
            one, target=clean_text(one.target)[:_LONGEST], detail=clean_text(one.detail)[:_LONGEST]
        )
        for one in effects[:_MOST_EFFECTS]
    )
