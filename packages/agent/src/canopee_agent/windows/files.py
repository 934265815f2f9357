r"""Files of a Windows machine, by handle.

Every folder is held open, without letting anybody rename or delete it, while something changes in it; and Windows is
asked where the opened thing really lies: a junction put in the way after the path was checked leads nowhere.
Antivirus programs hold fresh files for a moment: what they refuse is tried again for five seconds.
"""

import ctypes
import msvcrt
import os
import shutil
import stat
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from ctypes import wintypes
from pathlib import Path, PureWindowsPath
from typing import IO, TypeVar

from canopee_agent.errors import BusyError, DeniedError, ExistsError, MissingError
from canopee_agent.locations import told, told_of
from canopee_agent.names import is_same
from canopee_agent.ports import Found
from canopee_kit.clock import Clock

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

T = TypeVar("T")
_READ, _WRITE, _LIST = 0x80000000, 0x40000000, 1
_SHARE_READ, _SHARE_WRITE, _SHARE_DELETE = 1, 2, 4
_CREATE_NEW, _OPEN_EXISTING, _OPEN_ALWAYS = 1, 3, 4
_BACKUP_SEMANTICS, _OPEN_REPARSE_POINT, _NORMAL = 0x02000000, 0x00200000, 0x80
_REPLACE_EXISTING, _WRITE_THROUGH = 1, 8
_TYPE_DISK, _NO_ATTRIBUTES = 1, 0xFFFFFFFF
_INVALID = ctypes.c_void_p(-1).value
_PATIENCE_S, _PAUSE_S = 5.0, 0.2

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel32.CreateFileW.restype = wintypes.HANDLE
_kernel32.CreateFileW.argtypes = [
    wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID, wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE,
]  # fmt: skip
_kernel32.GetFinalPathNameByHandleW.argtypes = [wintypes.HANDLE, wintypes.LPWSTR, wintypes.DWORD, wintypes.DWORD]
_kernel32.GetFileType.argtypes = [wintypes.HANDLE]
_kernel32.CloseHandle.argtypes = [wintypes.HANDLE]
_kernel32.GetFileAttributesW.restype, _kernel32.GetFileAttributesW.argtypes = wintypes.DWORD, [wintypes.LPCWSTR]
_kernel32.MoveFileExW.argtypes = [wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD]


