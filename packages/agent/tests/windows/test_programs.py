import sys
from pathlib import Path

import psutil
import pytest

from canopee_agent.errors import DeniedError, MissingError
from canopee_agent.ports import ProgramEnd
from canopee_kit.clock import SystemClock

assert sys.platform == "win32"

from canopee_agent.windows.programs import WindowsPrograms  # noqa: E402

TREE = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""


def _python(code: str, *arguments: str, timeout_s: float = 60, max_output_bytes: int = 10_000) -> ProgramEnd:
    argv = (sys.executable, "-c", code, *arguments)
    return WindowsPrograms(SystemClock()).run(argv, timeout_s=timeout_s, max_output_bytes=max_output_bytes)


def test_a_program_gives_its_exit_code_and_what_it_wrote() -> None:
    end = _python("import sys; print('é'); print('err', file=sys.stderr); sys.exit(42)")
    assert (end.exit_code, end.timed_out) == (42, False)
    assert end.output.decode().split() == ["é", "err"]


def test_arguments_reach_the_program_whole() -> None:
    given = ["", "two words", 'a "quote"', "back\\slash\\", "%PATH%", "&", "é"]
    end = _python("import sys; print(ascii(sys.argv[1:]))", *given)
    assert end.output.decode().strip() == ascii(given)


def test_the_middle_of_a_long_output_is_left_out_and_counted() -> None:
    end = _python("print('a' * 50000 + 'z', end='')", max_output_bytes=1_000)
    assert (len(end.output), end.output_bytes, end.output[:1], end.output[-1:]) == (1_000, 50_001, b"a", b"z")


def test_the_whole_tree_is_killed_at_the_time_limit(tmp_path: Path) -> None:
    end = _python(TREE, str(tmp_path / "pids"), timeout_s=6)
    assert end.timed_out
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_program_that_is_not_there_is_missing() -> None:
    with pytest.raises(MissingError):
        WindowsPrograms(SystemClock()).run(("C:\\nothing.exe",), timeout_s=5, max_output_bytes=10)


def test_what_is_not_a_program_cannot_be_started(tmp_path: Path) -> None:
    text = tmp_path / "text.exe"
    text.write_text("not a program")
    with pytest.raises((DeniedError, MissingError)):
        WindowsPrograms(SystemClock()).run((str(text),), timeout_s=5, max_output_bytes=10)
