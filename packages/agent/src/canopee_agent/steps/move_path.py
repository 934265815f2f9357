"""The step kind `move_path`."""

import hashlib
from collections.abc import Generator
from typing import IO, Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from canopee_agent import locations
from canopee_agent.errors import DeniedError, ExistsError, MismatchError, MissingError
from canopee_agent.ports import Files, Found, Machine
from canopee_agent.step import Ceiling, Deadline, StepKind

MoveState: TypeAlias = Literal["moved", "present"]

_PIECE = 1_048_576
_DEEPEST = 50


class MovePathParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What to move, and where to."""

    from_: Annotated[str, Meta(description="Absolute path of a file or folder.", min_length=1, max_length=1_024)]
    to: Annotated[str, Meta(description="Absolute path that it takes.", min_length=1, max_length=1_024)]
    sha256: Annotated[
        str, Meta(description="SHA-256 that the file must have; empty: any.", pattern="^([0-9a-f]{64})?$")
    ] = ""
    overwrite: Annotated[bool, Meta(description="Whether a file that is there already is replaced.")] = False


class MovePathRecord(msgspec.Struct, frozen=True):
    """What was moved."""

    source: Annotated[str, Meta(description="Where it was.")]
    path: Annotated[str, Meta(description="Where it is.", extra={"ecs": "file.path"})]
    state: Annotated[MoveState, Meta(description="`present` when it was there already.")]


class MovePathOutputs(msgspec.Struct, frozen=True):
    """What later steps may decide upon."""

    path: Annotated[str, Meta(description="Final path.")]


class MovePath(StepKind[MovePathParameters]):
    r"""Moves or renames a file or a folder.

    Both places must lie below folders of `write_roots` of the local policy. Nothing is moved out of a link or into one.
    A file replaces another only with `overwrite`; a folder never replaces anything. Within a volume it is one rename;
    between two, everything is copied beside the final place, compared, then renamed, and only then removed at the
    source: a folder that holds a link is not moved that way.

    When the source is gone and the target there, it was moved already: the step is done, provided that the target has
    `sha256` when one is given. What a kill interrupted is completed by the next attempt.

    Example:
        steps:
          - id: install
            use: move_path
            with:
              from: 'C:\ProgramData\Cabinet\updates\8.2.0'
              to: 'C:\ProgramData\Cabinet\versions\8.2.0'
    """

    Parameters = MovePathParameters
    Record = MovePathRecord
    Outputs = MovePathOutputs
    effect: ClassVar[Literal["collect", "action"]] = "action"

    def run(
        self, machine: Machine, parameters: MovePathParameters, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        source = locations.writable(machine, parameters.from_, ceiling)
        target = locations.writable(machine, parameters.to, ceiling)
        if locations.is_under(locations.pure(target), source):
            raise DeniedError(f"{target} is {source} itself, or lies inside it")
        if locations.is_under(locations.pure(source), target):
            raise DeniedError(f"{source} lies inside {target}")
        move = _Move(machine.files, source, target, Deadline(machine.clock, ceiling))
        state = move.go(parameters.sha256, overwrite=parameters.overwrite)
        yield MovePathRecord(source, target, state)
        return MovePathOutputs(target)


class _Move:
    """One move."""

    def __init__(self, files: Files, source: str, target: str, deadline: Deadline) -> None:
        self._files, self._source, self._target, self._deadline = files, source, target, deadline
        self._copy, self._gone = locations.beside(target, "copy"), locations.beside(source, "moved")

    def go(self, sha256: str, *, overwrite: bool) -> MoveState:
        self._files.delete(self._gone)  # what an earlier attempt had moved, and not yet removed
        self._files.delete(self._copy)
        found, there = _look(self._files, self._source), _look(self._files, self._target)
        if found is None:
            if there is None:
                raise MissingError(f"there is nothing at {self._source}, and nothing at {self._target}")
            self._check(self._target, there, sha256)
            return "present"
        self._check(self._source, found, sha256)
        if there is not None and not (overwrite and found.kind == there.kind == "file"):
            if not self._was_copied(found, there):
                raise ExistsError(f"{self._target} exists already: only a file is replaced, and with overwrite")
            self._remove_source()
            return "present"
        locations.make_folders(self._files, locations.parent(self._target))
        if self._files.look(locations.parent(self._target)).volume == found.volume:
            self._deadline.check()
            self._files.rename(self._source, self._target, overwrite=overwrite)
            return "moved"
        self._move_across(overwrite=overwrite)
        return "moved"

    def _move_across(self, *, overwrite: bool) -> None:
        try:
            self._copy_tree(self._source, self._copy, 0)
            self._compare()
        except Exception:
            self._files.delete(self._copy)
            raise
        self._deadline.check()
        self._files.rename(self._copy, self._target, overwrite=overwrite)
        self._remove_source()

    def _compare(self) -> None:
        if not self._is_same(self._source, self._copy, 0):
            raise MismatchError(f"{self._source} changed while it was copied: nothing was moved")

    def _remove_source(self) -> None:
        """First under another name: a kill in the middle leaves no half source."""
        self._files.rename(self._source, self._gone)
        self._files.delete(self._gone)

    def _was_copied(self, found: Found, there: Found) -> bool:
        """Whether an earlier attempt had copied everything to another volume, and not yet removed the source."""
        return found.volume != there.volume and self._is_same(self._source, self._target, 0)

    def _check(self, path: str, found: Found, sha256: str) -> None:
        if found.kind not in {"file", "folder"}:
            raise DeniedError(f"{path} is neither a file nor a folder")
        if not sha256:
            return
        if found.kind != "file":
            raise DeniedError(f"{path} is a folder: it has no SHA-256")
        with self._files.open(path) as stream, locations.told_of(path):
            digest = hashlib.sha256()
            while piece := stream.read(_PIECE):
                digest.update(piece)
                self._deadline.check()
        if digest.hexdigest() != sha256:
            raise MismatchError(f"{path} has another SHA-256 than the one that was signed")

    def _copy_tree(self, source: str, copy: str, depth: int) -> None:
        kind = self._files.look(source).kind
        if kind == "file":
            with self._files.open(source) as stream, self._files.create(copy) as new, locations.told_of(copy):
                while piece := stream.read(_PIECE):
                    new.write(piece)
                    self._deadline.check()
                self._files.sync(new)
            return
        if kind != "folder" or depth > _DEEPEST:
            raise DeniedError(
                f"{source} is a link or a device, or lies too deep: it is not copied to another volume"
            )
        self._files.make_folder(copy)
        for name in self._files.names(source):
            self._copy_tree(locations.below(source, (name,)), locations.below(copy, (name,)), depth + 1)

    def _is_same(self, first: str, second: str, depth: int) -> bool:
        """Whether two files, or two folders, hold the same."""
        one, other = _look(self._files, first), _look(self._files, second)
        if one is None or other is None or one.kind != other.kind or one.size != other.size or depth > _DEEPEST:
            return False
        if one.kind == "folder":
            names = self._files.names(first)
            return names == self._files.names(second) and all(
                self._is_same(locations.below(first, (name,)), locations.below(second, (name,)), depth + 1)
                for name in names
            )
        if one.kind != "file":
            return False
        with self._files.open(first) as left, self._files.open(second) as right, locations.told_of(first):
            return self._has_same_bytes(left, right)

    def _has_same_bytes(self, left: IO[bytes], right: IO[bytes]) -> bool:
        while piece := left.read(_PIECE):
            self._deadline.check()
            if right.read(len(piece)) != piece:
                return False
        return not right.read(1)


def _look(files: Files, path: str) -> Found | None:
    try:
        return files.look(path)
    except MissingError:
        return None
