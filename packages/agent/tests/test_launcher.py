"""A newer launcher takes the place of the older one; on Linux a script stands for the program."""

import sys
from pathlib import Path

import pytest

from canopee_agent.errors import StateError
from canopee_agent.launcher import NAME, NEW, OLD, file_version, renew_launcher, replace_launcher

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="e2e/test_launcher.py replaces the real one")


def _program(path: Path, *numbers: int, exit_code: int = 0) -> Path:
    """A program that says its version and ends with `exit_code`, with a version resource."""
    major, minor, patch, build = numbers
    version = (major << 16 | minor).to_bytes(4, "little") + (patch << 16 | build).to_bytes(4, "little")
    resource = 0xFEEF04BD.to_bytes(4, "little") + bytes(4) + version
    path.write_bytes(b"#!/bin/sh\nexit %d\n" % exit_code + resource)
    path.chmod(0o755)
    return path


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    folder.mkdir()
    _program(folder / NAME, 1, 2, 0, 0)
    return folder


def test_a_program_says_its_version(program: Path) -> None:
    assert file_version(program / NAME) == (1, 2, 0, 0)


@pytest.mark.parametrize("content", [b"", b"MZ", 0xFEEF04BD.to_bytes(4, "little") + bytes(6)])
def test_a_program_without_version_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.exe").write_bytes(content)
    with pytest.raises(StateError, match="says no version"):
        file_version(tmp_path / "x.exe")
    with pytest.raises(StateError, match="cannot be read"):
        file_version(tmp_path / "nothing.exe")


@pytest.mark.parametrize("numbers", [(1, 2, 0, 0), (1, 1, 9, 9), (0, 9, 0, 0)])
def test_only_a_newer_launcher_takes_the_place(program: Path, tmp_path: Path, numbers: tuple[int, ...]) -> None:
    assert not replace_launcher(_program(tmp_path / "new.exe", *numbers), program)
    assert [path.name for path in program.iterdir()] == [NAME]


def test_the_launcher_that_runs_keeps_its_file_under_another_name(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canopee_agent.launcher._try", _nothing)  # the copy of a script is not executable
    assert replace_launcher(_program(tmp_path / "new.exe", 1, 10, 0, 0), program)
    assert file_version(program / NAME) == (1, 10, 0, 0)
    assert file_version(program / OLD) == (1, 2, 0, 0)
    assert replace_launcher(_program(tmp_path / "new.exe", 2, 0, 0, 0), program)
    assert file_version(program / OLD) == (1, 10, 0, 0)
    assert not (program / NEW).exists()


def test_a_version_that_brings_a_launcher_renews_it_and_one_that_brings_none_does_not(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canopee_agent.launcher._try", _nothing)
    slot = tmp_path / "slot"
    slot.mkdir()
    assert not renew_launcher(slot, program)
    _program(slot / NAME, 1, 3, 0, 0)
    assert renew_launcher(slot, program)
    assert not renew_launcher(slot, program)
    assert file_version(program / NAME) == (1, 3, 0, 0)


def _nothing(_: Path) -> None:
    return


def test_a_launcher_that_does_not_run_here_is_not_put_there(program: Path, tmp_path: Path) -> None:
    new = _program(tmp_path / "new.exe", 2, 0, 0, 0, exit_code=3)
    with pytest.raises(StateError, match=r"cannot be replaced|does not run here"):
        replace_launcher(new, program)
    assert file_version(program / NAME) == (1, 2, 0, 0)
