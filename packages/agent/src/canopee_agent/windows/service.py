"""The agent as a Windows service: registered, started, removed, with the source of its events."""

import ctypes
import sys
from pathlib import Path

from canopee_agent.errors import StateError
from canopee_agent.windows.acl import take_over
from canopee_agent.windows.scm import Service, ServiceSettings
from canopee_kit.clock import Clock

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

import contextlib  # noqa: E402
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


class WindowsServiceHost:
    """`ports.ServiceHost`."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name, self._service = name, Service(name, clock)

    @property
    def is_registered(self) -> bool:
        return self._service.is_registered

    def take_over(self, folder: Path) -> None:
        try:
            take_over(folder)
        except OSError as error:
            raise StateError(f"{folder} cannot be made ours: {error}") from error

    def register(self, launcher: Path, *, is_delayed: bool) -> None:
        language = ctypes.WinDLL("kernel32").GetSystemDefaultUILanguage() & _PRIMARY_LANGUAGE
        title, description = _TITLES[language == _FRENCH], _DESCRIPTIONS[language == _FRENCH]
        self._service.register(ServiceSettings(title, description, f'"{launcher}"', is_delayed))
        access = winreg.KEY_ALL_ACCESS | winreg.KEY_WOW64_64KEY
        with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, f"{_EVENTS}\\{self._name}", 0, access) as key:
            winreg.SetValueEx(key, "EventMessageFile", 0, winreg.REG_EXPAND_SZ, str(launcher))
            winreg.SetValueEx(key, "TypesSupported", 0, winreg.REG_DWORD, _EVENT_TYPES)

    def start(self) -> None:
        self._service.start()

    def stop(self) -> None:
        self._service.stop()

    def remove(self) -> None:
        self._service.remove()
        with contextlib.suppress(FileNotFoundError):
            winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, f"{_EVENTS}\\{self._name}", winreg.KEY_WOW64_64KEY)
