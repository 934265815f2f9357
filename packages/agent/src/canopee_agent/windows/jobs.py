"""Job objects: a tree of processes that can be killed whole, and that dies with the agent."""

import ctypes
import subprocess
import sys
from collections.abc import Sequence
from ctypes import wintypes
from typing import Any, ClassVar

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_KILL_ON_CLOSE, _DIE_ON_EXCEPTION = 0x2000, 0x400
_CREATE_SUSPENDED = 4
_EXTENDED_LIMITS = 9
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_ntdll = ctypes.WinDLL("ntdll")
_kernel32.CreateJobObjectW.restype = wintypes.HANDLE
_kernel32.CreateJobObjectW.argtypes = [wintypes.LPVOID, wintypes.LPCWSTR]
_kernel32.SetInformationJobObject.argtypes = [wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD]
_kernel32.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]
_kernel32.TerminateJobObject.argtypes = [wintypes.HANDLE, wintypes.UINT]
_kernel32.CloseHandle.argtypes = [wintypes.HANDLE]
_ntdll.NtResumeProcess.argtypes = [wintypes.HANDLE]


class _BasicLimits(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("process_time", ctypes.c_int64), ("job_time", ctypes.c_int64), ("flags", wintypes.DWORD),
        ("min_set", ctypes.c_size_t), ("max_set", ctypes.c_size_t), ("active_processes", wintypes.DWORD),
        ("affinity", ctypes.c_size_t), ("priority", wintypes.DWORD), ("scheduling", wintypes.DWORD),
    ]  # fmt: skip


class _ExtendedLimits(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("basic", _BasicLimits), ("io", ctypes.c_uint64 * 6), ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t), ("peak_process", ctypes.c_size_t), ("peak_job", ctypes.c_size_t),
    ]  # fmt: skip


class Job:
    """One job object; closing its handle, also by our death, kills what is left in it."""

    def __init__(self) -> None:
        self._handle: int | None = _kernel32.CreateJobObjectW(None, None)
        _check(self._handle)
        limits = _ExtendedLimits()
        limits.basic.flags = _KILL_ON_CLOSE | _DIE_ON_EXCEPTION
        size = ctypes.sizeof(limits)
        _check(_kernel32.SetInformationJobObject(self._handle, _EXTENDED_LIMITS, ctypes.byref(limits), size))

    def start(self, argv: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start a program that is in the job before its first instruction: no child escapes."""
        process = subprocess.Popen(  # noqa: S603  the path was checked against the local policy
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            creationflags=subprocess.CREATE_NO_WINDOW | _CREATE_SUSPENDED,
        )  # fmt: skip
        handle = int(process._handle)  # pyright: ignore  # noqa: PGH003, SLF001  Popen gives it no public name
        try:
            _check(_kernel32.AssignProcessToJobObject(self._handle, handle))
            _ntdll.NtResumeProcess(handle)
        except BaseException:
            process.kill()
            raise
        return process

    def kill(self, exit_code: int) -> None:
        """End every process of the job."""
        _kernel32.TerminateJobObject(self._handle, exit_code)

    def close(self) -> None:
        """Give the handle back."""
        if self._handle:
            _kernel32.CloseHandle(self._handle)
            self._handle = None


def _check(is_good: object) -> None:
    if not is_good:
        raise ctypes.WinError(ctypes.get_last_error())
