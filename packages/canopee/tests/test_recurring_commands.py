"""What recurs, and what comes after something else, from the command line: the words travel as they are signed."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee.approval import campaign_in
from canopee.cli import main
from canopee_contract.campaign import Campaign, Prerequisite
from canopee_contract.people import PublishedPipeline
from canopee_contract.pipeline import Kind, PipelineRef
from canopee_contract.recurrence import Recurrence
from canopee_kit.clock import SystemClock


def _pipeline(name: str, version: int, kind: Kind) -> dict[str, Any]:
    ref = PipelineRef(f"pipelines/{kind}/{name}.{version}.json", name, version, "0" * 64, 10)
    approval = "none" if kind == "collect" else "required"
    found = PublishedPipeline(
        id=f"{name}@{version}", title=name, kind=kind, approval=approval, state="published", ref=ref,
        published_at=SystemClock().now(),
    )  # fmt: skip
    return msgspec.to_builtins(found)


PIPELINES = [_pipeline("repair", 1, "action"), _pipeline("prepare", 3, "action"), _pipeline("probe", 1, "collect")]
STARTED: dict[str, Any] = {
    "id": "01890a5d-ac96-774b-bcce-b302099a8057", "name": "probe", "pipeline": "probe@1", "kind": "collect",
    "state": "running", "created_at": "2026-11-24T08:00:00Z", "not_after": "2026-12-24T08:00:00Z", "total": 0,
    "states": {}, "condition": {"all": []},
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, answers: dict[str, object]) -> str:
    """A home whose credential leads to an API that publishes three pipelines, and takes what it is given."""
    occurrence = {"id": "2026-11-24T06:00", "total": 2, "states": {"done": 1, "expired": 1}}
    answers["/v1/pipelines"] = {"items": PIPELINES}
    answers["/v1/campaigns"] = STARTED
    answers[f"/v1/campaigns/{STARTED['id']}/occurrences"] = {"items": [occurrence]}
    return str(tmp_path)


def _drafted(home: str, *more: str) -> Campaign:
    out = Path(home) / "draft.yaml"
    given = ["campaign", "draft", "repair", "--to", "all", "--reason", "why", "--out", str(out), "--home", home]
    assert main([*given, *more]) == 0
    return campaign_in(out.read_bytes(), out)


def test_a_draft_holds_its_recurrence_and_what_it_comes_after_by_kind(home: str) -> None:
    campaign = _drafted(
        home, "--every", "0 6 * * 1-5", "--jitter", "30m", "--after", "prepare@2", "--after", "probe"
    )
    assert campaign.recurrence == Recurrence("0 6 * * 1-5", 1_800)
    assert campaign.after == (Prerequisite("action", "prepare", 2), Prerequisite("collect", "probe", 1))


def test_a_draft_without_either_is_written_as_it_was(home: str) -> None:
    _drafted(home)
    text = (Path(home) / "draft.yaml").read_text()
    assert "recurrence" not in text
    assert "\nafter:" not in text


@pytest.mark.parametrize("after", ["prepare@4", "prepare@0", "prepare@x", "nothing"])
def test_a_prerequisite_that_could_never_be_is_a_usage_error_and_no_draft(
    home: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = Path(home) / "draft.yaml"
    given = ["campaign", "draft", "repair", "--to", "all", "--reason", "why", "--out", str(out), "--home", home]
    assert main([*given, "--after", after]) == 2
    assert after.partition("@")[0] in capsys.readouterr().err
    assert not out.exists()


def test_a_collection_that_recurs_is_started_for_a_month_and_one_that_does_not_for_an_hour(
    home: str, sent: list[tuple[str, Any]]
) -> None:
    run = ["run", "probe", "--to", "all", "--home", home]
    assert main([*run, "--every", "0 6 * * *"]) == 0
    assert main(run) == 0
    again, once = (body["collect"] for path, body in sent if path == "/v1/campaigns")
    assert (again["recurrence"], again["expires_in_s"]) == ({"every": "0 6 * * *"}, 30 * 86_400)
    assert (once["recurrence"], once["expires_in_s"]) == (None, 3_600)


def test_what_became_of_each_occurrence_is_a_list(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["campaign", "occurrences", STARTED["id"], "--home", home, "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["id"], told["states"]) == ("2026-11-24T06:00", {"done": 1, "expired": 1})
