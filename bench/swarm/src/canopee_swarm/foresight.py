"""What a simulated PC says that a pipeline would do: as the real agent does of steps that only the real run can end."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from canopee_contract.condition import Scalar, evaluate, parse_condition
from canopee_contract.pipeline import Pipeline, Step
from canopee_contract.report import Effect, StepReport

_LATER = "…"
"""What stands for an output of a step before: a dry run has none."""


def foreseen(
    pipeline: Pipeline, facts: Mapping[str, Scalar], parameters: Mapping[str, Scalar], now: datetime
) -> Iterator[StepReport]:
    """One report a step; one whose condition over facts does not hold is skipped."""
    for step in pipeline.steps:
        if step.when is not None and not evaluate(parse_condition(step.when), facts):
            yield StepReport(step.id, step.use, "skipped", "when_false", attempts=0)
        else:
            effects = tuple(_effects(step, parameters))
            yield StepReport(step.id, step.use, "done", "dry.foreseen", started_at=now, effects=effects)


def _effects(step: Step, parameters: Mapping[str, Scalar]) -> Iterator[Effect]:
    given = {name: _given(value, parameters) for name, value in step.with_.items()}
    match step.use:
        case "run_program":
            program, *rest = [str(one) for one in cast("list[Any]", given.get("argv") or [""])]
            yield Effect("run", program, detail=" ".join(rest))
        case "download_file":
            yield Effect("download", str(given.get("url", "")), int(given.get("size_bytes") or 0))
        case "update_agent":
            yield Effect("update", str(given.get("version", "")))
        case _:
            yield Effect("send", step.dataset or step.use, detail="1")


def _given(value: Any, parameters: Mapping[str, Scalar]) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, list):
        return [_given(one, parameters) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        document = cast("dict[str, Any]", value)
        return parameters.get(document["$param"], _LATER) if set(document) == {"$param"} else _LATER
    return value
