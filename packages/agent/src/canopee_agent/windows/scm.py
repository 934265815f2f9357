"""Registers a service of ours with the service control manager; `services.py` commands any."""

import ctypes
import sys
from ctypes import wintypes
from typing import Any, ClassVar

import msgspec

from canopee_kit.logs import get_logger

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_log = get_logger(__name__)
_CREATE, _CHANGE = 0x3, 0xF01FF
"""To fail a service may be to start it again: Windows asks for every right on it."""
_OWN_PROCESS, _AUTO_START, _ERROR_NORMAL, _NO_CHANGE = 0x10, 2, 1, 0xFFFFFFFF
_EXISTS = 1073
_DESCRIPTION, _FAILURE_ACTIONS, _DELAYED_START, _FAILURE_FLAG, _PRESHUTDOWN = 1, 2, 3, 4, 7
_RESTART = 1
_RESTARTS_MS = (5_000, 30_000, 60_000)
_RESET_S = 86_400
_PRESHUTDOWN_MS = 30_000
"""Windows gives 10 s by default: too short for a step under way."""

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
_advapi32.CloseServiceHandle.argtypes = [_handle]


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


def register(name: str, settings: ServiceSettings) -> None:
    """Register a service that starts with Windows, or bring what is registered up to date; raises `OSError`."""
    manager = _checked(_advapi32.OpenSCManagerW(None, None, _CREATE))
    try:
        handle = _created(manager, name, settings)
        try:
            _set_options(handle, settings)
        finally:
            _advapi32.CloseServiceHandle(handle)
    finally:
        _advapi32.CloseServiceHandle(manager)


def _created(manager: int, name: str, settings: ServiceSettings) -> int:
    handle = _advapi32.CreateServiceW(
        manager, name, settings.title, _CHANGE, _OWN_PROCESS, _AUTO_START, _ERROR_NORMAL, settings.command,
        None, None, None, None, None,
    )  # fmt: skip
    if handle or ctypes.get_last_error() != _EXISTS:
        return _checked(handle)
    handle = _checked(_advapi32.OpenServiceW(manager, name, _CHANGE))
    _checked(
        _advapi32.ChangeServiceConfigW(
            handle, _NO_CHANGE, _AUTO_START, _NO_CHANGE, settings.command, None, None, None, None, None,
            settings.title,
        )
    )  # fmt: skip
    return handle


def _set_options(handle: int, settings: ServiceSettings) -> None:
    """Each level alone may be refused, by an old Windows or by Wine: the service works without."""
    actions = (_Action * len(_RESTARTS_MS))(*(_Action(_RESTART, delay_ms) for delay_ms in _RESTARTS_MS))
    restarts = _FailureActions(_RESET_S, None, None, len(actions), actions)
    levels: dict[str, tuple[int, Any]] = {
        "description": (_DESCRIPTION, _Description(settings.description)),
        "restart after a failure": (_FAILURE_ACTIONS, restarts),
        "restart after a non-zero exit code": (_FAILURE_FLAG, wintypes.BOOL(True)),  # noqa: FBT003  Windows' own
        "delayed start": (_DELAYED_START, wintypes.BOOL(settings.is_delayed)),
        "time at shutdown": (_PRESHUTDOWN, wintypes.DWORD(_PRESHUTDOWN_MS)),
    }
    for what, (level, value) in levels.items():
        if not _advapi32.ChangeServiceConfig2W(handle, level, ctypes.byref(value)):
            error = ctypes.get_last_error()
            _log.warning("this Windows refuses an option of the service, %s: error %d", what, error)


def _checked(result: int | None) -> int:
    if not result:
        raise ctypes.WinError(ctypes.get_last_error())
    return result
