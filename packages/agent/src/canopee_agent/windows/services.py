"""The service control manager of Windows."""

import ctypes
import sys
from collections.abc import Generator
from contextlib import contextmanager
from ctypes import wintypes
from typing import Any, ClassVar

from canopee_agent.errors import BusyError, DeniedError, MissingError, StepError
from canopee_agent.ports import Service, ServiceStart, ServiceState

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_CONNECT, _QUERY_CONFIG, _CHANGE_CONFIG, _QUERY_STATUS = 0x1, 0x1, 0x2, 0x4
_START, _STOP, _DELETE = 0x10, 0x20, 0x10000
_CONTROL_STOP, _NO_CHANGE, _DISABLED = 1, 0xFFFFFFFF, 4
_STATUS_NUMBERS, _PROCESS = 9, 7
_LARGEST = 8_192
"""Bytes that Windows gives at most for the configuration of a service."""
_STATES: dict[int, ServiceState] = {
    1: "stopped", 2: "starting", 3: "stopping", 4: "running", 5: "resuming", 6: "pausing", 7: "paused",
}  # fmt: skip
_STARTS: dict[int, ServiceStart] = {2: "automatic", 3: "manual", 4: "disabled"}
_OWN_EXIT_CODE = 1_066
_ALREADY_RUNNING, _NOT_ACTIVE, _ALREADY_MARKED = 1_056, 1_062, 1_072
_TOLD: dict[int, tuple[type[StepError | BusyError], str]] = {
    5: (DeniedError, "access is denied"),
    123: (MissingError, "this is no name of a service"),
    1_051: (DeniedError, "running services depend on it: stop them first (`sc enumdepend` names them)"),
    1_052: (DeniedError, "it does not let itself be stopped"),
    1_053: (StepError, "it did not answer in time as it started"),
    1_055: (BusyError, "the service database is locked"),
    1_058: (DeniedError, "it is disabled"),
    1_060: (MissingError, "there is no such service"),
    1_061: (BusyError, "it takes no command just now"),
    1_072: (DeniedError, "it is marked for deletion"),
    1_115: (BusyError, "the PC is shutting down"),
}


class _Status(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("type", wintypes.DWORD), ("state", wintypes.DWORD), ("accepted", wintypes.DWORD),
        ("exit_code", wintypes.DWORD), ("own_exit_code", wintypes.DWORD), ("check_point", wintypes.DWORD),
        ("wait_hint", wintypes.DWORD),
    ]  # fmt: skip


class _Config(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("type", wintypes.DWORD), ("start", wintypes.DWORD), ("error_control", wintypes.DWORD),
        ("program", wintypes.LPWSTR), ("group", wintypes.LPWSTR), ("tag", wintypes.DWORD),
        ("dependencies", wintypes.LPVOID), ("account", wintypes.LPWSTR), ("display_name", wintypes.LPWSTR),
    ]  # fmt: skip


_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_advapi32.OpenSCManagerW.restype = wintypes.HANDLE
_advapi32.OpenSCManagerW.argtypes = [wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD]
_advapi32.OpenServiceW.restype = wintypes.HANDLE
_advapi32.OpenServiceW.argtypes = [wintypes.HANDLE, wintypes.LPCWSTR, wintypes.DWORD]
_advapi32.CloseServiceHandle.argtypes = [wintypes.HANDLE]
_advapi32.QueryServiceStatus.argtypes = [wintypes.HANDLE, ctypes.POINTER(_Status)]
_advapi32.QueryServiceConfigW.argtypes = [
    wintypes.HANDLE, wintypes.LPVOID, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD),
]  # fmt: skip
_advapi32.QueryServiceStatusEx.argtypes = [
    wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD),
]  # fmt: skip
_advapi32.ControlService.argtypes = [wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(_Status)]
_advapi32.StartServiceW.argtypes = [wintypes.HANDLE, wintypes.DWORD, wintypes.LPVOID]
_advapi32.DeleteService.argtypes = [wintypes.HANDLE]
_advapi32.ChangeServiceConfigW.argtypes = [
    wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD, wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR,
    wintypes.LPVOID, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.LPCWSTR,
]  # fmt: skip


class WindowsServices:
    """`ports.Services`."""

    def look(self, name: str) -> Service:
        with _opened(name, _QUERY_STATUS | _QUERY_CONFIG) as handle:
            status, buffer, needed = _Status(), ctypes.create_string_buffer(_LARGEST), wintypes.DWORD()
            _check(name, _advapi32.QueryServiceStatus(handle, ctypes.byref(status)))
            _check(name, _advapi32.QueryServiceConfigW(handle, buffer, _LARGEST, ctypes.byref(needed)))
        config = _Config.from_buffer(buffer)
        is_own = status.exit_code == _OWN_EXIT_CODE
        return Service(
            display_name=config.display_name or "", state=_STATES.get(status.state, "running"),
            start=_STARTS.get(config.start, "other"), program=config.program or "",
            exit_code=status.own_exit_code if is_own else status.exit_code,
        )  # fmt: skip

    def stop(self, name: str) -> None:
        with _opened(name, _STOP) as handle:
            is_done = _advapi32.ControlService(handle, _CONTROL_STOP, ctypes.byref(_Status()))
            _check(name, is_done, but=frozenset({_NOT_ACTIVE}))

    def start(self, name: str) -> None:
        with _opened(name, _START) as handle:
            _check(name, _advapi32.StartServiceW(handle, 0, None), but=frozenset({_ALREADY_RUNNING}))

    def disable(self, name: str) -> None:
        with _opened(name, _CHANGE_CONFIG) as handle:
            _check(
                name,
                _advapi32.ChangeServiceConfigW(
                    handle, _NO_CHANGE, _DISABLED, _NO_CHANGE, None, None, None, None, None, None, None
                ),
            )

    def delete(self, name: str) -> None:
        with _opened(name, _DELETE) as handle:
            _check(name, _advapi32.DeleteService(handle), but=frozenset({_ALREADY_MARKED}))


def process_of(name: str) -> int:
    """The process of a service that runs, else 0; raises as `ports.Services` does."""
    with _opened(name, _QUERY_STATUS) as handle:
        status, needed = (wintypes.DWORD * _STATUS_NUMBERS)(), wintypes.DWORD()
        _check(
            name,
            _advapi32.QueryServiceStatusEx(handle, 0, status, ctypes.sizeof(status), ctypes.byref(needed)),
        )
        return int(status[_PROCESS])


@contextmanager
def _opened(name: str, rights: int) -> Generator[int]:
    manager = _advapi32.OpenSCManagerW(None, None, _CONNECT)
    _check("the service manager", manager)
    try:
        handle = _advapi32.OpenServiceW(manager, name, rights)
        _check(name, handle)
        try:
            yield handle
        finally:
            _advapi32.CloseServiceHandle(handle)
    finally:
        _advapi32.CloseServiceHandle(manager)


def _check(name: str, is_good: object, but: frozenset[int] = frozenset()) -> None:
    if is_good or (number := ctypes.get_last_error()) in but:
        return
    error = ctypes.WinError(number)
    kind, reason = _TOLD.get(number, (StepError, error.strerror or f"error {number}"))
    raise kind(f"{name}: {reason}") from error
