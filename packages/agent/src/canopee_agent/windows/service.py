"""The agent as a Windows service: registered, started, removed, with the source of its events."""

import contextlib
import ctypes
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from canopee_agent.errors import BusyError, DeniedError, MissingError, StateError, StepError
from canopee_agent.ports import ServiceState
from canopee_agent.windows.acl import take_over
from canopee_agent.windows.reach import forget
from canopee_agent.windows.scm import ServiceSettings, register
from canopee_agent.windows.services import WindowsServices
from canopee_kit.clock import Clock

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

import winreg  # noqa: E402

_EVENTS = r"SYSTEM\CurrentControlSet\Services\EventLog\Application"
_EVENT_TYPES = 7  # error, warning, information
_FRENCH, _PRIMARY_LANGUAGE = 0x0C, 0x3FF
_TITLES = {True: "Agent Canopée", False: "Canopée Agent"}
_DESCRIPTIONS = {
    True: "Tient à jour le logiciel de votre cabinet et en dresse l'inventaire, sur ordres signés de son éditeur.",
    False: "Keeps the software of your practice up to date and takes its inventory, on signed orders of its vendor.",
}
"""By whether Windows speaks French."""
_PATIENCE_S, _POLL_S = 60.0, 0.1


class WindowsServiceHost:
    """`ports.ServiceHost`."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name, self._clock, self._services = name, clock, WindowsServices()

    @property
    def is_registered(self) -> bool:
        return self._state() is not None

    def take_over(self, folder: Path) -> None:
        with self._told(f"{folder} cannot be made ours"):
            take_over(folder)

    def register(self, launcher: Path, *, is_delayed: bool) -> None:
        language = ctypes.WinDLL("kernel32").GetSystemDefaultUILanguage() & _PRIMARY_LANGUAGE
        title, description = _TITLES[language == _FRENCH], _DESCRIPTIONS[language == _FRENCH]
        access = winreg.KEY_ALL_ACCESS | winreg.KEY_WOW64_64KEY
        with self._told("it cannot be registered"):
            register(self._name, ServiceSettings(title, description, f'"{launcher}"', is_delayed))
            with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, f"{_EVENTS}\\{self._name}", 0, access) as key:
                winreg.SetValueEx(key, "EventMessageFile", 0, winreg.REG_EXPAND_SZ, str(launcher))
                winreg.SetValueEx(key, "TypesSupported", 0, winreg.REG_DWORD, _EVENT_TYPES)

    def start(self) -> None:
        with self._told("it does not start"):
            self._services.start(self._name)
        self._wait_for("running")

    def stop(self) -> None:
        if self._state() in {None, "stopped"}:
            return
        with self._told("it does not stop"):
            self._services.stop(self._name)
        self._wait_for("stopped")

    def remove(self) -> None:
        self.stop()
        with self._told("it cannot be removed"), contextlib.suppress(MissingError):
            self._services.delete(self._name)
        with self._told("the source of its events cannot be removed"), contextlib.suppress(FileNotFoundError):
            winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, f"{_EVENTS}\\{self._name}", winreg.KEY_WOW64_64KEY)

        with self._told("its name cannot be taken away"):
            forget()

    def _state(self) -> ServiceState | None:
        """`None` when it is not registered."""
        with self._told("it cannot be asked for"):
            try:
                return self._services.look(self._name).state
            except MissingError:
                return None

    def _wait_for(self, state: ServiceState) -> None:
        until = self._clock.monotonic() + _PATIENCE_S
        while (found := self._state()) != state:
            if self._clock.monotonic() > until:
                raise StateError(f"service {self._name}: it is {found} after {_PATIENCE_S:.0f} s, not {state}")
            self._clock.sleep(_POLL_S)

    @contextmanager
    def _told(self, sentence: str) -> Generator[None]:
        """What Windows refuses, as an error of the set-up."""
        try:
            yield
        except (OSError, StepError, BusyError) as error:
            hint = "; be an administrator" if isinstance(error, PermissionError | DeniedError) else ""
            raise StateError(f"service {self._name}: {sentence}: {error}{hint}") from error
