"""A folder in memory: where a proof kills processes, and cuts no power, disks that are waited for prove no more."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of its own is made in it
_MARGIN_BYTES = 2 * 2**30


@contextmanager
def quick_folder(usual: Path, needed_bytes: int) -> Generator[Path]:
    """A folder in memory where there is room for so many bytes, removed at the end; else `usual`."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < needed_bytes + _MARGIN_BYTES:
        yield usual
        return
    with tempfile.TemporaryDirectory(prefix=f"{usual.name}-", dir=_MEMORY, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


class SmallDisk:
    """A file system of its own, that can be made full at once, and have room again; for root alone."""

    is_possible = os.geteuid() == 0

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder, self._size = folder, size
        self._mount("-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs")

    @property
    def used_bytes(self) -> int:
        return shutil.disk_usage(self.folder).used

    def leave(self, free: int) -> None:
        """Shrink it until no more than so many bytes are free; again and again while somebody writes."""
        while True:
            try:
                return self._mount("-o", f"remount,size={self.used_bytes + free}")
            except subprocess.CalledProcessError:  # more is used than a moment ago
                continue

    def make_room(self) -> None:
        """As large as it was."""
        self._mount("-o", f"remount,size={self._size}")

    def close(self) -> None:
        """What is in it is gone."""
        subprocess.run(["/bin/umount", "--lazy", self.folder], check=True)  # noqa: S603  a folder of ours

    def _mount(self, *arguments: str) -> None:
        subprocess.run(["/bin/mount", *arguments, self.folder], check=True, capture_output=True)  # noqa: S603
