"""The console of a command, and the language of who reads it."""

import ctypes
import sys
from ctypes import wintypes

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_FRENCH, _PRIMARY_LANGUAGE = 0x0C, 0x3FF
_kernel32 = ctypes.WinDLL("kernel32")
_kernel32.GetConsoleProcessList.argtypes = [ctypes.POINTER(wintypes.DWORD), wintypes.DWORD]


def speaks_french() -> bool:
    """Whether Windows speaks French to the user of this process."""
    return _kernel32.GetUserDefaultUILanguage() & _PRIMARY_LANGUAGE == _FRENCH


def is_alone() -> bool:
    """Whether the console closes with this process: it was opened for it, from the Run box or by a double click."""
    held = (wintypes.DWORD * 2)()
    return _kernel32.GetConsoleProcessList(held, len(held)) == 1
