"""Zip archives and folders whose bytes depend on their content only."""

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

EPOCH = 1_700_000_000
"""The time of every file."""
_DATE = (1980, 1, 1, 0, 0, 0)


def write_zip(path: Path, entries: Iterable[tuple[str, bytes]], *, compressed: bool = True) -> None:
    """Write an archive of files, in their order."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name, _DATE)
            is_packed = name.endswith((".zip", ".exe.gz"))
            entry.compress_type = zipfile.ZIP_DEFLATED if compressed and not is_packed else zipfile.ZIP_STORED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, compresslevel=9)


def files_of(folder: Path) -> list[str]:
    """The files below `folder`, by their paths with `/`, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def settle(folder: Path) -> None:
    """Give every file the same time and mode."""
    for name in files_of(folder):
        (folder / name).chmod(0o644)
        os.utime(folder / name, (EPOCH, EPOCH))
