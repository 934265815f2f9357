import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from canopee_agent.errors import DeniedError, MissingError, NotSupportedError
from canopee_agent.linux.machine import LinuxMachine
from canopee_agent.linux.system import LinuxSystem
from canopee_agent.ports import ProgramEnd
from canopee_contract.version import version_key
from canopee_kit.clock import SystemClock

TREE = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""
pytestmark = pytest.mark.real


def _machine() -> LinuxMachine:
    return LinuxMachine(SystemClock())


def _python(code: str, *arguments: str, timeout_s: float = 30, limit: int = 10_000) -> ProgramEnd:
    argv = (sys.executable, "-c", code, *arguments)
    return _machine().programs.run(argv, timeout_s=timeout_s, max_output_bytes=limit)


def test_a_program_gives_its_exit_code_and_what_it_wrote() -> None:
    end = _python("import sys; print('é'); print('err', file=sys.stderr); sys.exit(42)")
    assert (end.exit_code, end.timed_out, sorted(end.output.decode().split())) == (42, False, ["err", "é"])


def test_the_whole_tree_is_killed_at_the_time_limit_also_what_left_its_session(tmp_path: Path) -> None:
    end = _python(TREE, str(tmp_path / "pids"), timeout_s=2)
    assert end.timed_out
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert not any(_is_running(pid) for pid in pids)


def test_a_grandchild_that_keeps_the_output_open_does_not_hold_the_run(tmp_path: Path) -> None:
    code = TREE.replace(", start_new_session=True", "").replace("time.sleep(600)\n", "")
    end = _python(code, str(tmp_path / "pids"))
    assert (end.exit_code, end.timed_out) == (0, False)


def test_the_middle_of_a_long_output_is_left_out_and_counted() -> None:
    end = _python("print('a' * 500000 + 'z', end='')", limit=1_000)
    assert (len(end.output), end.output_bytes, end.output[:1], end.output[-1:]) == (1_000, 500_001, b"a", b"z")


def test_what_is_not_there_or_not_a_program_is_said(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("not a program")
    for path, error in (("/nothing", MissingError), (str(text), DeniedError)):
        with pytest.raises(error):
            _machine().programs.run((path,), timeout_s=5, max_output_bytes=10)


def test_the_machine_tells_what_it_is() -> None:
    system = _machine().system
    platform, hardware = system.platform(), system.hardware()
    assert (platform.family, version_key(platform.version) is not None) == ("linux", True)
    assert hardware.cores >= 1
    assert hardware.memory_bytes > 2**28
    assert len(system.fingerprint()) == 64
    programs = system.software()
    assert all(program.name and program.version and program.scope == "machine" for program in programs)
    assert any(program.installed_on.startswith("20") and program.architecture for program in programs)


def test_there_is_no_registry() -> None:
    registry = _machine().registry
    for call in (registry.values, registry.subkeys):
        with pytest.raises(NotSupportedError):
            call("HKLM\\SOFTWARE")
    with pytest.raises(NotSupportedError):
        registry.value("HKLM\\SOFTWARE", "x")


def test_links_are_followed_and_missing_files_are_said(tmp_path: Path) -> None:
    (tmp_path / "real").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    files = _machine().files
    assert files.real_path(str(tmp_path / "link")) == str(tmp_path / "real")
    assert files.exists(str(tmp_path / "link"))
    with pytest.raises(MissingError):
        files.real_path(str(tmp_path / "nothing"))


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("zone", "hour"), [("Europe/Paris", 14), ("Indian/Reunion", 16), ("America/Guadeloupe", 8)]
)
def test_the_clock_on_the_wall_follows_the_zone_of_the_system(
    zone: str, hour: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        assert LinuxSystem().wall(datetime(2026, 7, 1, 12, tzinfo=UTC)).hour == hour
    time.tzset()
