"""Signatures, and what the antivirus program of Windows makes of ours."""

import ctypes
import sys
import uuid
from collections.abc import Mapping
from ctypes import wintypes
from pathlib import Path
from typing import Any, ClassVar

from canopee_agent.windows.acceptance import Area, Finding, Look, Scene, judged, not_applicable

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_VERIFY_V2 = uuid.UUID("00AAC56B-CD44-11d0-8CC2-00C04FC295EE").bytes_le
_NO_UI, _CHOICE_FILE, _VERIFY, _CLOSE, _CACHE_ONLY = 2, 1, 1, 2, 0x1000
_TRUSTED, _UNSIGNED, _TAMPERED, _UNKNOWN_ROOT = 0, 0x800B0100, 0x80096010, 0x800B0109
_TOLD = {_TRUSTED: "trusted", _UNSIGNED: "not signed", _TAMPERED: "changed", _UNKNOWN_ROOT: "unknown root"}


class _File(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("size", wintypes.DWORD), ("path", wintypes.LPCWSTR), ("handle", wintypes.HANDLE),
        ("subject", wintypes.LPVOID),
    ]  # fmt: skip


class _Trust(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("size", wintypes.DWORD), ("policy", wintypes.LPVOID), ("sip", wintypes.LPVOID), ("ui", wintypes.DWORD),
        ("revocation", wintypes.DWORD), ("choice", wintypes.DWORD), ("file", ctypes.POINTER(_File)),
        ("action", wintypes.DWORD), ("state", wintypes.HANDLE), ("url", wintypes.LPVOID), ("flags", wintypes.DWORD),
        ("context", wintypes.DWORD), ("signature", wintypes.LPVOID),
    ]  # fmt: skip


class Signatures(Area):
    """Authenticode, SmartScreen and Defender."""

    def checks(self) -> Mapping[str, Look]:
        return {
            "Windows tells a signed file from an unsigned one": _tells_apart,
            "one changed byte is seen": _changed,
            "our programs are signed, and trusted": _ours,
            "antivirus left every file of ours": _complete,
        }


def verify(path: Path) -> int:
    """What WinVerifyTrust says: 0 trusted, 0x800b0100 unsigned, 0x80096010 changed, 0x800b0109 unknown root."""
    file = _File(ctypes.sizeof(_File), str(path), None, None)
    data = _Trust(ui=_NO_UI, choice=_CHOICE_FILE, file=ctypes.pointer(file), action=_VERIFY, flags=_CACHE_ONLY)
    data.size = ctypes.sizeof(data)
    call, action = ctypes.WinDLL("wintrust").WinVerifyTrust, (ctypes.c_char * 16).from_buffer_copy(_VERIFY_V2)
    call.argtypes = [wintypes.HANDLE, wintypes.LPVOID, wintypes.LPVOID]
    result = int(call(wintypes.HANDLE(-1), action, ctypes.byref(data))) & 0xFFFFFFFF
    data.action = _CLOSE
    call(wintypes.HANDLE(-1), action, ctypes.byref(data))
    return result


def _tells_apart(scene: Scene) -> Finding:
    unsigned = scene.scratch / "unsigned.exe"
    unsigned.write_bytes(b"MZ" + bytes(200))
    found = verify(_library()), verify(unsigned)
    return judged(is_good=found[0] == _TRUSTED and found[1] != _TRUSTED, seen=" and ".join(map(_told, found)))


def _changed(scene: Scene) -> Finding:
    changed = scene.scratch / "changed.dll"
    content = bytearray(_library().read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    found = verify(changed)
    return judged(is_good=found == _TAMPERED, seen=_told(found))


def _ours(scene: Scene) -> Finding:
    if scene.program is None:
        return not_applicable("the agent is not installed")
    paths = [scene.program / "launcher.exe", *scene.program.glob("slots/*/agent.exe")]
    found = {str(path.relative_to(scene.program)): verify(path) for path in paths}
    if set(found.values()) == {_UNSIGNED}:
        return not_applicable("this build is not signed")
    return judged(
        is_good=set(found.values()) == {_TRUSTED},
        seen=", ".join(f"{name} {_told(code)}" for name, code in found.items()),
    )


def _complete(scene: Scene) -> Finding:
    """An antivirus program that takes offence removes the file: each slot must still have its programs."""
    if scene.program is None:
        return not_applicable("the agent is not installed")
    slots = [path for path in scene.program.glob("slots/*") if path.is_dir()]
    wanted = [
        scene.program / "launcher.exe",
        *(slot / name for slot in slots for name in ("agent.exe", "python311.dll")),
    ]
    gone = [str(path.relative_to(scene.program)) for path in wanted if not path.is_file()]
    return judged(
        is_good=bool(slots) and not gone, seen=f"missing: {gone}" if gone else f"{len(slots)} slots, complete"
    )


def _library() -> Path:
    """A signed file that is surely there: the Python library, signed by the Python Software Foundation."""
    return Path(sys.executable).resolve().parent / f"python{sys.version_info.major}{sys.version_info.minor}.dll"


def _told(code: int) -> str:
    return _TOLD.get(code, hex(code))
