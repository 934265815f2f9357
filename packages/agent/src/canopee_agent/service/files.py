"""Small files written whole or not at all, and readable by their owner only."""

import errno
import os
import sqlite3
from pathlib import Path

from canopee_agent.errors import DiskError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: OSError | sqlite3.Error) -> bool:
    """Whether the disk is full, whoever found out."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
    return error.errno in _FULL


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` durably: a cut leaves the old content or the new one.

    Raises:
        DiskError: the disk is full; the old content is there.
    """
    try:
        _write(path, content)
    except OSError as error:
        if is_full(error):
            raise DiskError(f"the disk is full: {path} is not written; free some space on it") from error
        raise


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    part.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
