"""The step kind `make_archive`."""

import hashlib
import zipfile
import zlib
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from typing import IO, Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from canopee_agent import locations
from canopee_agent.errors import ArchiveError, DeniedError, ExistsError, NoSpaceError
from canopee_agent.names import fault_of
from canopee_agent.ports import Files, Machine
from canopee_agent.step import Ceiling, Deadline, StepKind

_PIECE = _SMALL = 1_048_576
_LEAST_RATIO = 100
_MARGIN = 64 * 2**20
"""Bytes that stay free on the disk."""
_DEEPEST, _LONGEST_PATH = 40, 240
_EARLIEST, _LATEST_YEAR = (1980, 1, 1, 0, 0, 0), 2107


class MakeArchiveParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes into it, and where it is."""

    paths: Annotated[
        tuple[str, ...], Meta(description="Absolute paths of files and folders.", min_length=1, max_length=100)
    ]
    to: Annotated[str, Meta(description="Absolute path of the archive to make.", min_length=1, max_length=1_024)]
    overwrite: Annotated[bool, Meta(description="Whether a file that is there already is replaced.")] = False
    max_files: Annotated[int, Meta(description="Most files and folders.", ge=1, le=100_000)] = 20_000
    max_bytes: Annotated[int, Meta(description="Most bytes of the files.", ge=0, extra={"unit": "By"})] = 2**30


class MakeArchiveRecord(msgspec.Struct, frozen=True):
    """The archive as it is now on the PC."""

    path: Annotated[str, Meta(description="Where it is.", extra={"ecs": "file.path"})]
    sha256: Annotated[str, Meta(description="Its SHA-256.", extra={"ecs": "file.hash.sha256"})]
    size_bytes: Annotated[int, Meta(description="Its size.", extra={"unit": "By", "ecs": "file.size"})]
    files: Annotated[int, Meta(description="Files in it.")]
    content_bytes: Annotated[int, Meta(description="Bytes of these files.", extra={"unit": "By"})]


class MakeArchiveOutputs(msgspec.Struct, frozen=True):
    """What later steps may decide upon."""

    path: Annotated[str, Meta(description="Final path of the archive.")]
    sha256: Annotated[str, Meta(description="Its SHA-256.")]
    files: Annotated[int, Meta(description="Files in it.")]
    size_bytes: Annotated[int, Meta(description="Its size.", extra={"unit": "By"})]


class MakeArchive(StepKind[MakeArchiveParameters]):
    r"""Makes a zip archive of files and folders, which stays on the PC: what is kept before something is replaced.

    What goes in must lie under `read_roots` or `write_roots` of the local policy, the archive below one of
    `write_roots`. Each file is called in it by the name of what was asked for and by its place below;
    `unzip_archive` takes the archive back. All of it or nothing: a link, a file that may not be read, one that changes
    meanwhile, or a name that other systems would take for another, ends the step, and nothing is left.

    The archive is written beside its final place, made durable, then renamed there at once.

    Example:
        steps:
          - id: keep
            use: make_archive
            with:
              paths: ['C:\ProgramData\Cabinet\settings']
              to: 'C:\ProgramData\Cabinet\updates\settings.zip'
              overwrite: true
    """

    Parameters = MakeArchiveParameters
    Record = MakeArchiveRecord
    Outputs = MakeArchiveOutputs
    effect: ClassVar[Literal["collect", "action"]] = "action"

    def run(
        self, machine: Machine, parameters: MakeArchiveParameters, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        target = locations.writable(machine, parameters.to, ceiling)
        making = _Making(machine, parameters, ceiling, target)
        entries = making.plan()
        making.check_room()
        sha256, size = making.write(entries)
        yield MakeArchiveRecord(target, sha256, size, making.files, making.bytes)
        return MakeArchiveOutputs(target, sha256, making.files, size)


class _Entry(msgspec.Struct, frozen=True):
    """What becomes an entry: its final path, its name in the archive, and what was there."""

    path: str
    name: str
    size: int
    modified_ns: int
    is_folder: bool


class _Making:
    """One archive on its way."""

    def __init__(self, machine: Machine, asked: MakeArchiveParameters, ceiling: Ceiling, target: str) -> None:
        self._machine, self._asked, self._ceiling, self._target = machine, asked, ceiling, target
        self._files: Files = machine.files
        self._staging = locations.beside(target, "zip")
        self._deadline = Deadline(machine.clock, ceiling)
        self._limit = min(asked.max_bytes, ceiling.max_download_bytes)
        self._names: set[str] = set()
        self.files = self.bytes = 0

    def plan(self) -> list[_Entry]:
        """All that goes in; raises for what cannot."""
        if self._files.exists(self._target) and not self._asked.overwrite:
            raise ExistsError(f"{self._target} exists already: see overwrite")
        return [entry for path in self._asked.paths for entry in self._below(path, "", 0)]

    def _below(self, path: str, above: str, depth: int) -> Iterator[_Entry]:
        self._deadline.check()
        final = locations.usable(self._machine, path, self._ceiling)
        if above and final != path:
            raise DeniedError(f"{path} is a link: it is not archived")
        found, name = self._files.look(final), above + locations.name_of(final)
        if found.kind not in {"file", "folder"}:
            raise DeniedError(f"{path} is neither a file nor a folder")
        if final in {self._staging, self._target}:
            return
        self._count(name, found.size)
        if found.kind == "file":
            self.files += 1
            yield _Entry(final, name, found.size, found.modified_ns, is_folder=False)
            return
        if depth >= _DEEPEST:
            raise ArchiveError(f"{path} lies more than {_DEEPEST} folders deep")
        yield _Entry(final, f"{name}/", 0, 0, is_folder=True)
        for child in self._files.names(final):
            yield from self._below(locations.below(final, [child]), f"{name}/", depth + 1)

    def _count(self, name: str, size: int) -> None:
        """Refuse a name, or a size, that `unzip_archive` would not take."""
        key = name.casefold().upper()
        if fault := fault_of(name.rpartition("/")[2]):
            raise ArchiveError(f"{name!r}: {fault}")
        if key in self._names or len(name) > _LONGEST_PATH:
            raise ArchiveError(
                f"{name[:80]!r}: another entry has this name once case is ignored, or it is too long"
            )
        self._names.add(key)
        self.bytes += size
        if len(self._names) > self._asked.max_files or self.bytes > self._limit:
            raise ArchiveError(f"more than {self._asked.max_files} files, or than {self._limit} bytes")

    def check_room(self) -> None:
        """Raise `NoSpaceError` where the disk could become too full."""
        folder = locations.parent(self._target)
        locations.make_folders(self._files, folder)
        if (free := self._files.free_bytes(folder)) < self.bytes + _MARGIN:
            raise NoSpaceError(f"{folder} has {free} bytes free, and {self.bytes + _MARGIN} are needed")

    def write(self, entries: list[_Entry]) -> tuple[str, int]:
        """SHA-256 and size of the archive, once it is at its place."""
        self._files.delete(self._staging)
        try:
            with self._files.create(self._staging) as stream, locations.told_of(self._staging):
                with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                    for entry in entries:
                        self._add(archive, entry)
                self._files.sync(stream)
                sha256, size = self._measured(stream)
            self._files.rename(self._staging, self._target, overwrite=self._asked.overwrite)
        except BaseException:
            self._files.delete(self._staging)
            raise
        return sha256, size

    def _add(self, archive: zipfile.ZipFile, entry: _Entry) -> None:
        info = zipfile.ZipInfo(entry.name, self._dos_time(entry))
        info.external_attr = 0o40755 << 16 | 0x10 if entry.is_folder else 0o100644 << 16
        if entry.is_folder:
            archive.writestr(info, b"")
            return
        info.compress_type = zipfile.ZIP_DEFLATED if self._is_plain(entry) else zipfile.ZIP_STORED
        info.file_size = left = entry.size
        with (
            self._files.open(entry.path) as source,
            locations.told_of(entry.path),
            archive.open(info, "w") as kept,
        ):
            while left and (piece := source.read(min(_PIECE, left))):
                self._deadline.check()
                kept.write(piece)
                left -= len(piece)
        after = self._files.look(entry.path)
        if left or (after.size, after.modified_ns) != (entry.size, entry.modified_ns):
            raise ArchiveError(f"{entry.path} changed while it was read")

    def _is_plain(self, entry: _Entry) -> bool:
        """Whether a file, once compressed, does not look like a bomb to `unzip_archive`."""
        if entry.size <= _SMALL:
            return True
        packer, size = zlib.compressobj(), 0
        with self._files.open(entry.path) as source, locations.told_of(entry.path):
            while piece := source.read(_PIECE):
                self._deadline.check()
                size += len(packer.compress(piece))
        return (size + len(packer.flush())) * _LEAST_RATIO > entry.size

    def _dos_time(self, entry: _Entry) -> tuple[int, int, int, int, int, int]:
        at = self._machine.system.wall(datetime.fromtimestamp(entry.modified_ns // 10**9, UTC))
        if not _EARLIEST[0] <= at.year <= _LATEST_YEAR:
            return _EARLIEST
        return (at.year, at.month, at.day, at.hour, at.minute, at.second)

    def _measured(self, stream: IO[bytes]) -> tuple[str, int]:
        digest = hashlib.sha256()
        stream.seek(0)
        while piece := stream.read(_PIECE):
            self._deadline.check()
            digest.update(piece)
        return digest.hexdigest(), stream.tell()
