"""What a version tries before it is staged."""

import sqlite3
from pathlib import Path

import pytest

from canopee_agent.fakes import FakeMachine
from canopee_agent.service import selftest as tried
from canopee_agent.service.cli import main
from canopee_agent.service.config import Home
from canopee_agent.service.selftest import is_sound, selftest
from canopee_agent.testing import FakeServer
from canopee_kit.clock import FakeClock
from canopee_trust.ed25519 import PrivateKey, PublicKey


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Of an agent that has worked."""
    server = FakeServer(FakeMachine("linux"), tmp_path)
    agent = server.agent()
    agent.round()
    agent.close()
    return Home(tmp_path)


def _content(home: Home) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in home.state.iterdir() if path.is_file()}


def test_a_version_that_can_work_is_sound_and_changes_nothing(home: Home) -> None:
    before = _content(home)
    found = selftest(home, FakeClock())
    assert is_sound(found), found
    assert set(found) == {
        "modules", "step_kinds", "signatures", "compression", "configuration", "policy", "databases"
    }  # fmt: skip
    assert _content(home) == before


def test_every_module_of_this_platform_is_imported() -> None:
    assert tried.import_everything() > 30


@pytest.mark.parametrize(
    ("name", "content", "check"),
    [
        ("agent.toml", "server_url = 3\n", "configuration"),
        ("agent.toml", 'server_url = "https://x"\nca_file = "none.pem"\n', "configuration"),
        ("policy.toml", "wide_open = true\n", "policy"),
        ("state/journal.db", "not a database, by far" * 100, "databases"),
    ],
)
def test_what_this_version_does_not_accept_is_found(home: Home, name: str, content: str, check: str) -> None:
    (home.folder / name).write_text(content)
    found = selftest(home, FakeClock())
    assert [key for key, fault in found.items() if fault] == [check]
    assert name.rpartition("/")[2].partition(".")[0] in found[check] or "file" in found[check]


def test_a_database_in_use_is_copied_whole(home: Home) -> None:
    with sqlite3.connect(home.state / "spool.db") as other:
        other.execute("begin immediate")
        assert is_sound(selftest(home, FakeClock()))
    other.close()


def test_signatures_that_are_not_ed25519_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PublicKey, "verify", _yes)
    assert "RFC 8032" in selftest(None, FakeClock())["signatures"]
    monkeypatch.undo()
    monkeypatch.setattr(PrivateKey, "sign", _nothing)
    assert "RFC 8032" in selftest(None, FakeClock())["signatures"]


def test_the_command_says_what_is_wrong(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--home", str(home.folder)]) == 0
    (home.folder / "policy.toml").write_text("x = 1\n")
    assert main(["selftest", "--home", str(home.folder)]) == 1
    assert "unknown field `x`" in capsys.readouterr().out


def _yes(*_: object) -> bool:
    return True


def _nothing(*_: object) -> bytes:
    return bytes(64)
