"""Programs of a real Linux machine: every byte and exit code as it is, nothing left behind, whatever they do."""

import gc
import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

from canopee_agent.errors import DeniedError, MissingError
from canopee_agent.fakes import FakeMachine, FakeProgram
from canopee_agent.linux.machine import LinuxMachine
from canopee_agent.ports import ProgramEnd
from canopee_kit.clock import SystemClock

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("nothing_left")]
MACHINE = LinuxMachine(SystemClock())


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


@pytest.fixture
def nothing_left() -> Generator[None]:
    """Whatever a program did, nothing of it runs any more, nor waits to be buried."""
    before = _children()
    yield
    assert _children() <= before


def _run(*argv: str, timeout_s: float = 30, limit: int = 10_000) -> ProgramEnd:
    return MACHINE.programs.run(argv, timeout_s=timeout_s, max_output_bytes=limit)


def _shell(script: str, *arguments: str, timeout_s: float = 30, limit: int = 10_000) -> ProgramEnd:
    return _run("/bin/sh", "-c", script, "sh", *arguments, timeout_s=timeout_s, limit=limit)


@pytest.mark.parametrize("code", [0, 1, 2, 126, 127, 128, 255])
def test_an_exit_code_is_the_one_that_the_program_gave(code: int) -> None:
    end = _shell(f"exit {code}")
    assert (end.exit_code, end.timed_out) == (code, False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_a_program_that_a_signal_ends_has_no_exit_code_of_success(number: signal.Signals) -> None:
    end = _shell(f"kill -{number.value} $$")
    assert (end.exit_code, end.timed_out) == (-number, False)


@pytest.mark.parametrize(
    ("limit", "written", "kept"),
    [
        (0, 10, b""), (1, 10, b"0"), (2, 10, b"09"), (5, 10, b"01289"[:3] + b"89"), (9, 10, b"01234" + b"6789"),
        (10, 10, b"0123456789"), (11, 10, b"0123456789"), (5, 5, b"01234"), (5, 4, b"0123"), (1, 1, b"0"), (3, 0, b""),
    ],
)  # fmt: skip
def test_the_first_and_the_last_half_are_kept_and_nothing_is_left_out_within_the_limit(
    limit: int, written: int, kept: bytes
) -> None:
    end = _run("/usr/bin/printf", "%s", "0123456789"[:written], limit=limit)
    assert (end.output, end.output_bytes) == (kept, written)


@pytest.mark.parametrize("limit", [0, 1, 4, 5, 7, 100])
def test_the_double_keeps_what_the_real_one_keeps(limit: int) -> None:
    machine = FakeMachine("linux")
    machine.programs.install("/usr/bin/printf", FakeProgram(output=b"01234"))
    double = machine.programs.run(("/usr/bin/printf",), timeout_s=1, max_output_bytes=limit)
    real = _run("/usr/bin/printf", "%s", "01234", limit=limit)
    assert (double.output, double.output_bytes) == (real.output, real.output_bytes)


def test_bytes_of_every_value_come_back_as_they_were_written() -> None:
    end = _run(sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes(range(256)) * 4)")
    assert end.output == bytes(range(256)) * 4


def test_a_flood_is_read_to_its_end_counted_and_not_kept() -> None:
    before = psutil.Process().memory_info().rss
    end = _shell("head -c 30000000 /dev/zero; printf end", limit=1_000)
    assert (end.output_bytes, len(end.output), end.output[-3:]) == (30_000_003, 1_000, b"end")
    assert psutil.Process().memory_info().rss - before < 15_000_000


def test_output_and_errors_come_in_the_order_in_which_they_were_written() -> None:
    end = _shell("printf 1; printf 2 >&2; printf 3; printf 4 >&2")
    assert end.output == b"1234"


def test_a_program_reads_nothing_and_is_nowhere_in_particular() -> None:
    end = _shell("read line; echo status=$?; pwd; tty")
    assert end.output.decode().split("\n")[:3] == ["status=1", "/", "not a tty"]


@pytest.mark.parametrize(
    "argument", ["", " ", "a b", "$HOME", "`id`", "; ls", "*", "'\"\\", "é\n\t", "--help", "x" * 100_000]
)
def test_an_argument_arrives_as_it_is(argument: str) -> None:
    end = _run(
        sys.executable, "-c", "import sys; sys.stdout.buffer.write(sys.argv[1].encode())", argument, limit=200_000
    )
    assert end.output.decode() == argument


def test_an_argument_that_no_program_can_receive_is_an_error_of_its_step() -> None:
    for argument in ("nul \0", "x" * 3_000_000):
        with pytest.raises((DeniedError, ValueError)):
            _run("/bin/true", argument)


def test_a_program_gets_no_file_of_the_agent(tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)  # noqa: FBT003  its only form
        end = _shell("ls /proc/self/fd | wc -l")
    assert int(end.output) == 4  # its three, and the folder that ls reads


def test_nothing_is_left_open_running_or_unburied_after_many_runs() -> None:
    _shell("true")
    gc.collect()
    files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  a count
    threads = psutil.Process().num_threads()
    for number in range(15):
        _shell("sleep 600 & exit 3" if number % 3 else "exit 0")
        with pytest.raises(MissingError):
            _run("/nothing")
    assert len(os.listdir("/proc/self/fd")) == files  # noqa: PTH208  a count
    assert psutil.Process().num_threads() <= threads


@pytest.mark.parametrize(
    "script",
    [
        "trap '' TERM INT HUP; sleep 600", "sleep 600 & sleep 600 & wait", "(sleep 600 &) ; sleep 600",
        "setsid sleep 600 & sleep 600", "exec sleep 600", "while :; do :; done", "yes", "exec >&- 2>&-; sleep 600",
    ],
    ids=["deaf", "children", "orphan", "session", "exec", "busy", "flood", "mute"],
)  # fmt: skip
def test_whatever_it_does_a_program_and_its_tree_are_gone_after_the_time_limit(script: str) -> None:
    end = _shell(script, timeout_s=0.3)
    assert end.timed_out
    assert 0.3 <= end.duration_s < 10
    assert end.exit_code != 0


def test_a_daemon_that_a_program_leaves_is_ended_with_it() -> None:
    end = _shell("setsid sh -c 'sleep 600 & sleep 600' >/dev/null 2>&1 & exit 0")
    assert (end.exit_code, end.timed_out) == (0, False)


def test_a_child_of_ours_that_was_there_before_is_not_touched() -> None:
    with psutil.Popen(["/bin/sleep", "600"]) as ours:
        _shell("exit 0")
        _shell("sleep 600", timeout_s=0.1)
        assert ours.status() != psutil.STATUS_ZOMBIE
        ours.kill()


def test_no_time_at_all_is_a_timeout_and_runs_nothing_on() -> None:
    end = _shell("sleep 600", timeout_s=0)
    assert end.timed_out


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/nothing/interpreter\n")
    script.chmod(0o755)
    with pytest.raises(MissingError):
        _run(str(script))
    with pytest.raises(DeniedError):
        _run(str(tmp_path))
    script.chmod(0o644)
    with pytest.raises(DeniedError, match="Permission denied"):
        _run(str(script))


@pytest.mark.parametrize("path", ["/nothing", "/dev/null/x", "/" + "x" * 300, "/nul\0", ""])
def test_a_path_that_leads_nowhere_is_missing_and_nothing_else(tmp_path: Path, path: str) -> None:
    if path:
        with pytest.raises(MissingError):
            MACHINE.files.real_path(path)
        assert not MACHINE.files.exists(path)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(MissingError):
        MACHINE.files.real_path(str(loop))
    assert not MACHINE.files.exists(str(loop))


def test_the_final_path_is_that_of_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").touch()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").symlink_to("link/../link/file")
    for path in ("link/file", "file", "real/../link/./file", "real//file"):
        assert MACHINE.files.real_path(f"{tmp_path}/{path}") == str(tmp_path / "real" / "file")


