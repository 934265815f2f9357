"""Rights: who may write where the agent lives, and whether less than all can be given to a step."""

import ctypes
import re
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from ctypes import wintypes
from pathlib import Path
from typing import Any, ClassVar

from canopee_agent.service_ports import DESK
from canopee_agent.windows.acceptance import Area, Finding, Look, Scene, failed, judged, not_applicable
from canopee_agent.windows.acl import described
from canopee_agent.windows.sddl import DROP, UNLISTED, is_kept

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_ALL_ACCESS, _IMPERSONATION, _PRIMARY, _INTEGRITY = 0xF01FF, 2, 1, 25
_DISABLE_MAX_PRIVILEGE, _SE_GROUP_INTEGRITY = 1, 0x20
_LOGON_SERVICE, _PROVIDER_DEFAULT, _NO_WINDOW, _PRIVILEGES = 5, 0, 0x08000000, 3
_LOW = "S-1-16-4096"
_NOT_HELD = 1_314
_WAIT_MS = 20_000
_TRUSTED = {"SY", "BA", "CO", "OW", "S-1-5-18", "S-1-5-32-544", "S-1-3-0", "S-1-3-4"}
_INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
_ACE = re.compile(r"\(A;([A-Z]*);([^;]*);[^;]*;[^;]*;([^;)]*)[^)]*\)")
_READ = re.compile(r"(?:FR|FX|GR|GX|RC|LC|RP|LO|CC|SW)+")
_WRITE_BITS = 0x000D0156
"""Write, append, attributes, delete, delete a child, permissions and owner."""

_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_pointer, _pointers, _handles = ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(wintypes.HANDLE)
_kernel32.GetCurrentProcess.restype = wintypes.HANDLE
_kernel32.CloseHandle.argtypes = [wintypes.HANDLE]
_kernel32.LocalFree.argtypes = [_pointer]
_kernel32.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]
_advapi32.OpenProcessToken.argtypes = [wintypes.HANDLE, wintypes.DWORD, _handles]
_advapi32.CreateRestrictedToken.argtypes = [
    wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD, _pointer, wintypes.DWORD, _pointer, wintypes.DWORD, _pointer,
    _handles,
]  # fmt: skip
_advapi32.DuplicateTokenEx.argtypes = [
    wintypes.HANDLE, wintypes.DWORD, _pointer, ctypes.c_int, ctypes.c_int, _handles,
]  # fmt: skip
_advapi32.GetTokenInformation.argtypes = [
    wintypes.HANDLE, ctypes.c_int, _pointer, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD),
]  # fmt: skip
_advapi32.SetTokenInformation.argtypes = [wintypes.HANDLE, ctypes.c_int, _pointer, wintypes.DWORD]
_advapi32.ConvertStringSidToSidW.argtypes = [wintypes.LPCWSTR, _pointers]
_advapi32.LogonUserW.argtypes = [
    wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, _handles,
]  # fmt: skip
_advapi32.CreateProcessAsUserW.argtypes = [
    wintypes.HANDLE, wintypes.LPCWSTR, wintypes.LPWSTR, _pointer, _pointer, wintypes.BOOL, wintypes.DWORD, _pointer,
    wintypes.LPCWSTR, _pointer, _pointer,
]  # fmt: skip


