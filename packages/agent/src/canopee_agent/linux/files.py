"""Files of a Linux machine.

Every folder is held open while something changes in it, and the kernel is asked where the opened thing really lies:
a link put in the way after the path was checked leads nowhere.
"""

import ctypes
import errno
import os
import shutil
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from canopee_agent.errors import DeniedError, ExistsError, MissingError
from canopee_agent.locations import told, told_of
from canopee_agent.ports import Found

_RENAME_NOREPLACE = 1
_NO_SUCH_CALL = {errno.ENOSYS, errno.EINVAL}


class LinuxFiles:
    """`ports.Files`."""

    def __init__(self) -> None:
        self._renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)

    def exists(self, path: str) -> bool:
        try:
            return Path(path).exists()
        except OSError:  # too long a name, or a folder that we may not enter
            return False

    def real_path(self, path: str) -> str:
        try:
            return str(Path(path).resolve(strict=True))
        except PermissionError as error:
            raise DeniedError(f"{path}: {error.strerror}") from error
        except (OSError, RuntimeError, ValueError) as error:
            raise MissingError(f"{path} does not exist") from error

    def look(self, path: str) -> Found:
        with told_of(path):
            found = os.lstat(path)
        is_file = stat.S_ISREG(found.st_mode)
        if is_file or stat.S_ISDIR(found.st_mode):
            size, modified_ns = (found.st_size, found.st_mtime_ns) if is_file else (0, 0)
            return Found("file" if is_file else "folder", size, found.st_dev, modified_ns)
        return Found("link" if stat.S_ISLNK(found.st_mode) else "other", 0, found.st_dev)

    def names(self, path: str) -> Sequence[str]:
        with _folder(path) as held, told_of(path):
            return sorted(os.listdir(held))  # noqa: PTH208  of the folder that is held

    def free_bytes(self, path: str) -> int:
        with told_of(path):
            return shutil.disk_usage(path).free

    def open(self, path: str) -> IO[bytes]:
        return os.fdopen(_opened(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY), "rb")

    def create(self, path: str, *, is_program: bool = False) -> IO[bytes]:
        return self._writer(path, os.O_EXCL, 0o755 if is_program else 0o644)

    def resume(self, path: str) -> IO[bytes]:
        return self._writer(path, 0)

    def sync(self, stream: IO[bytes]) -> None:
        stream.flush()
        os.fsync(stream.fileno())

    def make_folder(self, path: str) -> None:
        with _folder(str(Path(path).parent)) as parent, told_of(path):
            try:
                os.mkdir(Path(path).name, 0o755, dir_fd=parent)
            except FileExistsError as error:
                if self.look(path).kind != "folder":
                    raise ExistsError(f"{path} is no folder") from error
                return
            os.fsync(parent)

    def rename(self, source: str, target: str, *, overwrite: bool = False) -> None:
        old, new = Path(source), Path(target)
        with _folder(str(old.parent)) as here, _folder(str(new.parent)) as there:
            if not overwrite:
                self._rename_new(old.name, new.name, here, there, target)
            else:
                self._check_both_files(source, target)
                with told_of(target):
                    os.rename(old.name, new.name, src_dir_fd=here, dst_dir_fd=there)
            with told_of(target):
                os.fsync(there)
                os.fsync(here)

    def delete(self, path: str) -> None:
        whole = Path(path)
        if not os.path.lexists(path):
            return
        with _folder(str(whole.parent)) as parent, told_of(path):
            if stat.S_ISDIR(os.stat(whole.name, dir_fd=parent, follow_symlinks=False).st_mode):
                shutil.rmtree(whole.name, dir_fd=parent)
            else:
                os.unlink(whole.name, dir_fd=parent)
            os.fsync(parent)

    def _writer(self, path: str, flags: int, mode: int = 0o644) -> IO[bytes]:
        whole = Path(path)
        with _folder(str(whole.parent)) as parent, told_of(path):
            descriptor = os.open(
                whole.name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | flags, mode, dir_fd=parent
            )
        _check_plain(path, descriptor)
        return os.fdopen(descriptor, "r+b")

    def _rename_new(self, old: str, new: str, here: int, there: int, target: str) -> None:
        """Rename where there is nothing; two calls where the kernel or the file system has none for it."""
        if self._renameat2 is not None:
            if self._renameat2(here, os.fsencode(old), there, os.fsencode(new), _RENAME_NOREPLACE) == 0:
                return
            number = ctypes.get_errno()
            if number not in _NO_SUCH_CALL:
                raise told(target, OSError(number, os.strerror(number)))
        if os.path.lexists(target):
            raise ExistsError(f"{target} exists already")
        with told_of(target):
            os.rename(old, new, src_dir_fd=here, dst_dir_fd=there)

    def _check_both_files(self, source: str, target: str) -> None:
        if os.path.lexists(target) and {self.look(source).kind, self.look(target).kind} != {"file"}:
            raise ExistsError(f"{target} exists already, and only a file may be overwritten, by a file")


@contextmanager
def _folder(path: str) -> Generator[int]:
    """The folder, held open at the very place that `path` names."""
    with told_of(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _check_place(path, descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _opened(path: str, flags: int) -> int:
    """A plain file, opened at the very place that `path` names; a pipe or a device is never opened."""
    with told_of(path):
        _check_kind(path, os.lstat(path))  # before: opening a pipe or a device may already do something
        descriptor = os.open(path, flags | os.O_NOFOLLOW)
    _check_plain(path, descriptor)
    return descriptor


def _check_plain(path: str, descriptor: int) -> None:
    try:
        _check_kind(path, os.fstat(descriptor))
        _check_place(path, descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def _check_kind(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise DeniedError(f"{path} is not a plain file")


def _check_place(path: str, descriptor: int) -> None:
    with told_of(path):
        place = str(Path(f"/proc/self/fd/{descriptor}").readlink())
    if place != path:
        raise DeniedError(f"{path} leads to another place: a link is in the way")
