"""What one attempt of a step makes for the server: files that count for nothing until the outbox takes them."""

import contextlib
import errno
import io
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from canopee_agent.errors import DiskError, OverBudgetError, StepError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MARGIN = 256 * 2**20
"""Bytes that stay free on the disk, whatever is to be sent."""
_LOOK_EVERY = 4 * 2**20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


class Draft:
    """`ports.OutgoingFiles`; one attempt, and one thread, has it."""

    def __init__(self, new_path: Callable[[], Path], budget: int) -> None:
        """`budget`: bytes that its files may have together."""
        self._new_path, self._budget = new_path, budget
        self.made: dict[str, Path] = {}
        """Where each file is, by its name at the server."""
        self.size = 0
        """Bytes that were written, whether they are kept or not."""
        self._is_over = False

    def create(self, name: str) -> IO[bytes]:
        """See the port."""
        if not _NAME.fullmatch(name) or name in self.made:
            raise StepError(
                f"{name!r}: a file for the server has a name of its own, of letters, digits, . _ and -"
            )
        if self._is_over:
            raise StepError("the attempt is over")
        path = self._new_path()
        try:
            stream = _Writing(path, self._take)
        except OSError as error:
            raise DiskError(f"no file can be made for the server: {error.strerror}") from error
        self.made[name] = path
        return cast("IO[bytes]", stream)

    def check(self) -> None:
        """Raise `OverBudgetError` when all of it together may not leave."""
        if self.size > self._budget:
            raise OverBudgetError(
                f"{', '.join(self.made)}: {self.size} bytes to send, and {self._budget} are left of the budget; give"
                " the order a larger one (upload_budget_bytes), or the local policy (max_upload_bytes), or ask for less"
            )

    def drop(self) -> None:
        """Nothing of it counts, nor of what its thread may still write."""
        self._is_over = True
        self._budget = 0
        remove(self.made.values())

    def _take(self, size: int) -> bool:
        """Whether so many more bytes are kept."""
        self.size += size
        return self.size <= self._budget


class _Writing(io.RawIOBase):
    """A file that is written from its start to its end; what is not kept is thrown away, and so is the rest of it."""

    def __init__(self, path: Path, take: Callable[[int], bool]) -> None:
        super().__init__()
        self._path, self._take, self._unlooked = path, take, _LOOK_EVERY
        self._file = path.open("xb")

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        size = memoryview(data).nbytes
        if not self._take(size):
            self._file.truncate(0)
            return size
        self._unlooked += size
        if self._unlooked >= _LOOK_EVERY:
            self._unlooked = 0
            if shutil.disk_usage(self._path.parent).free < MARGIN:
                raise OSError(errno.ENOSPC, f"less than {MARGIN // 2**20} MiB are free on the disk of the agent")
        self._file.write(data)
        return size

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def remove(paths: Iterable[Path]) -> None:
    """Remove files; one that somebody holds open on Windows goes at the next start."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError, PermissionError):
            path.unlink()
