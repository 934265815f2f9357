"""What others wrote never steers the terminal; what is typed wrongly is said; a secret is its owner's."""

import fcntl
import stat
from pathlib import Path
from typing import Any

import pytest

from canopee.cli import main
from canopee.documents import write_private
from canopee.home import Home, login_file
from canopee_contract.people import ApiKey, CampaignView, Me, Page, Run, Session
from canopee_contract.problem import Problem
from canopee_kit.clock import FakeClock

Answers = dict[str, object]
NOW = FakeClock().now()
STEERING = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


def test_the_words_of_a_pc_that_refuses_cannot_steer_the_terminal(
    answers: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "signed.json"
    document.write_text("{}")
    answers["/v1/campaigns"] = CampaignView("c", "n", "p@1", "action", "running", NOW, NOW, 1, {}, {"all": []})
    run = Run("o", "d", "p@1", "action", "c", "failed", "refused.policy", f"no{STEERING}\nsorry", NOW, NOW, NOW)
    answers["/v1/runs"] = Page([run])
    assert (
        main(["run", "p", "--to", "all", "--document", str(document), "--wait", "5", "--home", str(tmp_path)]) == 3
    )
    printed = capsys.readouterr()
    assert "1 PCs refused: refused.policy" in printed.err
    assert all(one.isprintable() or one == "\n" for one in printed.out + printed.err)


def test_the_words_of_an_api_that_refuses_cannot_steer_the_terminal(
    answers: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers["/v1/status"] = Problem("x.y", "t", 403, f"first{STEERING}\nsecond")
    assert main(["status", "--home", str(tmp_path)]) == 3
    said = capsys.readouterr().err
    assert said.startswith("canopee: first")
    assert said.endswith("\nsecond [x.y]\n")
    assert all(one.isprintable() or one == "\n" for one in said)


@pytest.mark.parametrize("level", ["LOUD", "info", "12"])
def test_a_level_of_logs_that_does_not_exist_is_a_usage_error(
    level: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CANOPEE_LOG_LEVEL", level)
    assert main(["status"]) == 2
    assert "CANOPEE_LOG_LEVEL is one of DEBUG, INFO" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ("note", "d", "\udcff"), ("note", "\udcff"), ("device", "\udcff"), ("device", "\udcff", "--history"),
        ("devices", "--q", "\udcff"), ("runs", "--device", "\udcff"), ("stop-everything", "--reason", "\udcff"),
        ("devices", "--csv", "--q", "\udcff"),
    ],
    ids=ascii,
)  # fmt: skip
def test_what_cannot_be_sent_is_a_usage_error_and_is_not_sent(
    command: tuple[str, ...], answers: Answers, sent: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answers == {}
    assert main([*command, "--home", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("canopee: ")
    assert sent == []


def test_one_device_is_asked_for_by_one_segment_of_the_path(
    answers: Answers, sent: list[tuple[str, Any]], tmp_path: Path
) -> None:
    answers["/v1/devices/a%2F..%2Fb%3F/facts-history"] = Page([])
    assert main(["device", "a/../b?", "--history", "--home", str(tmp_path)]) == 0
    assert sent[0][0].partition("?")[0] == "/v1/devices/a%2F..%2Fb%3F/facts-history"


def test_where_nobody_can_type_a_password_it_is_said_how_to_give_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nobody(_: str) -> str:
        raise EOFError

    monkeypatch.delenv("CANOPEE_PASSWORD", raising=False)
    monkeypatch.setattr("getpass.getpass", nobody)
    assert main(["login", "http://127.0.0.1:1", "--login", "anna"]) == 2
    assert "set CANOPEE_PASSWORD" in capsys.readouterr().err


def test_a_credential_is_for_its_owner_alone_even_where_others_could_read_the_one_before(
    answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = Home(tmp_path).credential.read_text().split('"')[3]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("CANOPEE_PASSWORD", "secret")
    login_file().parent.mkdir(parents=True)
    login_file().write_text("{}")
    login_file().chmod(0o644)
    answers["/v1/sessions"] = Session("token", NOW)
    answers["/v1/me"] = Me("anna", ["reader"])
    answers["/v1/api-keys"] = ApiKey("k", "n", "anna", ["reader"], NOW, NOW, "active", "cpk_k_s")
    assert main(["login", url, "--login", "anna"]) == 0
    assert stat.S_IMODE(login_file().stat().st_mode) == 0o600
    assert "cpk_k_s" in login_file().read_text()
    assert list(login_file().parent.iterdir()) == [login_file()]


def test_a_private_file_replaces_one_that_was_left_half_written(tmp_path: Path) -> None:
    (tmp_path / "secret.part").write_text("half")
    (tmp_path / "secret.part").chmod(0o666)
    write_private(tmp_path / "secret", b"whole")
    assert (tmp_path / "secret").read_bytes() == b"whole"
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert not (tmp_path / "secret.part").exists()


def test_a_home_that_is_a_file_is_said_and_ends_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").write_text("")
    assert main(["up", "--home", str(tmp_path / "home")]) == 1
    assert f"canopee: {tmp_path / 'home'}: " in capsys.readouterr().err


@pytest.mark.parametrize("listen", ["x", "127.0.0.1", "127.0.0.1:99999", "there:80", "0.0.0.0:8470", ":1"])
def test_an_address_that_cannot_be_listened_on_is_a_usage_error(
    listen: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", "--listen", listen, "--home", str(tmp_path / "home")]) == 2
    assert capsys.readouterr().err.startswith("canopee: --listen: ")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("held", ["", "12x", "-1"])
def test_a_home_that_is_just_starting_is_not_stopped(
    held: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(held)
        lock.flush()
        assert main(["down", "--home", str(tmp_path)]) == 1
    assert "just starting" in capsys.readouterr().err
    assert main(["down", "--home", str(tmp_path)]) == 0
    assert "nothing runs there" in capsys.readouterr().out
