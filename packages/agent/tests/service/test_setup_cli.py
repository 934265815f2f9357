import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from canopee_agent.service import setup_cli
from canopee_agent.service.cli import main
from canopee_agent.service.setup import Answers

Parse = Callable[..., argparse.Namespace]
VARIABLES = {
    "CANOPEE_SERVER_URL": "https://b.fr",
    "CANOPEE_ENROLMENT_TOKEN": "cpe_2",
    "CANOPEE_DELAYED_START": "1",
}


@pytest.fixture
def parse() -> Parse:
    parser = argparse.ArgumentParser()
    setup_cli.add_to(parser.add_subparsers())
    return lambda *arguments: parser.parse_args(["setup", *arguments])


def test_answers_come_from_the_command_line_then_from_the_environment(parse: Parse) -> None:
    answers = setup_cli.answers_of(parse("--server-url", "https://a.fr", "--practice-id", " P1 "), VARIABLES)
    assert answers == Answers(
        server_url="https://a.fr", enrolment_token="cpe_2", practice_id="P1", is_delayed=True  # noqa: S106  a test's own
    )  # fmt: skip


def test_an_empty_answer_is_none_as_an_installer_passes_what_it_was_not_given(parse: Parse) -> None:
    assert setup_cli.answers_of(parse("--server-url=", "--ca-file="), {}) == Answers()


@pytest.mark.parametrize(("told", "is_delayed"), [("", False), ("0", False), ("1", True)])
def test_yes_and_no_are_told_as_installers_tell_them(parse: Parse, told: str, *, is_delayed: bool) -> None:
    assert setup_cli.answers_of(parse(f"--delayed-start={told}"), {}).is_delayed == is_delayed


def test_an_installer_may_name_itself_for_the_folder_where_it_lies(parse: Parse, tmp_path: Path) -> None:
    (tmp_path / "agent.msi").touch()
    for told in (tmp_path, tmp_path / "agent.msi"):
        assert setup_cli.answers_of(parse("--folder", str(told)), {}).folder == str(tmp_path)


@pytest.mark.parametrize("command", ["setup", "teardown"])
def test_an_agent_that_is_not_installed_says_which_one_to_run(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 1
    assert "lies in no slot" in capsys.readouterr().err


def test_a_refusal_is_said_and_kept_in_the_log_without_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slot = tmp_path / "slots" / "1.0.0"
    slot.mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(slot / "agent.exe"))
    monkeypatch.setenv("CANOPEE_ENROLMENT_TOKEN", "cpe_verysecret")
    assert main(["setup", "--check", "--server-url", "http://example.fr"]) == 1
    noted = (tmp_path / "logs" / "setup.log").read_text()
    for said in (noted, capsys.readouterr().err):
        assert "set-up of version 1.0.0 is refused" in said
        assert "https://" in said
        assert "verysecret" not in said


def test_the_log_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "logs" / "setup.log"
    log.parent.mkdir()
    log.write_bytes(b"x" * 1_048_577)
    slot = tmp_path / "slots" / "1.0.0"
    monkeypatch.setattr(sys, "executable", str(slot / "agent.exe"))
    assert main(["setup", "--check"]) == 1
    assert log.stat().st_size < 2_000