class WindowsFiles:
    """`ports.Files`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def exists(self, path: str) -> bool:
        return Path(path).exists()

    def real_path(self, path: str) -> str:
        try:
            return os.path.realpath(path, strict=True)
        except PermissionError as error:
            raise DeniedError(f"{path}: {error.strerror}") from error
        except (OSError, ValueError) as error:
            raise MissingError(f"{path} does not exist") from error

    def look(self, path: str) -> Found:
        with told_of(path):
            found = os.lstat(_long(path))
        if _is_link(_long(path)):
            return Found("link", 0, found.st_dev)
        is_file = stat.S_ISREG(found.st_mode)
        kind = "file" if is_file else "folder" if stat.S_ISDIR(found.st_mode) else "other"
        size, modified_ns = (found.st_size, found.st_mtime_ns) if is_file else (0, 0)
        return Found(kind, size, found.st_dev, modified_ns)

    def names(self, path: str) -> Sequence[str]:
        with _folder(path), told_of(path):
            return sorted(one.name for one in Path(_long(path)).iterdir())

    def free_bytes(self, path: str) -> int:
        with told_of(path):
            return shutil.disk_usage(path).free

    def open(self, path: str) -> IO[bytes]:
        if self.look(path).kind != "file":  # before: opening a pipe or a device may already do something
            raise DeniedError(f"{path} is not a plain file")
        share = _SHARE_READ | _SHARE_WRITE | _SHARE_DELETE  # whoever writes it goes on, and may rotate it
        return _stream(path, _handle(path, _READ, share, _OPEN_EXISTING, _NORMAL), os.O_RDONLY, "rb")

    def create(self, path: str, *, is_program: bool = False) -> IO[bytes]:  # noqa: ARG002  its name says so here
        return self._writer(path, _CREATE_NEW)

    def resume(self, path: str) -> IO[bytes]:
        return self._writer(path, _OPEN_ALWAYS)

    def sync(self, stream: IO[bytes]) -> None:
        stream.flush()
        os.fsync(stream.fileno())

    def make_folder(self, path: str) -> None:
        with _folder(str(PureWindowsPath(path).parent)), told_of(path):
            try:
                Path(_long(path)).mkdir()
            except FileExistsError as error:
                if self.look(path).kind != "folder":
                    raise ExistsError(f"{path} is no folder") from error

    def rename(self, source: str, target: str, *, overwrite: bool = False) -> None:
        old, new = PureWindowsPath(source), PureWindowsPath(target)
        with _folder(str(old.parent)), _folder(str(new.parent)):
            is_there = os.path.lexists(_long(target)) and not is_same(source, target, ignores_case=True)
            is_file = is_there and {self.look(source).kind, self.look(target).kind} == {"file"}
            if is_there and not (overwrite and is_file):
                raise ExistsError(f"{target} exists already")
            self._patiently(lambda: _move(source, target, overwrite=overwrite))

    def delete(self, path: str) -> None:
        if not os.path.lexists(_long(path)):
            return
        with _folder(str(PureWindowsPath(path).parent)):
            self._patiently(lambda: _delete(path))

    def _writer(self, path: str, disposition: int) -> IO[bytes]:
        """Nobody else may write the file until it is closed; it may be renamed."""
        with _folder(str(PureWindowsPath(path).parent)):
            share, flags = _SHARE_READ | _SHARE_DELETE, _NORMAL | _OPEN_REPARSE_POINT
            handle = self._patiently(lambda: _handle(path, _READ | _WRITE, share, disposition, flags))
            return _stream(path, handle, os.O_RDWR, "r+b")

    def _patiently(self, act: Callable[[], T]) -> T:
        until = self._clock.monotonic() + _PATIENCE_S
        while True:
            try:
                return act()
            except (BusyError, DeniedError):
                if self._clock.monotonic() >= until:
                    raise
                self._clock.sleep(_PAUSE_S)


@contextmanager
def _folder(path: str) -> Generator[None]:
    """The folder, held open at the very place that `path` names."""
    flags = _BACKUP_SEMANTICS | _OPEN_REPARSE_POINT
    handle = _handle(path, _LIST, _SHARE_READ | _SHARE_WRITE, _OPEN_EXISTING, flags)
    try:
        _check_place(path, handle)
        yield
    finally:
        _kernel32.CloseHandle(handle)


def _handle(path: str, access: int, share: int, disposition: int, flags: int) -> int:
    handle = _kernel32.CreateFileW(_long(path), access, share, None, disposition, flags, None)
    if handle is None or handle == _INVALID:
        raise told(path, ctypes.WinError(ctypes.get_last_error()))
    return handle


def _stream(path: str, handle: int, flags: int, mode: str) -> IO[bytes]:
    """A Python file on the handle, once it is known to be a plain file at the right place."""
    try:
        _check_disk(path, handle)
        _check_place(path, handle)
        return os.fdopen(msvcrt.open_osfhandle(handle, flags | os.O_BINARY | os.O_NOINHERIT), mode)
    except BaseException:
        _kernel32.CloseHandle(handle)
        raise


def _check_disk(path: str, handle: int) -> None:
    if _kernel32.GetFileType(handle) != _TYPE_DISK:
        raise DeniedError(f"{path} is not a plain file")


def _check_place(path: str, handle: int) -> None:
    buffer = ctypes.create_unicode_buffer(32_768)
    if not _kernel32.GetFinalPathNameByHandleW(handle, buffer, len(buffer), 0):
        raise told(path, ctypes.WinError(ctypes.get_last_error()))
    place = buffer.value.removeprefix("\\\\?\\")
    if place.startswith("UNC\\"):
        place = "\\\\" + place.removeprefix("UNC\\")
    if not is_same(str(PureWindowsPath(place)), str(PureWindowsPath(path)), ignores_case=True):
        raise DeniedError(f"{path} leads to {place}: a link is in the way")


def _move(source: str, target: str, *, overwrite: bool) -> None:
    flags = _WRITE_THROUGH | (_REPLACE_EXISTING if overwrite else 0)
    if not _kernel32.MoveFileExW(_long(source), _long(target), flags):
        raise told(target, ctypes.WinError(ctypes.get_last_error()))


def _delete(path: str) -> None:
    with told_of(path):
        _remove(Path(_long(path)))


def _remove(path: Path) -> None:
    """A file, a link alone, or a folder with what it holds."""
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        path.unlink()
        return
    if not _is_link(str(path)):
        for inner in list(path.iterdir()):
            _remove(inner)
    path.rmdir()


def _is_link(long: str) -> bool:
    """Whether a link or a junction is there: the attributes say so, also where Python's `lstat` follows it (Wine)."""
    attributes = _kernel32.GetFileAttributesW(long)
    return attributes != _NO_ATTRIBUTES and bool(attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT)


def _long(path: str) -> str:
    r"""The path without the limit of 260 characters, taken letter for letter."""
    return "\\\\?\\UNC\\" + path[2:] if path.startswith("\\\\") else "\\\\?\\" + path
