r"""Folders that are ours whoever made them first: `C:\ProgramData` lets every user create some."""

import ctypes
import sys
from collections.abc import Generator
from contextlib import contextmanager
from ctypes import wintypes
from pathlib import Path
from typing import Any, ClassVar

from canopee_agent.errors import StateError
from canopee_agent.service_ports import DESK
from canopee_agent.windows.sddl import PRIVATE, is_kept, is_trusted, owner
from canopee_kit.logs import get_logger

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_log = get_logger(__name__)
_FILE_OBJECT, _REVISION = 1, 1
_OWNER, _DACL, _PROTECTED_DACL = 1, 4, 0x80000000
_ALREADY_EXISTS = 183
_MOST_SET_ASIDE = 100

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_pointer, _pointers = ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)
_kernel32.CreateDirectoryW.argtypes = [wintypes.LPCWSTR, _pointer]
_kernel32.LocalFree.argtypes = [_pointer]
_advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = [
    wintypes.LPCWSTR, wintypes.DWORD, _pointers, _pointer,
]  # fmt: skip
_advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW.argtypes = [
    _pointer, wintypes.DWORD, wintypes.DWORD, ctypes.POINTER(_pointer), _pointer,
]  # fmt: skip
_advapi32.GetSecurityDescriptorOwner.argtypes = [_pointer, _pointers, ctypes.POINTER(wintypes.BOOL)]
_advapi32.GetSecurityDescriptorDacl.argtypes = [
    _pointer, ctypes.POINTER(wintypes.BOOL), _pointers, ctypes.POINTER(wintypes.BOOL),
]  # fmt: skip
_advapi32.SetNamedSecurityInfoW.argtypes = [
    wintypes.LPWSTR, ctypes.c_int, wintypes.DWORD, _pointer, _pointer, _pointer, _pointer,
]  # fmt: skip
_advapi32.GetNamedSecurityInfoW.argtypes = [
    wintypes.LPCWSTR, ctypes.c_int, wintypes.DWORD, _pointer, _pointer, _pointer, _pointer, _pointers,
]  # fmt: skip


class _Attributes(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("length", wintypes.DWORD), ("descriptor", ctypes.c_void_p), ("inherited", wintypes.BOOL),
    ]  # fmt: skip


def take_over(folder: Path, descriptor: str = PRIVATE) -> None:
    """Make `folder` ours, at set-up: made when it is missing; what somebody else made is set aside, not trusted.

    Raises:
        StateError: it cannot be made, or set aside.
    """
    if _made(folder, descriptor):
        return
    if not is_kept(described(folder), descriptor) and not _is_ours(folder):
        aside = _set_aside(folder)
        _log.warning("%s was made by somebody else: what it held is in %s, and is not used", folder, aside)
        if not _made(folder, descriptor):
            raise StateError(f"{folder} was made by somebody else again: set up when no user is logged on")
        return
    keep(folder, descriptor)


def hold(folder: Path, descriptor: str) -> None:
    """Make a folder inside one that is ours already, or give it the permissions again that it should have.

    Raises:
        StateError: it cannot be made.
    """
    if not _made(folder, descriptor):
        keep(folder, descriptor)


def keep(folder: Path, descriptor: str = PRIVATE) -> bool:
    """Verify who may do what in `folder`, and say so again where that was changed; whether it holds now."""
    found = described(folder)
    if is_kept(found, descriptor):
        return True
    _log.warning("%s had other permissions than it should (%s): they are set again", folder, found)
    try:
        _set(folder, descriptor)
    except OSError as error:
        _log.error("the permissions of %s cannot be set: %s", folder, error)
        return False
    if is_kept(found := described(folder), descriptor):
        return True
    _log.error("%s cannot be protected on this file system (%s): others may read its keys", folder, found)
    return False


def described(path: Path) -> str:
    """Owner and access list of `path`, as SDDL; raises `OSError`."""
    descriptor, text = _pointer(), _pointer()
    result = _advapi32.GetNamedSecurityInfoW(
        str(path), _FILE_OBJECT, _OWNER | _DACL, None, None, None, None, ctypes.byref(descriptor)
    )
    if result:
        raise ctypes.WinError(result)
    try:
        _check(
            _advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW(
                descriptor, _REVISION, _OWNER | _DACL, ctypes.byref(text), None
            )
        )
        return ctypes.wstring_at(text.value or 0)
    finally:
        _kernel32.LocalFree(text)
        _kernel32.LocalFree(descriptor)


def _made(folder: Path, descriptor: str) -> bool:
    """Make `folder`, protected from its first instant; `False` when something is there."""
    with _parsed(descriptor) as parsed:
        attributes = _Attributes(ctypes.sizeof(_Attributes), parsed, False)  # noqa: FBT003  fields of Windows
        if _kernel32.CreateDirectoryW(str(folder), ctypes.byref(attributes)):
            return True
    error = ctypes.get_last_error()
    if error != _ALREADY_EXISTS:
        raise StateError(f"{folder} cannot be made: {ctypes.WinError(error)}")
    return False


def _is_ours(folder: Path) -> bool:
    """Whether administrators made it and all it holds: their owner is the one that a folder has which we make now."""
    probe = folder.with_name(f"{folder.name}.probe")
    if not _made(probe, PRIVATE):
        raise StateError(f"{probe} is in the way: remove it")
    try:
        mine = owner(described(probe))
    finally:
        probe.rmdir()
    ours = (path for path in folder.iterdir() if path.name != DESK)  # there, users leave files
    owners = (
        owner(described(path))
        for path in (folder, *(inner for path in ours for inner in (path, *path.rglob("*"))))
    )
    return all(found == mine or is_trusted(found) for found in owners)


def _set_aside(folder: Path) -> Path:
    for number in range(1, _MOST_SET_ASIDE):
        aside = folder.with_name(f"{folder.name}.set-aside-{number}")
        if aside.exists():
            continue
        try:
            return folder.rename(aside)
        except OSError as error:
            raise StateError(f"{folder} was made by somebody else and cannot be renamed: {error}") from error
    raise StateError(f"{folder} was made by somebody else too often: remove {folder}.set-aside-*")


def _set(folder: Path, descriptor: str) -> None:
    with _parsed(descriptor) as parsed:
        who, access, is_there, by_default = _pointer(), _pointer(), wintypes.BOOL(), wintypes.BOOL()
        _check(_advapi32.GetSecurityDescriptorOwner(parsed, ctypes.byref(who), ctypes.byref(by_default)))
        _check(
            _advapi32.GetSecurityDescriptorDacl(
                parsed, ctypes.byref(is_there), ctypes.byref(access), ctypes.byref(by_default)
            )
        )
        what = _OWNER | _DACL | _PROTECTED_DACL
        result = _advapi32.SetNamedSecurityInfoW(str(folder), _FILE_OBJECT, what, who, None, access, None)
        if result:
            raise ctypes.WinError(result)


@contextmanager
def _parsed(descriptor: str) -> Generator[ctypes.c_void_p]:
    parsed = _pointer()
    _check(
        _advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            descriptor, _REVISION, ctypes.byref(parsed), None
        )
    )
    try:
        yield parsed
    finally:
        _kernel32.LocalFree(parsed)


def _check(is_good: object) -> None:
    if not is_good:
        raise ctypes.WinError(ctypes.get_last_error())
