"""What needs no server: messages, exit codes, documents, keys and signatures."""

import json
from pathlib import Path

import pytest

from canopee.cli import exit_code, main
from canopee.commands.run import condition_to
from canopee.documents import read_condition
from canopee.errors import FailedError, RefusedError, UsageError
from canopee.output import print_list, print_object
from canopee.publishing import read_target
from canopee_client.errors import AnswerError, NoAnswerError
from canopee_contract.matching import TestCount, WhyMatch
from canopee_contract.problem import Problem
from canopee_kit.errors import CanopeeError
from canopee_trust.dsse import payload_of, read_envelope
from canopee_trust.errors import PublicationError

CATALOG = Path(__file__).parents[3] / "catalog"
CAMPAIGN: dict[str, object] = {
    "type": "campaign", "spec": 1, "campaign_id": "01890a5d-ac96-774b-bcce-b302099a8057", "name": "n", "reason": "r",
    "pipeline": {"path": "pipelines/action/p.1.json", "name": "p", "version": 1, "sha256": "0" * 64, "length": 1},
    "parameters": {}, "condition": {"all": []}, "rings": [], "not_before": "2026-01-01T00:00:00Z", "requested_by": "x",
    "not_after": "2027-01-01T00:00:00Z", "max_targets": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AnswerError(Problem("x", "t", 404)), 4),
        (AnswerError(Problem("x", "t", 403)), 3),
        (UsageError("x"), 2),
        (RefusedError("x"), 3),
        (PublicationError("x", "y"), 3),
        (FailedError("x"), 1),
        (NoAnswerError("x"), 1),
    ],
)
def test_each_error_has_its_exit_code(error: CanopeeError, code: int) -> None:
    assert exit_code(error) == code


def test_without_a_server_a_command_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main(["devices", "--home", str(tmp_path)]) == 2
    assert "canopee up" in capsys.readouterr().err


def test_development_keys_are_made_once_and_say_what_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "dev-init", "--out", str(tmp_path / "keys")]) == 0
    assert "accept_lab_keys" in capsys.readouterr().out
    assert main(["keys", "dev-init", "--out", str(tmp_path / "keys")]) == 2
    assert "choose another folder" in capsys.readouterr().err


def test_two_approvers_sign_one_document_one_after_the_other(tmp_path: Path) -> None:
    keys, document, signed = tmp_path / "keys", tmp_path / "campaign.json", tmp_path / "signed.json"
    document.write_text(json.dumps(CAMPAIGN))
    main(["keys", "dev-init", "--out", str(keys)])
    assert main(["sign", str(document), "--keys", str(keys), "--out", str(signed)]) == 0
    again = ["sign", str(signed), "--keys", str(keys), "--approver", "approver-2", "--out", str(signed)]
    assert main(again) == 0
    envelope = read_envelope(signed.read_bytes())
    assert len(envelope.signatures) == 2
    assert json.loads(payload_of(envelope))["campaign_id"] == CAMPAIGN["campaign_id"]


@pytest.mark.parametrize(
    "path", [*sorted(CATALOG.glob("pipelines/*.yaml")), CATALOG / "facts.yaml"], ids=lambda p: p.stem
)
def test_everything_of_the_sample_catalog_can_be_published(path: Path) -> None:
    target, content = read_target(path)
    assert target.startswith(("pipelines/", "facts/"))
    assert json.loads(content)["type"] in {"pipeline", "fact_sources"}


@pytest.mark.parametrize(
    "text",
    ["", "- 1", "type: pipeline\nspec: 1\n", "{", "type: pipeline\nspec: 1\nname: x\nversion: 1\nsurprise: 1\n"],
)
def test_a_file_that_is_no_target_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"bad\.yaml"):
        read_target(tmp_path / "bad.yaml")


def test_whom_a_run_goes_to_is_a_device_a_condition_or_everybody(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("all: []")
    assert (
        condition_to("all") == condition_to(str(tmp_path / "c.yaml")) == condition_to('{"all": []}') == {"all": []}
    )
    assert condition_to("some-id") == {"fact": "device.id", "op": "eq", "value": "some-id"}


@pytest.mark.parametrize("text", ["nothing.yaml", "{broken"])
def test_a_condition_that_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(UsageError):
        read_condition(text)


def test_what_looks_like_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    test = TestCount("$", 'a.b matches "[a-z]+[/red]"', 3)
    print_list([test], ("test", "devices"), as_json=False)
    assert '"[a-z]+[/red]"' in capsys.readouterr().out
    print_object(WhyMatch({"[red]": "[bold]x"}, "[b]"), as_json=False)
    assert "[bold]x" in capsys.readouterr().out


@pytest.mark.parametrize("address", ["host=127.0.0.1 port=1 connect_timeout=2", "no=such option"])
def test_a_database_that_does_not_answer_is_said_with_where_to_look(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CANOPEE_DATABASE_URL", address)
    assert main(["db", "migrate"]) == 1
    assert "see CANOPEE_DATABASE_URL" in capsys.readouterr().err
