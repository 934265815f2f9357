import json
from pathlib import Path

import pytest

from canopee_agent.service.cli import main


def test_the_step_kinds_are_described_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["steps"]) == 0
    kinds = {kind["name"]: kind for kind in json.loads(capsys.readouterr().out)}
    assert {"collect_hardware", "read_registry", "run_program"} <= set(kinds)
    assert kinds["run_program"]["effect"] == "action"


def test_a_home_that_cannot_be_used_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--home", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("canopee-agent: ")


def test_where_the_agent_stands_is_told_before_enrolment_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "agent.toml").write_text('server_url = "http://127.0.0.1:1"\n')
    (tmp_path / "root.json").write_text("{}")
    assert main(["status", "--home", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["device_id"] == ""


@pytest.mark.parametrize("arguments", [[], ["run"], ["fly"]])
def test_a_command_line_that_makes_no_sense_is_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_acceptance_is_for_windows_and_its_children_say_what_they_could_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["accept", "--out", str(tmp_path)]) == 1
    assert "Windows" in capsys.readouterr().err
    assert main(["accept", "--child", "allocate"]) == 0
    assert capsys.readouterr().out == "had"
