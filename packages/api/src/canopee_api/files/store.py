"""The folder in which files are kept: all calls block, and what they return from outlasts a power cut.

`uploads/<id>` is a file on its way, `kept/<ab>/<sha256>` one that is whole. Whoever calls holds the row of the upload:
two processes of one machine, or of several that share the folder, never write the same file at once.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

_PIECE_BYTES = 1_048_576


class LostBytesError(Exception):
    """Bytes that were stored are not there any more: a folder that is not the database's, or a disk that lied."""


class FileStore:
    """One folder; made when it is first needed, for its owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._uploads, self._kept = folder, folder / "uploads", folder / "kept"

    @property
    def free_share(self) -> float:
        """Of the disk that holds the folder, what is free: 0 to 1."""
        self._make(self._uploads)
        usage = shutil.disk_usage(self._uploads)
        return usage.free / usage.total

    def write(self, upload_id: str, offset: int, content: bytes) -> None:
        """Put a chunk at `offset`, in place of all that may have been written there and never acknowledged.

        Raises:
            LostBytesError: the file is shorter than `offset`.
            OSError: the disk is full, or fails; what was stored before is still there.
        """
        self._make(self._uploads)
        path = self._uploads / upload_id
        is_new = not path.exists()
        if is_new and offset:
            raise LostBytesError(upload_id)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(descriptor).st_size < offset:
                raise LostBytesError(upload_id)
            os.ftruncate(descriptor, offset)
            at = offset
            while at < offset + len(content):
                at += os.pwrite(descriptor, content[at - offset :], at)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            _sync_folder(self._uploads)

    def keep(self, upload_id: str, sha256: str) -> bool:
        """Move a whole file to its place; `False`, and nothing is moved, when its SHA-256 is another one.

        A file that was moved already, before the answer was lost, is in its place: that is as good.

        Raises:
            LostBytesError: it is in neither place.
        """
        source, target = self._uploads / upload_id, self._path(sha256)
        found = source if source.exists() else target
        if not found.exists():
            raise LostBytesError(upload_id)
        if _digest(found) != sha256:
            return False
        if found == source:
            self._make(target.parent)
            source.rename(target)
            _sync_folder(target.parent)
            _sync_folder(self._uploads)
        return True

    def pieces(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to before `end` of a kept file, a MiB at a time; raises `LostBytesError`."""
        try:
            with self._path(sha256).open("rb") as stream:
                stream.seek(start)
                while start < end:
                    piece = stream.read(min(_PIECE_BYTES, end - start))
                    if not piece:
                        raise LostBytesError(sha256)
                    start += len(piece)
                    yield piece
        except FileNotFoundError as error:
            raise LostBytesError(sha256) from error

    def forget(self, upload_id: str) -> None:
        """Remove a file on its way; one that is not there is as good."""
        with contextlib.suppress(FileNotFoundError):
            (self._uploads / upload_id).unlink()

    def remove(self, sha256: str) -> None:
        """Remove a kept file; one that is not there is as good."""
        with contextlib.suppress(FileNotFoundError):
            self._path(sha256).unlink()
            _sync_folder(self._path(sha256).parent)

    def file(self, sha256: str) -> Path:
        """Where a kept file is, for whoever reads it in another process."""
        return self._path(sha256)

    def has(self, sha256: str) -> bool:
        """Whether the file is kept."""
        return self._path(sha256).exists()

    def under_way(self) -> list[str]:
        """Ids of the uploads that have a file, whoever knows of them."""
        return sorted(path.name for path in self._uploads.iterdir()) if self._uploads.exists() else []

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it, down from the store's own: for their owner alone, and durably."""
        if folder.exists():
            return
        if folder != self._folder:
            self._make(folder.parent)
        folder.mkdir(mode=0o700, parents=folder == self._folder, exist_ok=True)
        _sync_folder(folder.parent)

    def _path(self, sha256: str) -> Path:
        return self._kept / sha256[:2] / sha256


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
