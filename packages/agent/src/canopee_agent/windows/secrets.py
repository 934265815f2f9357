"""Secrets on Windows: DPAPI of the machine. A copy of the disk, or of a backup, opens nowhere else."""

import ctypes
import sys
from ctypes import wintypes
from typing import Any, ClassVar

from canopee_agent.errors import StateError

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_MARK = b"dpapi\0"
"""Before what DPAPI gave: a secret stored by an older agent has none, and is taken as it is."""
_UI_FORBIDDEN, _LOCAL_MACHINE = 1, 4


class _Blob(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [("size", wintypes.DWORD), ("data", ctypes.c_void_p)]


_ARGUMENTS = [
    ctypes.POINTER(_Blob), wintypes.LPCWSTR, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, wintypes.DWORD,
    ctypes.POINTER(_Blob),
]  # fmt: skip
_crypt32 = ctypes.WinDLL("crypt32", use_last_error=True)
_crypt32.CryptProtectData.argtypes = _crypt32.CryptUnprotectData.argtypes = _ARGUMENTS
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel32.LocalFree.argtypes = [ctypes.c_void_p]


class MachineSecrets:
    """`ports.Secrets`; who may read the file is decided by its folder, DPAPI binds it to this machine."""

    def seal(self, secret: bytes) -> bytes:
        return _MARK + _through(_crypt32.CryptProtectData, secret)

    def is_sealed(self, stored: bytes) -> bool:
        return stored.startswith(_MARK)

    def unseal(self, stored: bytes) -> bytes:
        if not self.is_sealed(stored):
            return stored
        return _through(_crypt32.CryptUnprotectData, stored.removeprefix(_MARK))


def _through(function: Any, content: bytes) -> bytes:  # noqa: ANN401  a function of a DLL
    buffer = ctypes.create_string_buffer(content, max(len(content), 1))
    given, made = _Blob(len(content), ctypes.addressof(buffer)), _Blob()
    flags = _UI_FORBIDDEN | _LOCAL_MACHINE
    if not function(ctypes.byref(given), None, None, None, None, flags, ctypes.byref(made)):
        error = ctypes.WinError(ctypes.get_last_error())
        raise StateError(f"DPAPI of this machine refuses a secret: {error}")
    try:
        return ctypes.string_at(made.data, made.size)
    finally:
        _kernel32.LocalFree(made.data)
