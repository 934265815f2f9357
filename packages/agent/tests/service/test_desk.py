"""The folder by which anybody asks the agent for something, whatever lies there."""

import os
import socket
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from canopee_agent.linux.files import LinuxFiles
from canopee_agent.service.desk import ANSWERS, ASKS, KEPT_S, MAX_BYTES, MOST_A_MINUTE, Desk
from canopee_agent.service.desk_words import AnswerQuestion, Ask, DeskAnswer, ListQuestions, SendLogs
from canopee_contract.codec import encode
from canopee_kit.clock import FakeClock, SystemClock

NAME = "0123456789abcdef0123456789abcdef"
CODE = SendLogs("ABCD-EFGH")


class Place:
    """A desk, and what its users do with it."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.clock, self.asks, self.answers = clock, folder / ASKS, folder / ANSWERS
        self.files = LinuxFiles()
        self.desk = Desk(folder, self.files, clock)
        self.desk.open()

    def leave(self, content: bytes, name: str = f"{NAME}.ask", *, ago_s: float = 0.0) -> Path:
        path = self.asks / name
        path.write_bytes(content)
        at = self.clock.now().timestamp() - ago_s
        os.utime(path, (at, at))
        return path

    def ask(self, wanted: Ask, number: int = 0) -> Path:
        return self.leave(encode(wanted) + b"\n", f"{number:032x}.ask")

    def look(self, times: int = 1) -> list[Ask]:
        return [ask for _ in range(times) for _, ask in self.desk.take()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path.resolve() / "desk", FakeClock())


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_everybody_may_leave_a_file_and_nobody_lists_them_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        place = Place(tmp_path / "desk", FakeClock())
        place.desk.answer(NAME, DeskAnswer("agreed"))
    finally:
        os.umask(before)
    assert [mode(path) for path in (place.asks.parent, place.asks, place.answers)] == ["0o711", "0o1733", "0o711"]
    assert mode(place.answers / f"{NAME}.answer") == "0o644"


@pytest.mark.parametrize("wanted", [CODE, ListQuestions(), AnswerQuestion("0189", is_granted=True)])
def test_an_ask_is_taken_once(place: Place, wanted: Ask) -> None:
    place.ask(wanted)
    assert place.look(3) == [wanted]
    assert list(place.asks.iterdir()) == []


def test_an_ask_that_is_still_written_is_waited_for_and_not_for_ever(place: Place) -> None:
    path = place.leave(encode(CODE)[:10])
    assert place.look() == []
    place.leave(encode(CODE) + b"\n")
    assert place.look() == [CODE]
    place.leave(encode(CODE)[:10])
    assert place.look(5) == []
    assert not path.exists()


@pytest.mark.parametrize("ago_s", [KEPT_S + 1, -KEPT_S - 1])
def test_an_ask_of_another_time_is_not_taken(place: Place, ago_s: float) -> None:
    path = place.leave(encode(CODE) + b"\n", ago_s=ago_s)
    assert place.look() == []
    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"\n", b"null\n", b"[]\n", b"{}\n", b'{"type":"run","program":"calc.exe"}\n', b'{"type":"send_logs"}\n',
        b'{"type":"send_logs","code":"ABCD-EFGH","path":"/etc/shadow"}\n', b'{"type":"send_logs","code":""}\n',
        b'{"type":"send_logs","code":"' + b"A" * 41 + b'"}\n', b'{"type":"answer","order":"1","is_granted":1}\n',
        b"\xff\xfe\n", b"[" * 4_000 + b"\n", b"\x00" * 100 + b"\n", b'{"type":"questions"}{"type":"questions"}\n',
    ],
)  # fmt: skip
def test_what_is_no_ask_goes_unheard(place: Place, content: bytes) -> None:
    path = place.leave(content)
    assert place.look() == []
    assert not path.exists()


def test_a_link_is_not_followed_and_what_it_leads_to_stays(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_bytes(encode(CODE) + b"\n")
    (place.asks / f"{NAME}.ask").symlink_to(outside)
    (place.asks / "folder").symlink_to(tmp_path, target_is_directory=True)
    assert place.look() == []
    assert list(place.asks.iterdir()) == []
    assert outside.exists()


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 2**40])
def test_a_file_that_is_too_large_is_never_read(place: Place, size: int) -> None:
    path = place.leave(b"")
    os.truncate(path, size)
    at = place.clock.now().timestamp()
    os.utime(path, (at, at))
    assert place.look() == []
    assert not path.exists()


def test_a_pipe_and_a_socket_hold_nobody_up(place: Place) -> None:
    os.mkfifo(place.asks / f"{NAME}.ask")
    with socket.socket(socket.AF_UNIX) as door:
        here = os.open(place.asks, os.O_RDONLY)
        door.bind(f"/proc/self/fd/{here}/{'f' * 32}.ask")
        os.close(here)
        place.ask(CODE, 7)
        assert place.look() == [CODE]
    assert list(place.asks.iterdir()) == []


def test_a_file_that_becomes_a_pipe_once_it_was_looked_at_holds_nobody_up(place: Place) -> None:
    path = place.ask(CODE)
    look = place.files.look

    def replaced(name: str) -> object:
        found = look(name)
        path.unlink()
        os.mkfifo(path)
        return found

    place.files.look = replaced  # type: ignore[method-assign, assignment]
    assert place.look() == []
    assert not path.exists()


def test_a_file_that_grows_once_it_was_looked_at_is_not_read_beyond_its_limit(place: Place) -> None:
    path = place.ask(CODE)
    look = place.files.look

    def grown(name: str) -> object:
        found = look(name)
        path.write_bytes(encode(CODE) + b" " * MAX_BYTES + b"\n")
        return found

    place.files.look = grown  # type: ignore[method-assign, assignment]
    assert place.look() == []
    assert not path.exists()


def test_a_file_that_goes_once_it_was_looked_at_is_no_fault(place: Place) -> None:
    path = place.ask(CODE)
    look = place.files.look

    def gone(name: str) -> object:
        found = look(name)
        path.unlink()
        return found

    place.files.look = gone  # type: ignore[method-assign, assignment]
    assert place.look() == []


def test_folders_go_when_they_are_empty_and_are_passed_over_when_they_are_not(place: Place) -> None:
    (place.asks / "empty").mkdir()
    for number in range(300):  # as many as would take the place of every ask
        (place.asks / f"{number:032x}.ask" / "deep").mkdir(parents=True)
    place.look()
    assert not (place.asks / "empty").exists()
    for _ in range(4):
        place.ask(CODE, 999)
        place.clock.advance(1)
    assert CODE in place.look(4)


@pytest.mark.parametrize(
    "name", ["CON", "NUL.ask", "..ask", "a b", "é\n\x1b[31m", "x" * 250, f"{NAME.upper()}.ask"]
)
def test_a_name_that_no_ask_has_goes_unread(place: Place, name: str) -> None:
    place.leave(encode(CODE) + b"\n", name)
    os.mkfifo(place.asks / "pipe")
    assert place.look() == []
    assert list(place.asks.iterdir()) == []


def test_thousands_of_files_are_a_bounded_work_and_a_bounded_number_of_asks(place: Place) -> None:
    for number in range(1_200):
        place.ask(CODE, number)
        place.leave(b"x", f"junk{number}")
    assert len(place.look()) == MOST_A_MINUTE
    assert 1_300 < len(list(place.asks.iterdir())) < 2_400
    assert place.look(20) == []
    assert len(list(place.asks.iterdir())) <= 100
    for later_s in (60, 121):  # the minute is over, then what waited is too old
        place.clock.advance(later_s)
        assert len(place.look()) <= MOST_A_MINUTE
    assert place.look() == []
    assert list(place.asks.iterdir()) == []
    place.ask(ListQuestions())
    assert place.look() == [ListQuestions()]


def test_an_answer_is_kept_for_a_while_and_those_of_an_earlier_agent_go(place: Place, tmp_path: Path) -> None:
    place.desk.answer(NAME, DeskAnswer("agreed"))
    place.clock.advance(KEPT_S - 1)
    place.look()
    assert [path.name for path in place.answers.iterdir()] == [f"{NAME}.answer"]
    place.clock.advance(1)
    place.look()
    assert list(place.answers.iterdir()) == []
    place.desk.answer(NAME, DeskAnswer("agreed"))
    assert list(Place(tmp_path.resolve() / "desk", place.clock).answers.iterdir()) == []


def test_another_account_leaves_an_ask_lists_nothing_and_reads_the_answer_whose_name_it_knows() -> None:
    """By the rights of the system: as nobody, where the tests run as root; the owner of the desk may list it."""
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        place = Place(Path(folder) / "desk", FakeClock(SystemClock().now()))
        line = (encode(CODE) + b"\n").decode()

        def done(script: str) -> bool:
            user = 65_534 if is_root else None
            ended = subprocess.run(["/bin/sh", "-c", script], user=user, capture_output=True, check=False)
            return ended.returncode == 0

        other = place.asks / f"{'e' * 32}.ask"
        other.write_bytes(line.encode())
        assert done(f"umask 077; printf %s '{line}' > {place.asks}/{NAME}.ask")
        assert {name for name, _ in place.desk.take()} == {NAME, "e" * 32}
        place.desk.answer(NAME, DeskAnswer("agreed"))
        assert done(f"cat {place.answers}/{NAME}.answer")
        other.write_bytes(line.encode())
        other.chmod(0o600)  # as the command makes it
        for denied in (
            f"ls {place.asks}", f"ls {place.answers}", f"cat {other}", f"rm -f {other}", f"echo x >> {other}",
            f"echo x > {place.answers}/{NAME}.answer", f"rm -f {place.answers}/{NAME}.answer", f"mv {other} {other}2",
        ):  # fmt: skip
            assert done(denied) is not is_root, denied