class _Label(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [("sid", ctypes.c_void_p), ("attributes", wintypes.DWORD)]


class _StartupInfo(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("size", wintypes.DWORD), ("names", ctypes.c_void_p * 3), ("numbers", wintypes.DWORD * 8),
        ("words", wintypes.WORD * 2), ("pointers", ctypes.c_void_p * 4),
    ]  # fmt: skip


class _ProcessInformation(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("process", wintypes.HANDLE), ("thread", wintypes.HANDLE), ("pid", wintypes.DWORD), ("tid", wintypes.DWORD),
    ]  # fmt: skip


class Rights(Area):
    """Permissions and tokens."""

    def checks(self) -> Mapping[str, Look]:
        return {
            "only administrators write in the program's folder": lambda scene: _closed(scene.program),
            "only administrators write in the home": lambda scene: _closed(scene.home),
            "users leave asks at the desk, and list nothing": lambda scene: _desk(scene.home),
            "privileges can be given up": _restricted,
            "a process of low integrity writes nowhere of ours": _low_integrity,
            "NetworkService can be logged on": _network_service,
        }


def writers(descriptor: str) -> list[str]:
    """Accounts of an SDDL text, administrators and the system apart, that may write there."""
    found: list[str] = []
    for flags, rights, account in _ACE.findall(descriptor):
        may_write = bool(int(rights, 16) & _WRITE_BITS) if rights.startswith("0x") else not _READ.fullmatch(rights)
        if may_write and account not in _TRUSTED | {_INSTALLER}:
            found.append(f"{account} ({flags} {rights})")
    return found


def _closed(folder: Path | None) -> Finding:
    if folder is None or not folder.is_dir():
        return not_applicable("the agent is not installed")
    descriptor = described(folder)
    others = writers(descriptor)
    return judged(is_good=not others, seen=f"others: {others}" if others else descriptor)


def _desk(home: Path | None) -> Finding:
    if home is None or not (home / DESK / "asks").is_dir():
        return not_applicable("the agent is not installed, or has never run")
    found = {name: described(home / DESK / name) for name in ("asks", "answers")}
    return judged(
        is_good=is_kept(found["asks"], DROP) and is_kept(found["answers"], UNLISTED),
        seen=" ".join(f"{name}: {said}" for name, said in found.items()),
    )


def _restricted(_: Scene) -> Finding:
    with _own_token() as own:
        restricted = wintypes.HANDLE()
        _check(
            _advapi32.CreateRestrictedToken(
                own, _DISABLE_MAX_PRIVILEGE, 0, None, 0, None, 0, None, ctypes.byref(restricted)
            )
        )
        try:
            before, after = _privileges(own), _privileges(restricted)
        finally:
            _kernel32.CloseHandle(restricted)
    return judged(is_good=after <= 1 < before, seen=f"{before} privileges, then {after}")


def _privileges(token: wintypes.HANDLE) -> int:
    buffer, needed = ctypes.create_string_buffer(4_096), wintypes.DWORD()
    _check(_advapi32.GetTokenInformation(token, _PRIVILEGES, buffer, len(buffer), ctypes.byref(needed)))
    return int(wintypes.DWORD.from_buffer(buffer).value)


def _low_integrity(scene: Scene) -> Finding:
    """Such a process may start, and must not be able to write."""
    target = scene.scratch / "written.txt"
    with _own_token() as own:
        copy, sid = wintypes.HANDLE(), _pointer()
        _check(_advapi32.DuplicateTokenEx(own, _ALL_ACCESS, None, _IMPERSONATION, _PRIMARY, ctypes.byref(copy)))
        try:
            _check(_advapi32.ConvertStringSidToSidW(_LOW, ctypes.byref(sid)))
            label = _Label(sid, _SE_GROUP_INTEGRITY)
            _check(_advapi32.SetTokenInformation(copy, _INTEGRITY, ctypes.byref(label), ctypes.sizeof(label)))
            error = _start(copy, f'cmd.exe /c echo written>"{target}"')
        finally:
            _kernel32.LocalFree(sid)
            _kernel32.CloseHandle(copy)
    if error == _NOT_HELD:
        return not_applicable("this account may not start such a process: run as SYSTEM to know")
    if error:
        return failed(f"it does not start: error {error}")
    return judged(is_good=not target.exists(), seen="it wrote" if target.exists() else "it could not write")


def _network_service(_: Scene) -> Finding:
    token = wintypes.HANDLE()
    is_done = _advapi32.LogonUserW(
        "NetworkService", "NT AUTHORITY", None, _LOGON_SERVICE, _PROVIDER_DEFAULT, ctypes.byref(token)
    )
    error = ctypes.get_last_error()
    if is_done:
        _kernel32.CloseHandle(token)
        return judged(is_good=True, seen="logged on")
    if error == _NOT_HELD:
        return not_applicable("this account may not: run as SYSTEM to know")
    return failed(f"error {error}")


def _start(token: wintypes.HANDLE, command: str) -> int:
    """Run a command with `token`, and wait for it; the error of Windows, or 0."""
    info, process = _StartupInfo(), _ProcessInformation()
    info.size = ctypes.sizeof(info)
    line = ctypes.create_unicode_buffer(command)
    inherits, nothing = wintypes.BOOL(), None
    if not _advapi32.CreateProcessAsUserW(
        token, nothing, line, nothing, nothing, inherits, _NO_WINDOW, nothing, nothing, ctypes.byref(info),
        ctypes.byref(process),
    ):  # fmt: skip
        return ctypes.get_last_error()
    _kernel32.WaitForSingleObject(process.process, _WAIT_MS)
    _kernel32.CloseHandle(process.process)
    _kernel32.CloseHandle(process.thread)
    return 0


@contextmanager
def _own_token() -> Generator[wintypes.HANDLE]:
    token = wintypes.HANDLE()
    _check(_advapi32.OpenProcessToken(_kernel32.GetCurrentProcess(), _ALL_ACCESS, ctypes.byref(token)))
    try:
        yield token
    finally:
        _kernel32.CloseHandle(token)


def _check(is_good: object) -> None:
    if not is_good:
        raise ctypes.WinError(ctypes.get_last_error())
