"""What `canopee up` says."""

from pathlib import Path

import pytest

from canopee.embedded.foreground import welcome
from canopee.home import Home


def test_the_other_commands_find_a_home_that_is_not_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANOPEE_HOME", str(tmp_path / "usual"))
    other = tmp_path / "another one"
    assert f"export CANOPEE_HOME='{other}'" in welcome(Home(other), "http://127.0.0.1:8470", "", 2)
    assert "export" not in welcome(Home(tmp_path / "usual"), "http://127.0.0.1:8470", "", 2)


def test_the_password_is_in_it_when_there_is_one(tmp_path: Path) -> None:
    said = welcome(Home(tmp_path), "http://127.0.0.1:8470", "correct horse", 2)
    assert "login admin, password correct horse" in said
    assert "login admin" not in welcome(Home(tmp_path), "http://127.0.0.1:8470", "", 2)
