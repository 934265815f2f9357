import ctypes
import os
import sys
import threading
from ctypes import wintypes

import pytest

from canopee_kit.clock import FakeClock

assert sys.platform == "win32"

from canopee_agent.service.supervised import NoSupervisor, this_supervisor  # noqa: E402
from canopee_agent.windows.supervisor import LauncherSupervisor  # noqa: E402

_kernel32 = ctypes.WinDLL("kernel32")
_kernel32.CreateEventW.restype = wintypes.HANDLE
_kernel32.SetEvent.argtypes = [wintypes.HANDLE]
_kernel32.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """As the launcher makes them: `alive` resets itself, the others do not."""
    made = {
        name: _kernel32.CreateEventW(None, int(name != "ALIVE"), 0, None) for name in ("STOP", "HEALTHY", "ALIVE")
    }
    for name, handle in made.items():
        monkeypatch.setenv(f"CANOPEE_{name}_HANDLE", str(handle))
    monkeypatch.setenv("CANOPEE_PROBATION", "1")
    return made


def _is_set(handle: int, within_ms: int = 5_000) -> bool:
    return _kernel32.WaitForSingleObject(handle, within_ms) == 0


def test_the_launcher_hears_the_agent_and_the_agent_hears_it(events: dict[str, int]) -> None:
    supervisor, stopped = this_supervisor(FakeClock()), threading.Event()
    assert isinstance(supervisor, LauncherSupervisor)
    assert supervisor.is_trial
    supervisor.begin(stopped.set)
    assert _is_set(events["ALIVE"])
    assert not _is_set(events["HEALTHY"], 0)
    supervisor.healthy()
    assert _is_set(events["HEALTHY"], 0)
    _kernel32.SetEvent(events["STOP"])
    assert stopped.wait(5)


def test_an_agent_that_does_not_keep_its_time_is_silent(events: dict[str, int]) -> None:
    clock = FakeClock()
    supervisor = LauncherSupervisor(clock, beat_s=0.02)
    supervisor.expect(10)
    clock.advance(11)
    supervisor.begin(lambda: None)
    assert not _is_set(events["ALIVE"], 300)
    supervisor.expect(10)
    assert _is_set(events["ALIVE"])
    supervisor.end()


@pytest.mark.usefixtures("events")
def test_programs_of_steps_do_not_see_the_handles() -> None:
    LauncherSupervisor(FakeClock())
    assert not [name for name in os.environ if name.startswith("CANOPEE_") and name.endswith("_HANDLE")]
    assert isinstance(this_supervisor(FakeClock()), NoSupervisor)
