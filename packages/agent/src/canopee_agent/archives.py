"""Strict zip: the whole archive is planned before a byte is written; what breaks a rule is refused, never repaired.

Refused: a name that Windows or Linux would take elsewhere (absolute, `..`, drive, stream, device, control character,
ending with a dot or a space, not NFC), two names that are one (case, file used as folder), links and special files,
encryption, methods other than store and deflate, entries that overlap, and more files, bytes or compression than the
limits. Sizes and checksums are verified as each file is read.
"""

import errno
import stat
import unicodedata
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import msgspec

from canopee_agent.errors import ArchiveError
from canopee_agent.names import fault_of

_LONGEST_PATH = 240
_SMALL = 1_000_000
"""Below this size the ratio says nothing."""
_PIECE = 262_144
_LOCAL_HEADER = 30
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Limits(msgspec.Struct, frozen=True):
    """What an archive may hold."""

    files: int = 20_000
    """Files and folders."""
    total_bytes: int = 2**30
    """Bytes of all files, once extracted."""
    ratio: int = 200
    """How many times larger than its compressed form a file may be."""


class Entry(msgspec.Struct, frozen=True):
    """One file or folder that the archive would make."""

    parts: tuple[str, ...]
    """Names from the top, the last one its own."""
    is_folder: bool
    size: int
    index: int
    """Its place in the archive."""


class Archive:
    """An archive whose every entry is known to be harmless; `pieces` reads one."""

    def __init__(self, opened: zipfile.ZipFile, entries: Sequence[Entry]) -> None:
        self._opened = opened
        self.entries = entries

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """The content of a file, verified: raises `ArchiveError` before or instead of its last piece."""
        with _readable():
            size = 0
            with self._opened.open(self._opened.infolist()[entry.index]) as source:
                while piece := source.read(_PIECE):
                    size += len(piece)
                    if size > entry.size:
                        raise ArchiveError(f"{'/'.join(entry.parts)} is larger than it says")
                    yield piece
            if size != entry.size:
                raise ArchiveError(f"{'/'.join(entry.parts)} is smaller than it says")


@contextmanager
def opened_archive(stream: IO[bytes], limits: Limits) -> Generator[Archive]:
    """The archive in `stream`, once it is known to keep every rule.

    Raises:
        ArchiveError: it does not; nothing may be made of it.
    """
    with _readable():
        opened = zipfile.ZipFile(stream)
    with opened:
        with _readable():
            entries = tuple(_plan(opened, stream, limits))
        yield Archive(opened, entries)


@contextmanager
def _readable() -> Generator[None]:
    """Whatever the library says of damaged bytes is an archive that cannot be read."""
    try:
        yield
    except ArchiveError:
        raise
    except Exception as error:  # the library raises many kinds for damaged bytes
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # the disk's fault, not the archive's
            raise
        raise ArchiveError(f"the archive cannot be read: {type(error).__name__}: {error}") from error


def _plan(opened: zipfile.ZipFile, stream: IO[bytes], limits: Limits) -> Iterator[Entry]:
    infos = opened.infolist()
    if len(infos) > limits.files:
        raise ArchiveError(f"it holds {len(infos)} files and folders: more than {limits.files}")
    if sum(info.file_size for info in infos) > limits.total_bytes:
        raise ArchiveError(f"it holds more than {limits.total_bytes} bytes")
    _check_overlaps(opened, stream, infos)
    seen: dict[tuple[str, ...], bool] = {}
    spelled: dict[tuple[str, ...], tuple[str, ...]] = {}
    for index, info in enumerate(infos):
        _check_entry(info, limits)
        entry = Entry(_parts(info), info.is_dir(), info.file_size, index)
        key = _key(entry.parts)
        if key in seen:
            raise ArchiveError(f"two entries are called {info.filename!r} once case is ignored")
        seen[key] = entry.is_folder
        for depth in range(1, len(key)):
            if spelled.setdefault(key[:depth], entry.parts[:depth]) != entry.parts[:depth]:
                raise ArchiveError(f"the folders of {info.filename!r} are written in two ways")
        yield entry
    for key in seen:
        if any(not seen.get(key[:depth], True) for depth in range(1, len(key))):
            raise ArchiveError(f"a file is used as a folder by {'/'.join(key)!r}")


def _check_entry(info: zipfile.ZipInfo, limits: Limits) -> None:
    name = info.filename
    if info.orig_filename != name:  # Python cuts a name at NUL, and turns \ into / on Windows
        raise ArchiveError(f"{info.orig_filename!r} is not written as a name in an archive")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise ArchiveError(f"{name!r} is a link or a special file")
    if stat.S_IFMT(mode) and stat.S_ISDIR(mode) != info.is_dir():
        raise ArchiveError(f"{name!r} is a file and a folder at once")
    if info.is_dir() and info.file_size:
        raise ArchiveError(f"the folder {name!r} has a content")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _PLAIN:
        raise ArchiveError(f"{name!r} is encrypted, or compressed with another method than deflate")
    if info.file_size > max(_SMALL, limits.ratio * max(1, info.compress_size)):
        raise ArchiveError(f"{name!r} would become more than {limits.ratio} times larger")


def _parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    name = info.filename.removesuffix("/")
    if len(name) > _LONGEST_PATH or unicodedata.normalize("NFC", name) != name:
        raise ArchiveError(
            f"{name[:80]!r} is longer than {_LONGEST_PATH} characters, or not in Unicode's form NFC"
        )
    parts = tuple(name.split("/"))
    for part in parts:
        if fault := fault_of(part):
            raise ArchiveError(f"{name!r}: {part!r}: {fault}")
    return parts


def _key(parts: tuple[str, ...]) -> tuple[str, ...]:
    """What two names that any file system might take for one have in common."""
    return tuple(part.casefold().upper() for part in parts)


def _check_overlaps(opened: zipfile.ZipFile, stream: IO[bytes], infos: Sequence[zipfile.ZipInfo]) -> None:
    """Each entry has bytes of its own, before the directory of the archive."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < 0:
            raise ArchiveError(f"{info.filename!r} lies outside the archive")
        if info.header_offset < end:
            raise ArchiveError(f"{info.filename!r} overlaps another entry")
        stream.seek(info.header_offset)
        header = stream.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER:
            raise ArchiveError(f"{info.filename!r} lies outside the archive")
        names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        end = info.header_offset + _LOCAL_HEADER + names + info.compress_size
    if end > opened.start_dir:
        raise ArchiveError("an entry overlaps the directory of the archive")
