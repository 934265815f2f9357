"""The launcher, seen from the agent: three events that it left open for us (`deploy/windows/launcher/launcher.c`)."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from ctypes import wintypes

from canopee_agent.promise import Promise
from canopee_kit.clock import Clock

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

STOP, HEALTHY, ALIVE = "CANOPEE_STOP_HANDLE", "CANOPEE_HEALTHY_HANDLE", "CANOPEE_ALIVE_HANDLE"
PROBATION = "CANOPEE_PROBATION"
BEAT_S = 20.0
_SIGNALLED, _INHERITED = 0, 1
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel32.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]
_kernel32.WaitForSingleObject.restype = wintypes.DWORD
_kernel32.SetEvent.argtypes = [wintypes.HANDLE]
_kernel32.SetHandleInformation.argtypes = [wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD]


class LauncherSupervisor:
    """`ports.Supervisor`."""

    def __init__(self, clock: Clock, *, beat_s: float = BEAT_S) -> None:
        """Takes the handles out of the environment: no program of a step is to see them."""
        self._stop, self._healthy, self._alive = (_take(name) for name in (STOP, HEALTHY, ALIVE))
        self.is_trial = os.environ.pop(PROBATION, "0") == "1"
        self._promise, self._beat_ms = Promise(clock), int(beat_s * 1_000)
        self._is_over = threading.Event()

    def begin(self, stop: Callable[[], None]) -> None:
        threading.Thread(target=self._watch, args=(stop,), daemon=True, name="launcher").start()

    def expect(self, within_s: float) -> None:
        self._promise.make(within_s)

    def healthy(self) -> None:
        _kernel32.SetEvent(self._healthy)

    def end(self) -> None:
        self._is_over.set()

    def _watch(self, stop: Callable[[], None]) -> None:
        while not self._is_over.is_set():
            if self._promise.is_kept:
                _kernel32.SetEvent(self._alive)
            if _kernel32.WaitForSingleObject(self._stop, self._beat_ms) == _SIGNALLED:
                stop()
                return


def is_launched() -> bool:
    """Whether a launcher started this process."""
    return STOP in os.environ


def _take(name: str) -> int:
    handle = int(os.environ.pop(name, "0"))
    _kernel32.SetHandleInformation(handle, _INHERITED, 0)
    return handle
