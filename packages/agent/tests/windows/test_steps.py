import os
import sys

import pytest

from canopee_agent.errors import DeniedError, TimedOutError
from canopee_agent.step import Ceiling
from canopee_agent.steps.read_registry import ReadRegistry, ReadRegistryParameters, RegistryRead
from canopee_agent.steps.run_program import RunProgram, RunProgramParameters
from canopee_kit.clock import SystemClock

assert sys.platform == "win32"

import winreg  # noqa: E402

from canopee_agent.windows.machine import WindowsMachine  # noqa: E402

FOLDER = os.path.realpath(sys.executable).rpartition("\\")[0]


def _machine() -> WindowsMachine:
    return WindowsMachine(SystemClock())


def test_read_registry_reads_a_real_value() -> None:
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Éditeur\Étape", 0, winreg.KEY_ALL_ACCESS) as key:
        winreg.SetValueEx(key, "Version", 0, winreg.REG_SZ, "8.1.0")
    wanted = RegistryRead("version", r"HKLM\SOFTWARE\Éditeur\Étape", "Version")
    ceiling = Ceiling(registry_roots=(r"HKLM\SOFTWARE\Éditeur",))
    records = list(ReadRegistry().run(_machine(), ReadRegistryParameters((wanted,)), ceiling))
    assert [getattr(record, "value", None) for record in records] == ["8.1.0"]


def test_run_program_runs_what_lies_under_an_allowed_folder_only() -> None:
    parameters = RunProgramParameters((sys.executable, "-c", "print('ok')"))
    allowed = Ceiling(program_roots=(FOLDER,), timeout_s=60)
    assert len(list(RunProgram().run(_machine(), parameters, allowed))) == 1
    with pytest.raises(DeniedError):
        list(RunProgram().run(_machine(), parameters, Ceiling(program_roots=("C:\\Other",))))


def test_run_program_ends_timed_out_after_its_record() -> None:
    parameters = RunProgramParameters((sys.executable, "-c", "import time; time.sleep(600)"))
    running = RunProgram().run(_machine(), parameters, Ceiling(program_roots=(FOLDER,), timeout_s=3))
    assert getattr(next(running), "timed_out", False)
    with pytest.raises(TimedOutError):
        next(running)
