"""Folders that Windows itself knows the place of."""

import ctypes
import sys
import uuid
from ctypes import wintypes
from pathlib import Path

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_PROGRAM_DATA = uuid.UUID("62AB5D82-FDC1-4DC3-A9DD-070D1D495D97")
_PROGRAM_FILES = uuid.UUID("905E63B6-C1BF-494E-B29C-65B732D3D21A")
_shell32, _ole32 = ctypes.WinDLL("shell32"), ctypes.WinDLL("ole32")
_shell32.SHGetKnownFolderPath.argtypes = [ctypes.c_char_p, wintypes.DWORD, wintypes.HANDLE, ctypes.c_void_p]
_ole32.CoTaskMemFree.argtypes = [ctypes.c_void_p]
_ole32.CoTaskMemFree.restype = None


def program_data() -> Path:
    r"""`C:\ProgramData`."""
    return _known(_PROGRAM_DATA)


def program_files() -> Path:
    r"""`C:\Program Files`."""
    return _known(_PROGRAM_FILES)


def _known(folder: uuid.UUID) -> Path:
    found = ctypes.c_wchar_p()
    result = _shell32.SHGetKnownFolderPath(folder.bytes_le, 0, None, ctypes.byref(found))
    try:
        if result or not found.value:
            raise OSError(f"Windows does not say where {folder} is: {result:#x}")
        return Path(found.value)
    finally:
        _ole32.CoTaskMemFree(found)
