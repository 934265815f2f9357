"""One service of this PC, through the service control manager."""

import ctypes
import sys
from collections.abc import Generator
from contextlib import contextmanager
from ctypes import wintypes
from typing import Any, ClassVar

import msgspec

from canopee_agent.errors import StateError
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_log = get_logger(__name__)
_MANAGER_ACCESS, _SERVICE_ACCESS = 0xF003F, 0xF01FF
_OWN_PROCESS, _AUTO_START, _ERROR_NORMAL, _NO_CHANGE = 0x10, 2, 1, 0xFFFFFFFF
_CONTROL_STOP = 1
_STOPPED, _RUNNING = 1, 4
_NO_SUCH_SERVICE, _ALREADY_RUNNING, _NOT_ACTIVE, _MARKED_FOR_DELETE, _EXISTS = 1060, 1056, 1062, 1072, 1073
_DESCRIPTION, _FAILURE_ACTIONS, _DELAYED_START, _FAILURE_FLAG, _PRESHUTDOWN = 1, 2, 3, 4, 7
_RESTART = 1
_RESTARTS_MS = (5_000, 30_000, 60_000)
_RESET_S = 86_400
_PRESHUTDOWN_MS = 30_000
"""Windows gives 10 s by default: too short for a step under way."""
_START_S, _STOP_S, _POLL_S = 60.0, 60.0, 0.1

_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_handle, _text, _number, _pointer = wintypes.HANDLE, wintypes.LPCWSTR, wintypes.DWORD, ctypes.c_void_p
_advapi32.OpenSCManagerW.restype, _advapi32.OpenSCManagerW.argtypes = _handle, [_text, _text, _number]
_advapi32.OpenServiceW.restype, _advapi32.OpenServiceW.argtypes = _handle, [_handle, _text, _number]
_advapi32.CreateServiceW.restype = _handle
_advapi32.CreateServiceW.argtypes = [
    _handle, _text, _text, _number, _number, _number, _number, _text, _text, _pointer, _text, _text, _text,
]  # fmt: skip
_advapi32.ChangeServiceConfigW.argtypes = [
    _handle, _number, _number, _number, _text, _text, _pointer, _text, _text, _text, _text,
]  # fmt: skip
_advapi32.ChangeServiceConfig2W.argtypes = [_handle, _number, _pointer]
_advapi32.StartServiceW.argtypes = [_handle, _number, _pointer]
_advapi32.ControlService.argtypes = [_handle, _number, _pointer]
_advapi32.QueryServiceStatus.argtypes = [_handle, _pointer]
_advapi32.DeleteService.argtypes = _advapi32.CloseServiceHandle.argtypes = [_handle]


class _Status(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        (name, wintypes.DWORD)
        for name in ("type", "state", "accepted", "exit_code", "own_exit_code", "check_point", "hint_ms")
    ]


