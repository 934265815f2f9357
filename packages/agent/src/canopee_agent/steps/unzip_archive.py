"""The step kind `unzip_archive`."""

import hashlib
from collections.abc import Generator
from typing import IO, Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from canopee_agent import locations
from canopee_agent.archives import Archive, Entry, Limits, opened_archive
from canopee_agent.errors import ExistsError, MismatchError, MissingError, NoSpaceError
from canopee_agent.ports import Files, Machine
from canopee_agent.step import Ceiling, Deadline, StepKind

UnzipState: TypeAlias = Literal["extracted", "present"]

_PIECE = 1_048_576
_MARGIN = 64 * 2**20
"""Bytes that stay free on the disk."""


class UnzipArchiveParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which archive, and which folder it becomes."""

    archive: Annotated[str, Meta(description="Absolute path of the archive.", min_length=1, max_length=1_024)]
    to: Annotated[str, Meta(description="Absolute path of the folder to make.", min_length=1, max_length=1_024)]
    sha256: Annotated[
        str, Meta(description="SHA-256 that the archive must have; empty: any.", pattern="^([0-9a-f]{64})?$")
    ] = ""
    overwrite: Annotated[bool, Meta(description="Whether a folder that is there already is replaced.")] = False
    max_files: Annotated[int, Meta(description="Most files and folders.", ge=1, le=100_000)] = 20_000
    max_bytes: Annotated[int, Meta(description="Most bytes once extracted.", ge=0, extra={"unit": "By"})] = (
        1_073_741_824
    )


class UnzipArchiveRecord(msgspec.Struct, frozen=True):
    """The folder as it is now on the PC."""

    archive: Annotated[str, Meta(description="Where the archive is.", extra={"ecs": "file.path"})]
    archive_sha256: Annotated[str, Meta(description="Its SHA-256.", extra={"ecs": "file.hash.sha256"})]
    path: Annotated[str, Meta(description="The folder that was made.")]
    files: Annotated[int, Meta(description="Files in it.")]
    size_bytes: Annotated[int, Meta(description="Bytes of its files.", extra={"unit": "By"})]
    state: Annotated[UnzipState, Meta(description="`present` when the very same folder was there already.")]


class UnzipArchiveOutputs(msgspec.Struct, frozen=True):
    """What later steps may decide upon."""

    path: Annotated[str, Meta(description="Final path of the folder.")]
    files: Annotated[int, Meta(description="Files in it.")]
    size_bytes: Annotated[int, Meta(description="Bytes of its files.")]


class UnzipArchive(StepKind[UnzipArchiveParameters]):
    r"""Extracts a zip archive into a new folder, all of it or nothing.

    The archive must lie under a folder of `read_roots` or `write_roots` of the local policy, the folder below one of
    `write_roots`. The whole archive is checked before a byte is written, and refused when anything in it is dangerous
    or ambiguous: names that lead elsewhere or that Windows takes for another (`..`, drives, devices, streams, trailing
    dots, same name in another case), links, encryption, overlapping entries, too many files or bytes, bombs.

    Files are extracted beside the folder's final place, verified and made durable; then the folder is renamed there at
    once. When the same folder is there already, nothing is done; another one is replaced only with `overwrite`. A step
    that is killed leaves the old folder or the new one; at worst the old one waits beside, and the next attempt
    puts it back first.

    Example:
        steps:
          - id: unpack
            use: unzip_archive
            with:
              archive: 'C:\ProgramData\Cabinet\updates\8.2.0.zip'
              sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
              to: 'C:\ProgramData\Cabinet\updates\8.2.0'
    """

    Parameters = UnzipArchiveParameters
    Record = UnzipArchiveRecord
    Outputs = UnzipArchiveOutputs
    effect: ClassVar[Literal["collect", "action"]] = "action"

    def run(
        self, machine: Machine, parameters: UnzipArchiveParameters, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        deadline = Deadline(machine.clock, ceiling)
        source = locations.usable(machine, parameters.archive, ceiling)
        target = locations.writable(machine, parameters.to, ceiling)
        limits = Limits(parameters.max_files, min(parameters.max_bytes, ceiling.max_download_bytes))
        with machine.files.open(source) as stream, locations.told_of(source):
            sha256 = _digest(stream, deadline)
            if parameters.sha256 not in {"", sha256}:
                raise MismatchError(f"{source} has the SHA-256 {sha256}, and not the one that was signed")
            with opened_archive(stream, limits) as archive:
                extraction = _Extraction(machine.files, archive, target, deadline)
                state = extraction.go(overwrite=parameters.overwrite)
                files, size = extraction.files, extraction.size
        yield UnzipArchiveRecord(source, sha256, target, files, size, state)
        return UnzipArchiveOutputs(target, files, size)


class _Extraction:
    """One archive on its way, from a folder beside the target to the target itself."""

    def __init__(self, files: Files, archive: Archive, target: str, deadline: Deadline) -> None:
        self._files, self._archive, self._target, self._deadline = files, archive, target, deadline
        self._staging, self._old = locations.beside(target, "unzip"), locations.beside(target, "old")
        self._contents = [entry for entry in archive.entries if not entry.is_folder]
        self.files, self.size = len(self._contents), sum(entry.size for entry in self._contents)

    def go(self, *, overwrite: bool) -> UnzipState:
        self._put_back()
        self._files.delete(self._staging)
        is_there = self._files.exists(self._target)
        if is_there and self._is_same():
            self._files.delete(self._old)
            return "present"
        if is_there and (not overwrite or self._files.look(self._target).kind != "folder"):
            raise ExistsError(f"{self._target} exists already, with another content: see overwrite")
        locations.make_folders(self._files, locations.parent(self._target))
        self._check_room()
        try:
            self._extract()
        except Exception:
            self._files.delete(self._staging)
            raise
        self._deadline.check()
        if is_there:
            self._files.delete(self._old)
            self._files.rename(self._target, self._old)
        self._files.rename(self._staging, self._target)
        self._files.delete(self._old)
        return "extracted"

    def _put_back(self) -> None:
        """An earlier attempt stopped between its two renames: the old folder takes its place again."""
        if self._files.exists(self._old) and not self._files.exists(self._target):
            self._files.rename(self._old, self._target)

    def _check_room(self) -> None:
        folder = locations.parent(self._target)
        needed, free = self.size + _MARGIN, self._files.free_bytes(folder)
        if free < needed:
            raise NoSpaceError(f"{folder} has {free} bytes free, and {needed} are needed")

    def _extract(self) -> None:
        self._files.make_folder(self._staging)
        made: set[tuple[str, ...]] = {()}
        for entry in self._archive.entries:
            parts = entry.parts if entry.is_folder else entry.parts[:-1]
            for depth in range(1, len(parts) + 1):
                if parts[:depth] not in made:
                    self._files.make_folder(locations.below(self._staging, parts[:depth]))
                    made.add(parts[:depth])
            if not entry.is_folder:
                self._write(entry)

    def _write(self, entry: Entry) -> None:
        path = locations.below(self._staging, entry.parts)
        with self._files.create(path) as stream, locations.told_of(path):
            for piece in self._archive.pieces(entry):
                stream.write(piece)
                self._deadline.check()
            self._files.sync(stream)

    def _is_same(self) -> bool:
        """Whether the target holds what the archive would make, and nothing else."""
        wanted = {entry.parts: entry for entry in self._archive.entries}
        above = {entry.parts[:depth] for entry in wanted.values() for depth in range(1, len(entry.parts))}
        found = set[tuple[str, ...]]()
        waiting: list[tuple[str, ...]] = [()]
        while waiting:
            folder = waiting.pop()
            if self._files.look(locations.below(self._target, folder)).kind != "folder":
                return False
            for name in self._files.names(locations.below(self._target, folder)):
                parts = (*folder, name)
                found.add(parts)
                entry = wanted.get(parts)
                if parts in above or (entry and entry.is_folder):
                    waiting.append(parts)
                elif entry is None or not self._has_content(entry):
                    return False
        return found == above | wanted.keys()

    def _has_content(self, entry: Entry) -> bool:
        path = locations.below(self._target, entry.parts)
        try:
            found = self._files.look(path)
        except MissingError:
            return False
        if (found.kind, found.size) != ("file", entry.size):
            return False
        with self._files.open(path) as stream, locations.told_of(path):
            for piece in self._archive.pieces(entry):
                self._deadline.check()
                if stream.read(len(piece)) != piece:
                    return False
        return True


def _digest(stream: IO[bytes], deadline: Deadline) -> str:
    digest = hashlib.sha256()
    while piece := stream.read(_PIECE):
        digest.update(piece)
        deadline.check()
    return digest.hexdigest()
