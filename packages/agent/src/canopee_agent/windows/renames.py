"""Renames that Windows does at its next start, before any service."""

import ctypes
import sys
from ctypes import wintypes
from pathlib import Path

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_REPLACE_EXISTING, _DELAY_UNTIL_REBOOT = 1, 4
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel32.MoveFileExW.argtypes = [wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD]


def rename_at_next_boot(source: Path, target: Path) -> None:
    """Have `source` replace `target` then, if it is still there; raises `OSError`."""
    if not _kernel32.MoveFileExW(str(source), str(target), _REPLACE_EXISTING | _DELAY_UNTIL_REBOOT):
        raise ctypes.WinError(ctypes.get_last_error())
