"""`canopee run --dry-run`: what PCs say that a pipeline would do there, line by line."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from canopee.cli import main
from canopee.dry_run import foreseen
from canopee_contract.people import CampaignView, Page, PublishedPipeline, Run
from canopee_contract.pipeline import PipelineRef
from canopee_contract.report import Effect, RunState, StepReport

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PIPELINE = PublishedPipeline(
    id="repair@1", title="Repair", kind="action", approval="required", state="published",
    ref=PipelineRef("pipelines/action/repair.1.json", "repair", 1, "0" * 64, 10), published_at=NOW,
)  # fmt: skip
VIEW = CampaignView(
    "c", "Repair", "repair@1", "collect", "running", NOW, NOW, 1, {"pending": 1}, {"all": []}, is_dry=True
)
DEVICE = "01890a5d-ac96-774b-bcce-b302099a8057"


def told(*steps: StepReport, state: RunState = "done", code: str = "", detail: str = "") -> list[tuple[Any, ...]]:
    run = Run(DEVICE, DEVICE, "repair@1", "collect", None, state, code, detail, NOW, NOW, NOW, list(steps), True)  # noqa: FBT003
    return [(line.step, line.would, line.target, line.bytes, line.detail) for line in foreseen(run)]


def test_each_thing_that_a_step_would_do_is_a_line() -> None:
    step = StepReport(
        "get", "download_file", "done", "dry.foreseen",
        effects=(Effect("make_folder", "C:\\new"), Effect("download", "https://h/f", 48_000_000)),
    )  # fmt: skip
    assert told(step) == [
        ("get", "make folder", "C:\\new", None, ""),
        ("get", "download", "https://h/f", 48_000_000, ""),
    ]


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (StepReport("a", "move_path", "done"), ("a", "do nothing", "", None, "")),
        (StepReport("a", "move_path", "failed", "step.missing", "no file"), ("a", "fail", "", None, "no file")),
        (StepReport("a", "x", "skipped", "when_false"), ("a", "be skipped", "", None, "when_false")),
        (StepReport("a", "x", "unknown", "dry.depends", "on get"), ("a", "cannot be told", "", None, "on get")),
        (StepReport("a", "x", "timed_out", "t", "60 s"), ("a", "take too long", "", None, "60 s")),
    ],
)
def test_a_step_that_would_do_nothing_says_why(step: StepReport, line: tuple[Any, ...]) -> None:
    assert told(step) == [line]


def test_a_step_that_would_do_a_part_and_then_fail_says_both() -> None:
    step = StepReport("a", "x", "failed", "step", "no room", effects=(Effect("make_folder", "/new"),))
    assert [line[1] for line in told(step)] == ["make folder", "fail"]


def test_an_order_that_was_refused_is_a_line_too() -> None:
    assert told(state="failed", code="refused.policy_dry_run", detail="the local policy allows no dry run") == [
        ("", "fail", "", None, "refused.policy_dry_run the local policy allows no dry run")
    ]


def test_the_run_of_a_dry_run_is_asked_for_and_told(
    answers: dict[str, object], sent: list[tuple[str, Any]], run: Callable[..., str]
) -> None:
    answers["/v1/pipelines"] = Page([PIPELINE])
    answers["/v1/dry-runs"] = VIEW
    step = StepReport("get", "download_file", "done", effects=(Effect("download", "https://h/f", 48),))
    answers["/v1/runs"] = Page(
        [Run(DEVICE, DEVICE, "repair@1", "collect", None, "done", "", "", NOW, NOW, NOW, [step], is_dry=True)]
    )
    shown = run("run", "repair", "--to", DEVICE, "--dry-run", "--wait", "5", "--param", "n=3")
    assert "download" in shown
    assert "https://h/f" in shown
    asked = {"pipeline": "repair@1", "devices": [DEVICE], "parameters": {"n": 3}, "expires_in_s": 3600}
    assert ("/v1/dry-runs", asked) in sent


def test_a_dry_run_of_a_document_is_refused(run: Callable[..., str], tmp_path: Path) -> None:
    assert run is not None
    assert (
        main(["run", "repair", "--to", DEVICE, "--dry-run", "--document", "x.json", "--home", str(tmp_path)]) == 2
    )
