"""What simulated PCs say of a dry run: by their facts, with the parameters of the order."""

from datetime import UTC, datetime
from typing import Any

import pytest

from canopee_contract.pipeline import Pipeline, Step
from canopee_contract.report import Effect
from canopee_swarm.foresight import foreseen

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LINUX = {"fact": "os.family", "op": "eq", "value": "linux"}


def effects(use: str, **with_: Any) -> tuple[Effect, ...]:  # noqa: ANN401  any JSON value
    pipeline = Pipeline(spec=1, name="p", version=1, kind="action", title="P", steps=(Step("s", use, with_),))
    (report,) = foreseen(pipeline, {}, {"channel": "stable", "n": 3}, NOW)
    assert (report.state, report.code) == ("done", "dry.foreseen")
    return report.effects


@pytest.mark.parametrize(
    ("use", "with_", "effect"),
    [
        ("run_program", {"argv": ["a", {"$param": "channel"}, {"$param": "n"}]}, Effect("run", "a", detail="stable 3")),
        ("run_program", {"argv": ["a.exe", {"$output": "get.path"}]}, Effect("run", "a.exe", detail="…")),
        ("run_program", {}, Effect("run", "")),
        ("download_file", {"url": "https://h/f", "size_bytes": 48}, Effect("download", "https://h/f", 48)),
        ("update_agent", {"version": {"$param": "channel"}}, Effect("update", "stable")),
        ("collect_hardware", {}, Effect("send", "collect_hardware", detail="1")),
    ],
)  # fmt: skip
def test_a_step_says_what_it_would_do_with_the_parameters_of_the_order(
    use: str, with_: dict[str, Any], effect: Effect
) -> None:
    assert effects(use, **with_) == (effect,)


def test_a_step_that_is_not_for_this_pc_is_skipped() -> None:
    steps = (Step("a", "collect_hardware", when=LINUX), Step("b", "collect_hardware"))
    pipeline = Pipeline(spec=1, name="p", version=1, kind="collect", title="P", steps=steps)
    told = [(one.state, one.code) for one in foreseen(pipeline, {"os.family": "windows"}, {}, NOW)]
    assert told == [("skipped", "when_false"), ("done", "dry.foreseen")]
