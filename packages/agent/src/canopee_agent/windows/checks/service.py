"""The service: how the manager holds it, and whether it comes back."""

import ctypes
import sys
from collections.abc import Mapping
from ctypes import wintypes
from datetime import datetime
from typing import Any, ClassVar

import psutil

from canopee_agent.errors import MissingError
from canopee_agent.windows.acceptance import Area, Finding, Look, Scene, failed, judged, not_applicable
from canopee_agent.windows.services import process_of

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

NAME = "CanopeeAgent"
_FAILURE_ACTIONS, _DELAYED_START, _FAILURE_FLAG, _SID, _PRIVILEGES, _PRESHUTDOWN = 2, 3, 4, 5, 6, 7
_CONNECT, _QUERY_CONFIG, _STATUS_PROCESS = 1, 1, 0
_LARGEST = 8_192
_LEAST_PRESHUTDOWN_MS = 20_000
_RESTART_S, _POLL_S = 60.0, 0.5
_BOOT_S = 300.0

_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_advapi32.OpenSCManagerW.restype = _advapi32.OpenServiceW.restype = wintypes.HANDLE
_advapi32.OpenSCManagerW.argtypes = [wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD]
_advapi32.OpenServiceW.argtypes = [wintypes.HANDLE, wintypes.LPCWSTR, wintypes.DWORD]
_advapi32.CloseServiceHandle.argtypes = [wintypes.HANDLE]
_advapi32.QueryServiceConfig2W.argtypes = [
    wintypes.HANDLE, wintypes.DWORD, wintypes.LPVOID, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD),
]  # fmt: skip


class _FailureActions(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("reset_s", wintypes.DWORD), ("message", wintypes.LPWSTR), ("command", wintypes.LPWSTR),
        ("count", wintypes.DWORD), ("actions", ctypes.POINTER(wintypes.DWORD)),
    ]  # fmt: skip


class Service(Area):
    """The service control manager."""

    def checks(self) -> Mapping[str, Look]:
        return {
            "the service runs and starts with Windows": _registered,
            "it is restarted after a failure": _failure_actions,
            "also after a non-zero exit code": _failure_flag,
            "delayed start": _delayed,
            "time at shutdown": _preshutdown,
            "service SID": _sid,
            "required privileges": _privileges,
            "killed, it is started again": _killed,
        }

    def after_restart(self) -> Mapping[str, Look]:
        return {
            "it started with Windows": _started_at_boot,
            "it was stopped in order at shutdown": _stopped_in_order,
        }


def _registered(scene: Scene) -> Finding:
    try:
        found = scene.machine.services.look(NAME)
    except MissingError:
        return not_applicable("the agent is not installed: install it, then run this again")
    return judged(
        is_good=found.state == "running" and found.start == "automatic", seen=f"{found.state}, {found.start}"
    )


def _failure_actions(scene: Scene) -> Finding:
    raw = _option(scene, _FAILURE_ACTIONS)
    if isinstance(raw, Finding):
        return raw
    found = _FailureActions.from_buffer(raw)
    kinds = [found.actions[2 * number] for number in range(found.count)]
    delays = [found.actions[2 * number + 1] for number in range(found.count)]
    seen = (
        f"{found.count} actions, kinds {kinds} (1: restart), after {delays} ms, forgotten after {found.reset_s} s"
    )
    return judged(is_good=bool(kinds) and set(kinds) == {1}, seen=seen)


def _failure_flag(scene: Scene) -> Finding:
    return _number(scene, _FAILURE_FLAG, lambda value: value == 1)


def _delayed(scene: Scene) -> Finding:
    return _number(scene, _DELAYED_START, lambda value: value in {0, 1})


def _preshutdown(scene: Scene) -> Finding:
    return _number(scene, _PRESHUTDOWN, lambda value: value >= _LEAST_PRESHUTDOWN_MS, " ms")


def _sid(scene: Scene) -> Finding:
    finding = _number(scene, _SID, lambda _: True)
    return not_applicable("this version sets none") if finding.seen == "0" else finding


def _privileges(scene: Scene) -> Finding:
    raw = _option(scene, _PRIVILEGES)
    if isinstance(raw, Finding):
        return raw
    address = ctypes.c_void_p.from_buffer(raw).value
    names = ctypes.wstring_at(address) if address else ""
    return judged(is_good=True, seen=names) if names else not_applicable("this version gives up none")


def _killed(scene: Scene) -> Finding:
    """The launcher is killed; Windows, and nobody else, must start it again."""
    if scene.program is None:
        return not_applicable("the agent is not installed")
    before, clock = process_of(NAME), scene.machine.clock
    if not before:
        return failed("it does not run")
    psutil.Process(before).kill()
    began = clock.monotonic()
    while clock.monotonic() - began < _RESTART_S:
        clock.sleep(_POLL_S)
        if process_of(NAME) not in {0, before} and scene.machine.services.look(NAME).state == "running":
            return judged(is_good=True, seen=f"again after {clock.monotonic() - began:.0f} s")
    return failed(f"not within {_RESTART_S:.0f} s: start it by hand, `sc start {NAME}`")


def _started_at_boot(scene: Scene) -> Finding:
    if scene.program is None:
        return not_applicable("the agent is not installed")
    found = process_of(NAME)
    if not found:
        return failed("it does not run")
    after_s = psutil.Process(found).create_time() - scene.booted_at.timestamp()
    return judged(is_good=after_s < _BOOT_S, seen=f"{after_s:.0f} s after Windows")


def _stopped_in_order(scene: Scene) -> Finding:
    """What the launcher wrote between our request and the new start of Windows."""
    if scene.program is None or scene.asked_at is None:
        return not_applicable("the agent is not installed")
    text = (scene.program / "logs" / "launcher.log").read_text("utf-8", errors="replace")
    lines = [line for line in text.splitlines() if _is_between(line, scene.asked_at, scene.booted_at)]
    ends = [line for line in lines if line.endswith("agent stopped")]
    return judged(is_good=bool(ends), seen=ends[-1] if ends else f"no end among {len(lines)} lines: {lines[-1:]}")


def _is_between(line: str, start: datetime, end: datetime) -> bool:
    try:
        at = datetime.fromisoformat(line.partition(" ")[0])
    except ValueError:
        return False
    return at.tzinfo is not None and start <= at <= end


def _number(scene: Scene, level: int, is_good: "Any", unit: str = "") -> Finding:  # noqa: ANN401  a predicate
    raw = _option(scene, level)
    if isinstance(raw, Finding):
        return raw
    value = wintypes.DWORD.from_buffer(raw).value
    return judged(is_good=bool(is_good(value)), seen=f"{value}{unit}")


def _option(scene: Scene, level: int) -> "ctypes.Array[ctypes.c_char] | Finding":
    """What the manager stores at one level of ChangeServiceConfig2."""
    if scene.program is None:
        return not_applicable("the agent is not installed")
    manager = _advapi32.OpenSCManagerW(None, None, _CONNECT)
    handle = _advapi32.OpenServiceW(manager, NAME, _QUERY_CONFIG)
    try:
        buffer, needed = ctypes.create_string_buffer(_LARGEST), wintypes.DWORD()
        if not _advapi32.QueryServiceConfig2W(handle, level, buffer, _LARGEST, ctypes.byref(needed)):
            return failed(f"Windows does not say: error {ctypes.get_last_error()}")
        return buffer
    finally:
        _advapi32.CloseServiceHandle(handle)
        _advapi32.CloseServiceHandle(manager)
