import sys
import winreg
from pathlib import Path

import pytest

assert sys.platform == "win32"

from canopee_agent.service.desk import Desk  # noqa: E402
from canopee_agent.service.desk_cli import ask  # noqa: E402
from canopee_agent.service.desk_words import DeskAnswer, ListQuestions, SendLogs  # noqa: E402
from canopee_agent.windows.acl import described  # noqa: E402
from canopee_agent.windows.console import is_alone, speaks_french  # noqa: E402
from canopee_agent.windows.files import WindowsFiles  # noqa: E402
from canopee_agent.windows.reach import APP_PATH, forget, make_reachable  # noqa: E402
from canopee_contract.codec import encode  # noqa: E402
from canopee_kit.clock import FakeClock, SystemClock  # noqa: E402

NAME = "f" * 32


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "desk", WindowsFiles(SystemClock()), SystemClock())
    desk.open()
    return desk


def test_an_ask_is_taken_and_its_answer_found(tmp_path: Path, desk: Desk) -> None:
    class Looking(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            for name, wanted in desk.take():
                assert wanted == ListQuestions()
                desk.answer(name, DeskAnswer("listed"))

    assert ask(tmp_path / "desk", ListQuestions(), Looking()) == DeskAnswer("listed")


def test_a_desk_that_is_there_is_opened_again_and_its_folders_have_owners(tmp_path: Path, desk: Desk) -> None:
    desk.open()
    assert all(described(tmp_path / "desk" / name) for name in ("asks", "answers"))


@pytest.mark.parametrize("name", ["CON", "NUL.ask", "COM1", "dot.", "space ", "a" * 200, "f" * 32 + ".ask."])
def test_names_that_are_devices_for_others_are_files_here_and_go(tmp_path: Path, desk: Desk, name: str) -> None:
    path = Path(f"\\\\?\\{tmp_path / 'desk' / 'asks'}\\{name}")
    try:
        path.write_bytes(encode(SendLogs("ABCD-EFGH")) + b"\n")
    except OSError:
        return  # this Windows makes no such file
    assert desk.take() == []
    assert list((tmp_path / "desk" / "asks").iterdir()) == []


def test_a_file_that_somebody_holds_holds_nobody_up(tmp_path: Path, desk: Desk) -> None:
    held = tmp_path / "desk" / "asks" / f"{NAME}.ask"
    with held.open("wb") as stream:
        stream.write(encode(SendLogs("ABCD-EFGH")) + b"\n")
        stream.flush()
        assert desk.take() == []
    assert [wanted for _, wanted in desk.take()] == [SendLogs("ABCD-EFGH")]


def test_users_reach_the_agent_by_its_name_until_it_is_removed(tmp_path: Path) -> None:
    for version in ("1", "2"):
        make_reachable(tmp_path / version / "agent.exe")
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, APP_PATH, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as key:
        assert winreg.QueryValueEx(key, "")[0] == str(tmp_path / "2" / "agent.exe")
    forget()
    forget()
    with pytest.raises(FileNotFoundError):
        winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, APP_PATH, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY)


def test_the_console_and_the_language_are_asked_of_windows() -> None:
    assert speaks_french() in {True, False}
    assert is_alone() in {True, False}
