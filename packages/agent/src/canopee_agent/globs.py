r"""Files that patterns name, found without following a link: `C:\ProgramData\Cabinet\logs\**\*.log*`.

`*` and `?` stand for characters of one name, `**` for folders of any depth. Case counts as it does on the machine.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import PurePath, PureWindowsPath

import msgspec

from canopee_agent import locations
from canopee_agent.errors import BusyError, DeniedError, MissingError, StepError
from canopee_agent.ports import Found, Machine
from canopee_agent.step import Ceiling, Deadline

MOST_NAMES = 200_000
"""Names that are looked at for all patterns of a step."""
_DEEPEST = 32
_MAGIC = frozenset("*?[")
_ANY_DEPTH = "**"


class Match(msgspec.Struct, frozen=True):
    """A file that a pattern names."""

    path: str
    """Its final path."""
    found: Found


class Search:
    """The patterns of one step; `denied` and `refused` say what was met and may not be read."""

    def __init__(self, machine: Machine, ceiling: Ceiling, deadline: Deadline) -> None:
        self._machine, self._ceiling, self._deadline = machine, ceiling, deadline
        self._left = MOST_NAMES
        self.denied = 0
        """Files that match and that the local policy, or the system, lets nobody read."""
        self.refused: list[str] = []
        """Why patterns, or folders, were not looked at."""

    def files(self, pattern: str) -> Iterator[Match]:
        """Plain files that match; raises `StepError` for a pattern that is none, or that leads to too many names."""
        base, parts = _split(pattern)
        try:
            start = locations.pure(locations.readable(self._machine, str(base), self._ceiling))
        except MissingError:
            return
        except DeniedError as error:
            self.refused.append(error.message)
            return
        yield from self._below(start, parts, 0) if parts else self._file(start)

    def _below(self, folder: PurePath, parts: tuple[str, ...], depth: int) -> Iterator[Match]:
        """What matches `parts` in a folder that may be read."""
        self._deadline.check()
        if depth > _DEEPEST:
            self.refused.append(f"{folder}: more than {_DEEPEST} folders deep")
            return
        first, rest = parts[0], parts[1:]
        if first == _ANY_DEPTH:
            yield from self._below(folder, rest or ("*",), depth)
        for name in self._names(folder):
            path = type(folder)(folder, name)
            if first == _ANY_DEPTH:
                if self._kind(path) == "folder":
                    yield from self._below(path, parts, depth + 1)
            elif _is_match(folder, name, first):
                if not rest:
                    yield from self._file(path)
                elif self._kind(path) == "folder":
                    yield from self._below(path, rest, depth + 1)

    def _names(self, folder: PurePath) -> Iterator[str]:
        try:
            names = self._machine.files.names(str(folder))
        except (MissingError, DeniedError, BusyError) as error:
            self.refused.append(error.message)
            return
        self._left -= len(names)
        if self._left < 0:
            raise StepError(f"the patterns lead to more than {MOST_NAMES} names: write narrower ones")
        yield from names

    def _kind(self, path: PurePath) -> str:
        try:
            return self._machine.files.look(str(path)).kind
        except (MissingError, DeniedError, BusyError):
            return ""

    def _file(self, path: PurePath) -> Iterator[Match]:
        """The plain file that is there, no link: one that may not be read is counted."""
        if self._kind(path) != "file":
            return
        try:
            final = locations.readable(self._machine, str(path), self._ceiling)
            found = self._machine.files.look(final)
        except MissingError:
            return
        except (DeniedError, BusyError):
            self.denied += 1
            return
        if found.kind == "file" and locations.pure(final) == path:  # no link was put there meanwhile
            yield Match(final, found)


def _is_match(folder: PurePath, name: str, pattern: str) -> bool:
    if isinstance(folder, PureWindowsPath):
        return fnmatchcase(name.lower(), pattern.lower())
    return fnmatchcase(name, pattern)


def _split(pattern: str) -> tuple[PurePath, tuple[str, ...]]:
    """The folder where a search begins, and what is to match below it."""
    whole = locations.pure(pattern)
    if not whole.is_absolute():
        raise StepError(f"{pattern!r} is not an absolute path")
    parts = whole.parts
    first = next((at for at, part in enumerate(parts) if _MAGIC & set(part)), len(parts))
    if parts.count(_ANY_DEPTH) > 1 or any(_ANY_DEPTH in part and part != _ANY_DEPTH for part in parts):
        raise StepError(f"{pattern!r}: ** is written once, and alone between two separators")
    if ".." in parts:
        raise StepError(f"{pattern!r}: `..` is not allowed in a path; write where it leads")
    return type(whole)(*parts[:first]), parts[first:]
