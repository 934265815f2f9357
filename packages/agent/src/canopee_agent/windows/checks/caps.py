"""Job objects: what bounds a step must really bound it."""

import ctypes
import subprocess
import sys
from collections.abc import Mapping
from ctypes import wintypes
from typing import Any, ClassVar

from canopee_agent.windows.acceptance import Area, Finding, Look, Scene, judged

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_JOB_MEMORY, _ACTIVE_PROCESSES, _KILL_ON_CLOSE = 0x200, 0x8, 0x2000
_EXTENDED_LIMITS, _CPU_RATE = 9, 15
_MEMORY_BYTES = 100 * 2**20
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_ntdll = ctypes.WinDLL("ntdll")
_kernel32.CreateJobObjectW.restype = wintypes.HANDLE
_kernel32.CreateJobObjectW.argtypes = [wintypes.LPVOID, wintypes.LPCWSTR]
_kernel32.SetInformationJobObject.argtypes = [wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD]
_kernel32.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]
_kernel32.CloseHandle.argtypes = [wintypes.HANDLE]
_ntdll.NtResumeProcess.argtypes = [wintypes.HANDLE]
_SUSPENDED = 4


class _Limits(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("process_time", ctypes.c_int64), ("job_time", ctypes.c_int64), ("flags", wintypes.DWORD),
        ("min_set", ctypes.c_size_t), ("max_set", ctypes.c_size_t), ("active_processes", wintypes.DWORD),
        ("affinity", ctypes.c_size_t), ("priority", wintypes.DWORD), ("scheduling", wintypes.DWORD),
        ("io", ctypes.c_uint64 * 6), ("process_memory", ctypes.c_size_t), ("job_memory", ctypes.c_size_t),
        ("peak_process", ctypes.c_size_t), ("peak_job", ctypes.c_size_t),
    ]  # fmt: skip


class Caps(Area):
    """Limits of job objects."""

    def checks(self) -> Mapping[str, Look]:
        return {
            "without a cap, 300 MB can be had": lambda scene: _allocates(scene, 0, "had"),
            "a memory cap of 100 MB holds": lambda scene: _allocates(scene, _MEMORY_BYTES, "refused"),
            "a cap of one process holds": _one_process,
            "a cap on the processor is accepted": _cpu,
        }


def _allocates(scene: Scene, job_memory: int, expected: str) -> Finding:
    limits = _Limits(flags=_KILL_ON_CLOSE | (_JOB_MEMORY if job_memory else 0), job_memory=job_memory)
    said = _run(scene, limits, "allocate")
    return judged(is_good=said == expected, seen=said)


def _one_process(scene: Scene) -> Finding:
    said = _run(scene, _Limits(flags=_KILL_ON_CLOSE | _ACTIVE_PROCESSES, active_processes=1), "spawn")
    return judged(is_good=said == "refused", seen=said)


def _cpu(_: Scene) -> Finding:
    job = _kernel32.CreateJobObjectW(None, None)
    try:
        half = (ctypes.c_uint32 * 2)(0x1 | 0x4, 5_000)  # enabled, hard cap; hundredths of a per cent
        is_accepted = _kernel32.SetInformationJobObject(job, _CPU_RATE, half, ctypes.sizeof(half))
        error = ctypes.get_last_error()
    finally:
        _kernel32.CloseHandle(job)
    return judged(is_good=bool(is_accepted), seen="accepted" if is_accepted else f"error {error}")


def _run(scene: Scene, limits: _Limits, child: str) -> str:
    """What the child says, or `ended with …`."""
    job = _kernel32.CreateJobObjectW(None, None)
    try:
        if not _kernel32.SetInformationJobObject(
            job, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)
        ):
            return f"the limit is refused: error {ctypes.get_last_error()}"
        process = subprocess.Popen(  # noqa: S603  this very agent
            [*scene.own_command, "accept", "--child", child], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, creationflags=subprocess.CREATE_NO_WINDOW | _SUSPENDED,
        )  # fmt: skip
        handle = int(process._handle)  # pyright: ignore  # noqa: PGH003, SLF001  Popen gives it no public name
        _kernel32.AssignProcessToJobObject(job, handle)
        _ntdll.NtResumeProcess(handle)
        output, _ = process.communicate(timeout=60)
        return output.decode("utf-8", "replace").strip() or f"ended with {process.returncode}"
    finally:
        _kernel32.CloseHandle(job)