STATUS = """Package: bash
Status: install ok installed
Maintainer: Matthias Klose <doko@debian.org>
Version: 5.2.15-2+b7
Description: GNU Bourne Again SHell
 Version: 0.0
 .
 Status: install ok installed

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: half
Status: install ok half-installed
Version: 1.0

Package: odd
Status: hold ok installed

not a field

"""


def test_installed_packages_are_read_from_the_package_manager_s_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = tmp_path / "status"
    monkeypatch.setattr("canopee_agent.linux.system._DPKG", status)
    assert list(MACHINE.system.software()) == []
    status.write_bytes(STATUS.encode() + b"Package: \xff\xfe\nStatus: install ok installed\nVersion: 2\n")
    found = {program.name: (program.version, program.publisher) for program in MACHINE.system.software()}
    assert found == {
        "bash": ("5.2.15-2+b7", "Matthias Klose <doko@debian.org>"), "odd": ("", ""), "\ufffd\ufffd": ("2", ""),
    }  # fmt: skip


def test_a_machine_that_says_nothing_of_itself_still_has_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canopee_agent.linux.system._DMI", tmp_path)
    hardware = MACHINE.system.hardware()
    assert (hardware.maker, hardware.model, hardware.serial, hardware.bios_version) == ("", "", "", "")
    (tmp_path / "sys_vendor").write_bytes(b"  Dell\xff \n")
    assert MACHINE.system.hardware().maker == "Dell\ufffd"


def test_the_fingerprint_is_stable_and_follows_the_hardware(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MACHINE.system.fingerprint() == MACHINE.system.fingerprint()
    monkeypatch.setattr("canopee_agent.linux.system._DMI", tmp_path)
    before = MACHINE.system.fingerprint()
    (tmp_path / "product_uuid").write_text("another machine")
    assert MACHINE.system.fingerprint() != before
