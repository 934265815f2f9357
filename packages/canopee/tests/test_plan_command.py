"""`canopee plan` and `canopee apply` against an API that answers as told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from canopee.cli import main
from canopee.commands.plan import PENDING

Run = Callable[..., str]
PLAN: dict[str, Any] = {
    "revision": "r1",
    "changes": [
        {"kind": "dataset", "id": "measure@1", "change": "unchanged", "path": "datasets/measure.yaml"},
        {
            "kind": "pipeline", "id": "one", "change": "changed", "path": "pipelines/one.yaml", "needs_signature": True,
            "fields": [{"at": "$.version", "old": 1, "new": 2}, {"at": "$.steps[a].when", "new": "os\u001b[2J"}],
        },
    ],
    "to_sign": [
        {
            "kind": "pipeline", "id": "one@2", "target": "pipelines/collect/one.2.json", "sha256": "f" * 64,
            "length": 9, "command": "canopee sign one@2 --sha256 " + "f" * 64,
        }
    ],
}  # fmt: skip
FAULT = {
    "code": "schema.unknown_key", "message": "unknown key 'x'", "line": 3, "column": 5,
    "path": "pipelines/one.yaml",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalog folder with two files, and one that is hidden."""
    found = tmp_path / "catalog"
    for name in ("pipelines/one.yaml", "datasets/measure.yml", ".git/x.yaml"):
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        (found / name).write_text("é: 1\n")
    return found


def test_a_plan_says_what_changes_field_by_field_and_what_to_sign(
    run: Run, answers: dict[str, object], folder: Path, sent: list[tuple[str, Any]]
) -> None:
    answers["/v1/catalog/plan"] = PLAN
    said = run("plan", str(folder))
    assert "~ pipeline one  pipelines/one.yaml  (awaits a signature)\n    - version: 1\n    + version: 2\n" in said
    assert "1 changed; 1 unchanged" in said
    assert "canopee sign one@2 --sha256 ffff" in said
    assert "\x1b" not in said
    (asked,) = [body for path, body in sent if path == "/v1/catalog/plan"]
    assert [one["path"] for one in asked["files"]] == ["datasets/measure.yml", "pipelines/one.yaml"]


def test_detailed_exit_codes_tell_pending_changes(
    run: Run, answers: dict[str, object], folder: Path, tmp_path: Path
) -> None:
    answers["/v1/catalog/plan"] = PLAN
    options = ["plan", str(folder), "--detailed-exitcode", "--home", str(tmp_path)]
    assert main(options) == PENDING == 5
    answers["/v1/catalog/plan"] = {**PLAN, "changes": PLAN["changes"][:1]}
    assert run(*options[:3])


def test_apply_sends_the_revision_of_its_own_plan_or_the_one_that_was_read(
    run: Run, answers: dict[str, object], folder: Path, sent: list[tuple[str, Any]]
) -> None:
    answers |= {"/v1/catalog/plan": PLAN, "/v1/catalog/apply": {**PLAN, "revision": "r2"}}
    assert json.loads(run("apply", str(folder), "--json"))["revision"] == "r2"
    run("apply", str(folder), "--revision", "r0", "--take-over")
    applied = [body for path, body in sent if path == "/v1/catalog/apply"]
    assert [(one["revision"], one["take_over"]) for one in applied] == [("r1", False), ("r0", True)]


def test_all_faults_are_said_with_file_and_line_and_nothing_is_applied(
    answers: dict[str, object], folder: Path, tmp_path: Path, sent: list[tuple[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    answers["/v1/catalog/plan"] = {**PLAN, "faults": [FAULT, {**FAULT, "line": 9}]}
    assert main(["apply", str(folder), "--home", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"{folder}/pipelines/one.yaml:3:5 error: unknown key 'x' [schema.unknown_key]" in said
    assert "one.yaml:9:5" in said
    assert "2 errors in 1 files" in said
    assert [path for path, _ in sent] == ["/v1/catalog/plan"]


def test_a_folder_that_is_none_says_what_to_name(answers: dict[str, object], tmp_path: Path) -> None:
    assert answers == {}
    assert main(["plan", str(tmp_path / "none"), "--home", str(tmp_path)]) == 2


def test_bytes_that_are_not_what_they_are_called_are_not_signed(
    answers: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = PLAN["to_sign"][0]
    answers |= {
        "/v1/catalog/awaiting": {"items": [waiting]},
        f"/v1/catalog/awaiting/{waiting['sha256']}": {**waiting, "content": "{}"},
    }
    assert main(["sign", "one@2", "--home", str(tmp_path)]) == 3
    assert "nothing was signed" in capsys.readouterr().err
    assert main(["sign", "one@2", "--sha256", "0" * 64, "--home", str(tmp_path)]) == 2
    assert main(["sign", "two@1", "--home", str(tmp_path)]) == 2
    assert "one@2" in capsys.readouterr().err
