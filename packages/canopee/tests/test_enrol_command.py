"""`canopee enrol …` and `canopee practices …`: what is sent, what is shown, what is refused before anything is sent."""

import csv
import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest

from canopee.cli import main
from canopee.commands.practices import summary
from canopee.enrolling.rules import when_of
from canopee.quantities import duration
from canopee_contract.admission import (
    Decided,
    EnrolmentRequest,
    EnrolmentRule,
    EnrolmentRules,
    HeldRules,
    RuleTest,
    TokenBatch,
    Undecided,
)
from canopee_contract.people import EnrolmentTokens, Page
from canopee_contract.practices import PracticesImported, PracticeView

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
BATCH = TokenBatch(ID, "setup", "", "FR-*", True, False, 2, 20, 7, 1, "active", "admin", NOW, NOW)  # noqa: FBT003  a row
REQUEST = EnrolmentRequest(
    id=ID, state="waiting", hostname="ACCUEIL-01", practice_id="FR-1", practice_known=False, platform="windows",
    agent_version="0.1.0", address="192.0.2.7", fingerprint="ab", same_hardware=[], reason="rule: others",
    batch_id=ID, label="setup", asked_at=NOW, last_asked_at=NOW,
)  # fmt: skip
TAKEN = PracticesImported(2, 0, 1, 1, ["FR-9"], 0, dry_run=False)
Answers: TypeAlias = dict[str, object]
Sent: TypeAlias = list[tuple[str, Any]]
Run: TypeAlias = Callable[..., str]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30d", 2_592_000), ("12h", 43_200), ("90m", 5_400), ("2w", 1_209_600), ("45", 45), ("5s", 5)],
)
def test_durations_are_written_as_people_say_them(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "-1d", "1.5h", "1y", "1d ", "9999999999"])
def test_what_is_no_duration_is_a_usage_error(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["enrol", "token", f"--expires={text}"])
    assert ended.value.code == 2
    assert "is not a duration, such as 30d" in capsys.readouterr().err


def test_one_token_for_an_installer_is_printed_alone(answers: Answers, sent: Sent, run: Run) -> None:
    answers["/v1/enrolment-tokens"] = EnrolmentTokens(["cpe_a"], NOW, ID)
    said = run(
        "enrol", "token", "--uses", "500", "--expires", "30d", "--practice-pattern", "FR-69-*", "--needs-approval"
    )
    assert said == "cpe_a\n"
    body = sent[0][1]
    assert (body["count"], body["uses"], body["expires_in_s"]) == (1, 500, 2_592_000)
    assert (body["practice_pattern"], body["needs_approval"]) == ("FR-69-*", True)


def test_many_tokens_go_to_a_file_that_others_cannot_read_and_never_over_another(
    answers: Answers, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers["/v1/enrolment-tokens"] = EnrolmentTokens(["cpe_a", "cpe_b"], NOW, ID)
    out = tmp_path / "tokens.csv"
    command = ["enrol", "token", "--count", "2", "--practice", "FR-1", "--label", "a;b", "--out", str(out)]
    said = run(*command)
    assert ID in said
    assert "cpe_" not in said
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [(row["token"], row["practice"], row["uses"], row["label"]) for row in rows] == [
        ("cpe_a", "FR-1", "1", "a;b"), ("cpe_b", "FR-1", "1", "a;b"),
    ]  # fmt: skip
    assert rows[0]["expires_at"] == "2026-11-24T08:00:00+00:00"
    assert main([*command, "--home", str(tmp_path)]) == 2
    assert "name another file" in capsys.readouterr().err


def test_what_is_left_of_tokens_is_listed_and_those_that_are_over_when_asked(answers: Answers, run: Run) -> None:
    over = msgspec.structs.replace(BATCH, id="x", state="expired", left=0)
    answers["/v1/enrolment-tokens"] = Page([BATCH, over])
    assert [one["id"] for one in json.loads(run("enrol", "tokens", "--json"))] == [ID]
    assert [one["left"] for one in json.loads(run("enrol", "tokens", "--all", "--json"))] == [7, 0]
    answers[f"/v1/enrolment-tokens/{ID}/revoke"] = over
    assert "expired" in run("enrol", "revoke", ID)


def test_the_queue_is_asked_for_what_was_said_and_shown_as_a_table(answers: Answers, sent: Sent, run: Run) -> None:
    answers["/v1/enrolments"] = Page([REQUEST])
    shown = run("enrol", "list", "--practice", "FR-*", "--network", "10.0.0.0/8")
    assert "ACCUEIL-01" in shown
    assert "rule: others" in shown
    assert "practice=FR-%2A&network=10.0.0.0%2F8&state=waiting" in sent[0][0]
    run("enrol", "list", "--state", "all")
    assert "state" not in sent[1][0]
    answers[f"/v1/enrolments/{ID}"] = REQUEST
    assert json.loads(run("enrol", "show", ID, "--json"))["address"] == "192.0.2.7"


def test_pcs_are_approved_by_id_or_all_that_match_and_rejected_with_a_reason(
    answers: Answers, sent: Sent, run: Run
) -> None:
    answers["/v1/enrolments/approve"] = answers["/v1/enrolments/reject"] = Decided(1, [ID])
    assert "1 PCs approved" in run("enrol", "approve", ID, "--replace")
    assert "1 PCs rejected" in run(
        "enrol", "reject", "--all-matching", "--hostname", "TEST-*", "--reason", "a test"
    )
    assert (sent[0][1]["ids"], sent[0][1]["replace"], sent[1][1]["replace"]) == ([ID], True, False)
    assert (sent[1][1]["matching"]["hostname"], sent[1][1]["reason"], sent[1][1]["ids"]) == (
        "TEST-*",
        "a test",
        [],
    )


def test_more_ids_than_one_call_takes_are_sent_in_several(answers: Answers, sent: Sent, run: Run) -> None:
    answers["/v1/enrolments/approve"] = Decided(1, [ID])
    assert json.loads(run("enrol", "approve", *[ID] * 10_001, "--json"))["count"] == 2
    assert [len(body["ids"]) for _, body in sent] == [10_000, 1]


def test_what_could_not_be_decided_on_is_said_and_is_exit_code_one(
    answers: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers["/v1/enrolments/approve"] = Decided(0, [], [Undecided(ID, "enrolled")])
    assert main(["enrol", "approve", ID, "--home", str(tmp_path)]) == 1
    assert f"{ID} is enrolled" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], [ID, "--all-matching"]])