class _Action(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [("type", ctypes.c_int), ("delay_ms", wintypes.DWORD)]


class _FailureActions(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("reset_s", wintypes.DWORD), ("message", wintypes.LPWSTR), ("command", wintypes.LPWSTR),
        ("count", wintypes.DWORD), ("actions", ctypes.POINTER(_Action)),
    ]  # fmt: skip


class _Description(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [("text", wintypes.LPWSTR)]


class ServiceSettings(msgspec.Struct, frozen=True):
    """How a service is registered."""

    title: str
    description: str
    command: str
    is_delayed: bool = False
    """Started some two minutes after the others at boot."""


class Service:
    """The service of one name, there or not."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name, self._clock = name, clock

    @property
    def is_registered(self) -> bool:
        with _told(f"the service {self._name} cannot be asked for"), self._opened() as handle:
            return handle is not None

    def register(self, settings: ServiceSettings) -> None:
        """Register it to start with Windows, or bring what is registered up to date; raises `StateError`."""
        with _told(f"the service {self._name} cannot be registered"):
            with _manager() as manager:
                created = _advapi32.CreateServiceW(
                    manager, self._name, settings.title, _SERVICE_ACCESS, _OWN_PROCESS, _AUTO_START, _ERROR_NORMAL,
                    settings.command, None, None, None, None, None,
                )  # fmt: skip
                if created:
                    _advapi32.CloseServiceHandle(created)
                elif ctypes.get_last_error() != _EXISTS:
                    raise ctypes.WinError(ctypes.get_last_error())
            with self._opened() as handle:
                _check(
                    _advapi32.ChangeServiceConfigW(
                        handle, _NO_CHANGE, _AUTO_START, _NO_CHANGE, settings.command, None, None, None, None, None,
                        settings.title,
                    )
                )  # fmt: skip
                _set_options(handle, settings)

    def start(self) -> None:
        """Start it, and return once it runs; raises `StateError`."""
        with _told(f"the service {self._name} does not start"), self._opened() as handle:
            if not _advapi32.StartServiceW(handle, 0, None) and ctypes.get_last_error() != _ALREADY_RUNNING:
                raise ctypes.WinError(ctypes.get_last_error())
            self._wait_for(handle, _RUNNING, _START_S)

    def stop(self) -> None:
        """Stop it, and return once it has stopped; one that is not there is stopped. Raises `StateError`."""
        with _told(f"the service {self._name} does not stop"), self._opened() as handle:
            if handle is None:
                return
            is_asked = _advapi32.ControlService(handle, _CONTROL_STOP, ctypes.byref(_Status()))
            if not is_asked and ctypes.get_last_error() == _NOT_ACTIVE:
                return
            self._wait_for(handle, _STOPPED, _STOP_S)

    def remove(self) -> None:
        """Stop it and take it out of the service control manager; raises `StateError`."""
        self.stop()
        with _told(f"the service {self._name} cannot be removed"), self._opened() as handle:
            is_done = handle is None or _advapi32.DeleteService(handle)
            if not is_done and ctypes.get_last_error() != _MARKED_FOR_DELETE:
                raise ctypes.WinError(ctypes.get_last_error())

    def _wait_for(self, handle: int | None, state: int, seconds: float) -> None:
        until = self._clock.monotonic() + seconds
        while (found := _status(handle).state) != state:
            if self._clock.monotonic() > until:
                raise OSError(f"it is still in state {found} after {seconds:.0f} s, and not in {state}")
            self._clock.sleep(_POLL_S)

    @contextmanager
    def _opened(self) -> Generator[int | None]:
        """Its handle; `None` when it is not registered."""
        with _manager() as manager:
            handle = _advapi32.OpenServiceW(manager, self._name, _SERVICE_ACCESS)
            if not handle and ctypes.get_last_error() != _NO_SUCH_SERVICE:
                raise ctypes.WinError(ctypes.get_last_error())
            try:
                yield handle
            finally:
                if handle:
                    _advapi32.CloseServiceHandle(handle)


def _set_options(handle: int | None, settings: ServiceSettings) -> None:
    """Each level alone may be refused, by an old Windows or by Wine: the service works without."""
    actions = (_Action * len(_RESTARTS_MS))(*(_Action(_RESTART, delay_ms) for delay_ms in _RESTARTS_MS))
    levels: dict[str, tuple[int, Any]] = {
        "description": (_DESCRIPTION, _Description(settings.description)),
        "restart after a failure": (
            _FAILURE_ACTIONS, _FailureActions(_RESET_S, None, None, len(actions), actions)
        ),
        "restart after a non-zero exit code": (_FAILURE_FLAG, wintypes.BOOL(True)),  # noqa: FBT003  Windows'
        "delayed start": (_DELAYED_START, wintypes.BOOL(settings.is_delayed)),
        "time at shutdown": (_PRESHUTDOWN, wintypes.DWORD(_PRESHUTDOWN_MS)),
    }  # fmt: skip
    for what, (level, value) in levels.items():
        if not _advapi32.ChangeServiceConfig2W(handle, level, ctypes.byref(value)):
            _log.warning("this Windows refuses an option of the service, %s: %s", what, ctypes.get_last_error())


def _status(handle: int | None) -> _Status:
    status = _Status()
    _check(_advapi32.QueryServiceStatus(handle, ctypes.byref(status)))
    return status


@contextmanager
def _manager() -> Generator[int]:
    handle = _advapi32.OpenSCManagerW(None, None, _MANAGER_ACCESS)
    _check(handle)
    try:
        yield handle
    finally:
        _advapi32.CloseServiceHandle(handle)


@contextmanager
def _told(sentence: str) -> Generator[None]:
    """An error of Windows as one of ours."""
    try:
        yield
    except PermissionError as error:
        raise StateError(f"{sentence}: {error}; be an administrator") from error
    except OSError as error:
        raise StateError(f"{sentence}: {error}") from error


def _check(is_good: object) -> None:
    if not is_good:
        raise ctypes.WinError(ctypes.get_last_error())
