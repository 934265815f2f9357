"""`canopee campaign dry-run`: what a document would do on PCs that it reaches; who is asked, and what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from canopee.cli import main
from canopee_contract.campaign import Campaign, Ring
from canopee_contract.matching import TestOnDevice, Why
from canopee_contract.people import CampaignView, Device, Page, PublishedPipeline, Run
from canopee_contract.pipeline import PipelineRef
from canopee_contract.problem import Problem
from canopee_contract.report import Effect, RunState, StepReport
from canopee_contract.rollouts import DraftView
from canopee_trust.documents import seal_campaign

NOW = datetime(2026, 11, 26, tzinfo=UTC)
REF = PipelineRef("pipelines/action/repair.2.json", "repair", 2, "0" * 64, 10)
PIPELINE = PublishedPipeline(
    id="repair@2", title="Repair", kind="action", approval="required", state="published", ref=REF, published_at=NOW
)
DEVICE, OTHER = "01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058"
WINDOWS = {"fact": "os.family", "op": "eq", "value": "windows"}
CAMPAIGN = Campaign(
    spec=1, campaign_id="01890a5d-ac96-774b-bcce-b302099a8059", name="Repair", pipeline=REF, parameters={"n": 3},
    condition=WINDOWS, rings=(Ring(10_000, NOW),), not_before=NOW, not_after=NOW + timedelta(days=3650),
    max_targets=10, reason="TICKET-1", requested_by="somebody",
)  # fmt: skip
STEP = StepReport("get", "download_file", "done", effects=(Effect("download", "https://h/f", 48),))


def ran(device: str = DEVICE, state: RunState = "done", code: str = "") -> Run:
    steps = [STEP] if state == "done" else []
    return Run(device, device, "repair@2", "collect", None, state, code, "", NOW, NOW, NOW, steps, is_dry=True)


@pytest.fixture
def document(run: Callable[..., str], answers: dict[str, object], tmp_path: Path) -> str:
    """A file of a document that nobody has signed; the API knows its pipeline, and two PCs that it reaches."""
    assert run is not None
    answers["/v1/pipelines"] = Page([PIPELINE])
    answers["/v1/match/why"] = Why(DEVICE, holds=True, tests=[])
    answers["/v1/dry-runs"] = CampaignView(
        "c", "Repair", "repair@2", "collect", "running", NOW, NOW, 1, {"pending": 1}, {"all": []}, is_dry=True
    )
    answers["/v1/runs"] = Page([ran()])
    path = tmp_path / "8.2.yaml"
    path.write_text(yaml.safe_dump(msgspec.to_builtins(CAMPAIGN)))
    return str(path)


def device(device_id: str) -> Device:
    return Device(device_id, "ACCUEIL-01", "P1", "linux-amd64", "0.1.0", "online", False, 1, NOW, NOW)  # noqa: FBT003  as the message has it


def asked(sent: list[tuple[str, Any]]) -> dict[str, Any]:
    (body,) = [body for path, body in sent if path == "/v1/dry-runs"]
    return body


def test_the_pipeline_of_a_document_is_tried_with_its_parameters_on_the_pcs_that_are_named(
    document: str, sent: list[tuple[str, Any]], run: Callable[..., str]
) -> None:
    shown = run("campaign", "dry-run", document, "--to", f"{DEVICE}, {DEVICE},")
    assert "https://h/f" in shown
    assert asked(sent) == {
        "pipeline": "repair@2",
        "devices": [DEVICE],
        "parameters": {"n": 3},
        "expires_in_s": 3600,
    }
    assert ("/v1/match/why", {"condition": WINDOWS, "device_id": DEVICE}) in sent


def test_a_draft_that_waits_on_the_api_is_tried_by_its_id(
    document: str, answers: dict[str, object], sent: list[tuple[str, Any]], run: Callable[..., str]
) -> None:
    assert document
    answers[f"/v1/campaign-drafts/{CAMPAIGN.campaign_id}"] = DraftView(
        id=CAMPAIGN.campaign_id, state="awaiting", name="Repair", pipeline="repair@2", kind="action", reason="",
        requested_by="", submitted_by="", created_at=NOW, not_after=NOW, needed=1, signatures=[], sha256="",
        envelope=msgspec.json.decode(seal_campaign(CAMPAIGN, [])),
    )  # fmt: skip
    assert "download" in run("campaign", "dry-run", CAMPAIGN.campaign_id, "--to", DEVICE)
    assert asked(sent)["parameters"] == {"n": 3}


def test_a_sample_is_taken_of_the_pcs_that_it_reaches_and_that_are_on(
    document: str, answers: dict[str, object], sent: list[tuple[str, Any]], run: Callable[..., str]
) -> None:
    answers["/v1/devices"] = Page([device(DEVICE), device(OTHER)])
    run("campaign", "dry-run", document, "--sample", "1", "--wait", "5")
    assert asked(sent)["devices"][0] in {DEVICE, OTHER}
    assert len(asked(sent)["devices"]) == 1
    (query,) = [path for path, _ in sent if path.startswith("/v1/devices?")]
    assert "state=online" in query
    assert "os.family" in query
    sent.clear()
    run("campaign", "dry-run", document, "--sample", "20")
    assert sorted(asked(sent)["devices"]) == [DEVICE, OTHER]


def test_without_waiting_only_what_was_started_is_told(document: str, run: Callable[..., str]) -> None:
    assert "is dry" in run("campaign", "dry-run", document, "--to", DEVICE, "--wait", "0")


def test_json_is_the_runs(document: str, run: Callable[..., str]) -> None:
    (told,) = msgspec.json.decode(run("campaign", "dry-run", document, "--to", DEVICE, "--json"))
    assert (told["device_id"], told["is_dry"]) == (DEVICE, True)


@pytest.mark.parametrize(
    ("answer", "exit_code"),
    [(ran(state="failed"), 1), (ran(state="failed", code="refused.policy_dry_run"), 3), (ran(state="skipped"), 0)],
)
def test_how_it_ends_is_that_of_run(
    document: str, answers: dict[str, object], tmp_path: Path, answer: Run, exit_code: int
) -> None:
    answers["/v1/runs"] = Page([answer])
    assert main(["campaign", "dry-run", document, "--to", DEVICE, "--home", str(tmp_path)]) == exit_code


LINUX = Why(DEVICE, holds=False, tests=[TestOnDevice("$", "os.family eq", holds=False, fact="linux")])
OTHER_BYTES = msgspec.structs.replace(PIPELINE, ref=msgspec.structs.replace(REF, sha256="1" * 64))
REFUSED: list[tuple[list[str], str, object, str]] = [
    (["--to", DEVICE], "/v1/match/why", LINUX, "os.family eq, it has 'linux'"),
    (["--to", DEVICE], "/v1/match/why", Why(DEVICE, holds=True, tests=[], obstacle="device.revoked"), "device.revoked"),
    (["--to", DEVICE], "/v1/match/why", Problem("device.unknown", "unknown", 404, "there is none"), "there is none"),
    (["--to", DEVICE], "/v1/pipelines", Page[PublishedPipeline]([]), "not published"),
    (["--to", DEVICE], "/v1/pipelines", Page([OTHER_BYTES]), "other bytes"),
    ([], "", None, "--to DEVICE"),
    (["--to", ","], "", None, "1 to 50"),
    (["--to", ",".join(f"{DEVICE}{n}" for n in range(51))], "", None, "51 were given"),
    (["--sample", "0"], "", None, "1 to 50"),
    (["--sample", "51"], "", None, "1 to 50"),
    (["--sample", "3"], "/v1/devices", Page[Device]([]), "is on now"),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_tried_is_refused_before_any_pc_hears_of_it(
    document: str, answers: dict[str, object], sent: list[tuple[str, Any]], tmp_path: Path,
    case: tuple[list[str], str, object, str], capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    given, path, answer, said = case
    answers.update({path: answer} if path else {})
    assert main(["campaign", "dry-run", document, *given, "--home", str(tmp_path)]) != 0
    assert said in " ".join(capsys.readouterr().err.split())
    assert not [path for path, _ in sent if path == "/v1/dry-runs"]


def test_a_condition_too_long_for_an_address_asks_for_names(
    document: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = {"fact": "device.id", "op": "in", "value": [DEVICE] * 200}
    long = msgspec.structs.replace(CAMPAIGN, condition=listed)
    Path(document).write_text(yaml.safe_dump(msgspec.to_builtins(long)))
    assert main(["campaign", "dry-run", document, "--sample", "3", "--home", str(tmp_path)]) == 2
    assert "--to" in capsys.readouterr().err