def test_a_decision_names_ids_or_what_they_have_in_common(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["enrol", "approve", *arguments]) == 2
    assert "--all-matching" in capsys.readouterr().err


def test_rules_of_a_file_are_put_in_force_and_read_by_people(
    answers: Answers, sent: Sent, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "expires_in_days: 10\nrules:\n"
        "- {name: known, then: approve, when: {practice_known: true, practices: ['FR-*']}}\n"
        "- {name: others, then: wait}\n"
    )
    rules = EnrolmentRules((EnrolmentRule("others", "wait"),), 10)
    answers["/v1/enrolment-rules"] = HeldRules(rules, "admin", NOW)
    shown = " ".join(run("enrol", "rules", "set", str(file)).split())
    assert "1 others wait always" in shown
    assert "forgotten after 10 days" in shown
    assert [rule["then"] for rule in sent[0][1]["rules"]] == ["approve", "wait"]
    assert json.loads(run("enrol", "rules", "list", "--json"))["rules"]["expires_in_days"] == 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [{name: x, then: allow}]", "allow"), ("- 1", "object"),
        ("rules: [{name: x, then: wait, when: {city: Lyon}}]", "city"),
    ],
)  # fmt: skip
def test_rules_that_are_no_rules_are_not_sent(
    answers: Answers, sent: Sent, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    assert answers == {}
    (tmp_path / "rules.yaml").write_text(text)
    assert main(["enrol", "rules", "set", str(tmp_path / "rules.yaml"), "--home", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
    assert sent == []


def test_only_what_a_rule_asks_is_said() -> None:
    test = RuleTest(practice_known=False, practices=("FR-*", "BE-*"), devices_below=0)
    said = when_of(EnrolmentRule("x", "wait", test))
    assert said == 'practice_known no and practices ["FR-*","BE-*"] and devices_below 0'


def test_practices_are_sent_and_what_became_of_them_is_said(
    answers: Answers, sent: Sent, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers["/v1/practices"] = TAKEN
    file = tmp_path / "practices.csv"
    file.write_bytes("Code client;Nom;Dossier\nFR-1;Nîmes;9\n".encode("cp1252"))
    assert main(["practices", "import", str(file), "--deactivate-missing", "--home", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "2 created, 0 changed, 1 unchanged" in said.out
    assert "FR-9" in said.out
    assert "not read: Dossier" in said.err
    assert [(one["id"], one["name"]) for one in sent[0][1]["practices"]] == [("FR-1", "Nîmes")]
    assert (sent[0][1]["deactivate_missing"], sent[0][1]["dry_run"]) == (True, False)
    assert json.loads(run("practices", "import", str(file), "--dry-run", "--json"))["created"] == 2


def test_no_practice_is_sent_when_a_line_is_bad_and_the_lines_are_said(
    answers: Answers, sent: Sent, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answers == {}
    file = tmp_path / "practices.csv"
    file.write_text("id;name\n" + "".join(f"A;x{n}\n" for n in range(30)))
    assert main(["practices", "import", str(file), "--home", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "practices.csv, line 3: id: the id A comes twice" in said
    assert "and 9 more" in said
    assert sent == []


def test_practices_are_listed_with_their_pcs_and_shown(answers: Answers, sent: Sent, run: Run) -> None:
    view = PracticeView("FR/1", "Bellecour", "Lyon", "69002", "", "", "", "", "active", 3, NOW, NOW)
    answers["/v1/practices"], answers["/v1/practices/FR%2F1"] = Page([view]), view
    assert "Bellecour" in run("practices", "list", "--q", "belle")
    assert "q=belle" in sent[0][0]
    assert json.loads(run("practices", "show", "FR/1", "--json"))["devices"] == 3


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (PracticesImported(1, 2, 3, 0, [], 0, dry_run=True), "nothing was changed; it would be: 1 created"),
        (PracticesImported(0, 0, 3, 1, ["A"], 1, dry_run=False), "1 deactivated: A"),
        (PracticesImported(0, 0, 3, 30, [f"A{n}" for n in range(30)], 0, dry_run=False), "A19, …"),
    ],
)
def test_an_import_is_summed_up_in_a_line_or_two(taken: PracticesImported, said: str) -> None:
    assert said in summary(taken)
