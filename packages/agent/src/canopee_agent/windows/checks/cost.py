"""Cost: what the agent takes of the PC."""

import ctypes
import subprocess
import sys
from collections.abc import Mapping
from ctypes import wintypes

import psutil

from canopee_agent.windows.acceptance import Area, Finding, Look, Scene, judged, not_applicable, ok
from canopee_agent.windows.services import process_of

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_MOST_MEMORY, _MOST_START_S, _MOST_DISK = 80 * 2**20, 3.0, 200 * 2**20
_ARM64 = 0xAA64
_STARTS = 3
_SERVICE = "CanopeeAgent"


class Cost(Area):
    """Memory, time and disk."""

    def checks(self) -> Mapping[str, Look]:
        return {
            "memory of the running agent": _memory,
            "time to start": _start,
            "disk": _disk,
            "processor": _processor,
        }


def _memory(scene: Scene) -> Finding:
    if scene.program is None:
        return not_applicable("the agent is not installed")
    launcher = psutil.Process(process_of(_SERVICE))
    sizes = [one.memory_info().rss for one in (launcher, *launcher.children(recursive=True))]
    seen = "launcher, then agent: " + ", ".join(f"{size / 2**20:.1f} MiB" for size in sizes)
    return judged(is_good=len(sizes) > 1 and sum(sizes) < _MOST_MEMORY, seen=seen)


def _start(scene: Scene) -> Finding:
    clock, took_s = scene.machine.clock, list[float]()
    for _ in range(_STARTS):
        began = clock.monotonic()
        subprocess.run(  # noqa: S603  this very agent
            [*scene.own_command, "--version"], check=True, capture_output=True, stdin=subprocess.DEVNULL
        )
        took_s.append(clock.monotonic() - began)
    seen = ", ".join(f"{one:.2f} s" for one in took_s)
    return judged(is_good=min(took_s) < _MOST_START_S, seen=seen)


def _disk(scene: Scene) -> Finding:
    if scene.program is None:
        return not_applicable("the agent is not installed")
    sizes = {
        slot.name: sum(path.stat().st_size for path in slot.rglob("*") if path.is_file())
        for slot in scene.program.glob("slots/*")
    }
    seen = ", ".join(f"{name} {size / 2**20:.1f} MiB" for name, size in sorted(sizes.items())) or "no slot"
    return judged(is_good=0 < sum(sizes.values()) < _MOST_DISK, seen=seen)


def _processor(scene: Scene) -> Finding:
    """On ARM64 the agent is emulated: said, since its cost differs."""
    kernel32 = ctypes.WinDLL("kernel32")
    kernel32.GetCurrentProcess.restype = wintypes.HANDLE
    process, native = wintypes.USHORT(), wintypes.USHORT()
    try:
        kernel32.IsWow64Process2(
            wintypes.HANDLE(kernel32.GetCurrentProcess()), ctypes.byref(process), ctypes.byref(native)
        )
    except AttributeError:  # before Windows 10 1511
        return ok(scene.machine.system.platform().arch)
    return ok("ARM64, emulated" if native.value == _ARM64 else f"native {native.value:#06x}")
