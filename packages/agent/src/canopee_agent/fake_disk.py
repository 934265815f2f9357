"""A disk in memory, with the rules of Windows or of Linux; part of `fakes.py`."""

import errno
import io
import posixpath
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import PureWindowsPath
from typing import IO, TYPE_CHECKING, Literal, TypeAlias, cast

from canopee_agent.errors import BusyError, DeniedError, ExistsError, MissingError
from canopee_agent.names import fault_of
from canopee_agent.ports import Found

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

Family: TypeAlias = Literal["windows", "linux"]


class PowerCutError(BaseException):
    """The machine stopped: no handler of an error may go on."""


class _Node:
    """The bytes of one file, and those that a power cut would leave."""

    def __init__(self, content: bytes, modified_ns: int = 0) -> None:
        self.content, self.durable, self.modified_ns = bytearray(content), content, modified_ns


class FakeFiles:
    r"""Files by path, with the rules of the family.

    On Windows: case is kept but does not count, `/` is `\`, trailing dots and spaces are dropped, the names of
    devices (`NUL`, `COM1.txt`) and forbidden characters name no file, and a path without drive is not found.

    `cut_power_at(n)` stops the machine at its n-th change from now; `start_again()` leaves what was synced.
    """

    def __init__(self, family: Family) -> None:
        self._family = family
        self._files: dict[str, tuple[str, _Node]] = {}
        self._folders: dict[str, str] = {}
        self._links: dict[str, str] = {}
        self._locked: set[str] = set()
        self._others: set[str] = set()
        self._mounts: list[str] = []
        self._left: int | None = None
        self.free = 10**12
        """Bytes that may still be written."""
        self.changes = 0
        """How many changes were made."""
        self.before: Callable[[str, str], None] = lambda _call, _path: None
        """Called with the name of a method and its path, before it looks: what somebody else does meanwhile."""

    def write(self, path: str, content: bytes = b"", at: datetime | None = None) -> None:
        """Make a file, written last `at`; its folders need not be made."""
        shown, modified_ns = self._normal(path), int(at.timestamp()) * 10**9 if at else 0
        self._files[self._key(shown)] = (shown, _Node(content, modified_ns))

    def link(self, path: str, target: str) -> None:
        """Make `path` (a file or a folder) a link to `target`; a short name (8.3) is one too."""
        self._links[self._key(self._normal(path))] = self._normal(target)

    def device(self, path: str) -> None:
        """Make `path` something that is no plain file: a pipe, a device."""
        self.write(path)
        self._others.add(self._key(self._normal(path)))

    def lock(self, path: str) -> None:
        """Make every later use of `path` fail as when another program holds it."""
        self._locked.add(self._key(self._normal(path)))

    def unlock(self, path: str) -> None:
        """Undo `lock`."""
        self._locked.discard(self._key(self._normal(path)))

    def mount(self, path: str) -> None:
        """Let a volume of its own begin at `path`; on Windows each drive is one already."""
        self._mounts.append(self._normal(path))

    def cut_power_at(self, change: int) -> None:
        """Stop the machine instead of its `change`-th change from now, the first one being 1."""
        self._left = change

    def start_again(self) -> None:
        """After a power cut: what was not synced is gone."""
        self._left = None
        for _, node in self._files.values():
            node.content = bytearray(node.durable)

    def read(self, path: str) -> bytes:
        """The content; raises `MissingError`, and `BusyError` for a locked file."""
        return bytes(self._node(self.real_path(path)).content)

    def paths(self) -> list[str]:
        """Every file and every folder that was made by itself, sorted."""
        return sorted([shown for shown, _ in self._files.values()] + list(self._folders.values()))

    def exists(self, path: str) -> bool:
        try:
            self.real_path(path)
        except MissingError:
            return False
        return True

    def real_path(self, path: str) -> str:
        real = self._follow(self._normal(path))
        if self._key(real) in self._files:
            return self._files[self._key(real)][0]
        if not self._is_folder(real):
            raise MissingError(f"{path} does not exist")
        return self._shown(real)

    def look(self, path: str) -> Found:
        above, name = self._split(self._normal(path))
        normal = self._join(self._follow(above), name) if name else above
        if self._key(normal) in self._links:
            return Found("link", 0, self._volume(normal))
        if self._key(normal) in self._others:
            return Found("other", 0, self._volume(normal))
        held = self._files.get(self._key(normal))
        if held is None and not self._is_folder(normal):
            raise MissingError(f"{path} does not exist")
        if held is None:
            return Found("folder", 0, self._volume(normal))
        return Found("file", len(held[1].content), self._volume(normal), held[1].modified_ns)

    def names(self, path: str) -> Sequence[str]:
        folder = self._final("names", path)
        if not self._is_folder(folder):
            raise MissingError(f"{path} is not a folder")
        prefix = self._join(self._key(folder), "")
        known = [shown for shown, _ in self._files.values()] + list(self._folders.values()) + list(self._links)
        below = [shown[len(prefix) :] for shown in known if self._key(shown).startswith(prefix)]
        return sorted({rest.split(self._separator)[0] for rest in below if rest})

    def free_bytes(self, path: str) -> int:
        self._final("free_bytes", path)
        return self.free

    def open(self, path: str) -> IO[bytes]:
        return cast("IO[bytes]", FakeStream(self, self._node(self._final("open", path)), writes=False))

    def create(self, path: str, *, is_program: bool = False) -> IO[bytes]:  # noqa: ARG002  every file may be run here
        return self._writer("create", path, is_new=True)

    def resume(self, path: str) -> IO[bytes]:
        return self._writer("resume", path, is_new=False)

    def sync(self, stream: IO[bytes]) -> None:
        self.change()
        assert isinstance(stream, FakeStream)  # noqa: S101  no other comes from here
        stream.node.durable = bytes(stream.node.content)

    def make_folder(self, path: str) -> None:
        folder = self._final("make_folder", path)
        if self._key(folder) in self._files:
            raise ExistsError(f"{path} is a file")
        if not self._is_folder(folder):
            self._check_parent(folder)
            self.change()
            self._folders[self._key(folder)] = folder

    def rename(self, source: str, target: str, *, overwrite: bool = False) -> None:
        old, new = self._final("rename", source), self._final("rename", target)
        self._check_parent(new)
        if self._volume(old) != self._volume(new):
            raise DeniedError(f"{target} is on another volume than {source}")
        found = self.look(old)
        if self._key(new) in self._files or self._is_folder(new):
            is_other = self._key(old) != self._key(new)
            if is_other and not (overwrite and found.kind == "file" and self._key(new) in self._files):
                raise ExistsError(f"{target} exists already")
        self._check_unlocked(old, new)
        self.change()
        self._files = {self._moved(key, old, new): (self._moved(shown, old, new), node)
                       for key, (shown, node) in self._in_order(old)}  # fmt: skip
        self._folders = {self._moved(key, old, new): self._moved(shown, old, new)
                         for key, shown in self._folders.items()}  # fmt: skip

    def delete(self, path: str) -> None:
        gone = self._normal(path)
        self.before("delete", path)
        self._check_unlocked(gone)
        for held in (self._files, self._folders, self._links):
            for key in sorted(key for key in held if self._is_below(key, gone)):
                self.change()
                del held[key]

    def change(self) -> None:
        """Count a change, unless the power was cut."""
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                raise PowerCutError
        self.changes += 1

    @property
    def _separator(self) -> str:
        return "\\" if self._family == "windows" else "/"

    def _writer(self, call: str, path: str, *, is_new: bool) -> IO[bytes]:
        final = self._final(call, path)
        if self._is_folder(final) or (is_new and self._key(final) in self._files):
            raise ExistsError(f"{path} exists already")
        if self._key(final) not in self._files:
            self._check_parent(final)
            self.change()
            self.write(final)
        return cast("IO[bytes]", FakeStream(self, self._node(final), writes=True))

    def _node(self, final: str) -> _Node:
        self._check_unlocked(final)
        if self._key(final) in self._others:
            raise DeniedError(f"{final} is not a plain file")
        if self._is_folder(final):
            raise DeniedError(f"{final} is a folder")
        if self._key(final) not in self._files:
            raise MissingError(f"{final} does not exist")
        return self._files[self._key(final)][1]

    def _final(self, call: str, path: str) -> str:
        self.before(call, path)
        normal = self._normal(path)
        if self._key(self._follow(normal)) != self._key(normal):
            raise DeniedError(f"{path} leads through a link")
        return normal

    def _check_parent(self, path: str) -> None:
        above = self._split(path)[0]
        if not self._is_folder(above):
            raise MissingError(f"{above} does not exist")

    def _check_unlocked(self, *paths: str) -> None:
        for path in paths:
            if any(self._is_below(locked, path) for locked in self._locked):
                raise BusyError(f"{path} is used by another program")

    def _in_order(self, last: str) -> list[tuple[str, tuple[str, _Node]]]:
        """The files, what is about to be moved last, so that it takes the place of what it overwrites."""
        return sorted(self._files.items(), key=lambda item: self._is_below(item[0], last))

    def _moved(self, path: str, old: str, new: str) -> str:
        is_key = path == self._key(path)
        if not self._is_below(path, old):
            return path
        return (self._key(new) if is_key and self._family == "windows" else new) + path[len(old) :]

    def _is_below(self, path: str, folder: str) -> bool:
        key, above = self._key(path), self._key(folder)
        return key == above or key.startswith(self._join(above, ""))

    def _is_folder(self, path: str) -> bool:
        if not self._split(path)[1] or self._key(path) in self._folders:
            return True
        key = self._key(path)
        if key in self._files or key in self._links:
            return False
        start = self._join(key, "")
        return any(held.startswith(start) for held in (*self._files, *self._folders, *self._links))

    def _shown(self, folder: str) -> str:
        """The folder in the case in which it was made."""
        for shown in (*self._folders.values(), *(held for held, _ in self._files.values())):
            if self._is_below(shown, folder):
                return shown[: len(folder)]
        return folder

    def _volume(self, path: str) -> int:
        if self._family == "windows":
            return ord(path[0].upper())
        return max((len(mount) for mount in self._mounts if self._is_below(path, mount)), default=0)

    def _split(self, normal: str) -> tuple[str, str]:
        above, _, name = normal.rpartition(self._separator)
        return (
            above if above.strip(self._separator) and not above.endswith(":") else above + self._separator
        ), name

    def _join(self, folder: str, name: str) -> str:
        return folder.rstrip(self._separator) + self._separator + name

    def _follow(self, path: str) -> str:
        separator = self._separator
        for _ in range(40):
            parts = path.split(separator)
            prefixes = (separator.join(parts[:count]) for count in range(1, len(parts) + 1))
            found = next((prefix for prefix in prefixes if self._key(prefix) in self._links), None)
            if found is None:
                return path
            path = self._normal(self._links[self._key(found)] + path[len(found) :])
        raise MissingError(f"{path}: too many links")

    def _key(self, normal: str) -> str:
        return normal.upper() if self._family == "windows" else normal

    def _normal(self, path: str) -> str:
        if self._family == "linux":
            if not path.startswith("/"):
                raise MissingError(f"{path} is not an absolute path")
            return posixpath.normpath(path)
        return _windows_path(path)


@lru_cache(maxsize=4_096)
def _windows_path(path: str) -> str:
    """As Windows takes it; raises `MissingError`."""
    pure = PureWindowsPath(path)
    if not pure.is_absolute():
        raise MissingError(f"{path} is not an absolute path")
    parts: list[str] = []
    for part in pure.parts[1:]:
        if part == "..":
            del parts[-1:]
        elif name := part.rstrip(". "):
            parts.append(name)
    if any(map(fault_of, parts)):
        raise MissingError(f"{path} names no file")
    return pure.drive + "\\" + "\\".join(parts)


class FakeStream(io.RawIOBase):
    """An open file of a `FakeFiles`."""

    def __init__(self, files: FakeFiles, node: _Node, *, writes: bool) -> None:
        super().__init__()
        self.node = node
        self._files, self._writes, self._at = files, writes, 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return self._writes

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = offset + (0, self._at, len(self.node.content))[whence]
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer)
        piece = self.node.content[self._at : self._at + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def write(self, data: "ReadableBuffer", /) -> int:
        piece = bytes(data)
        if len(piece) > self._files.free:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._files.change()
        self._files.free -= len(piece)
        self.node.content[self._at : self._at + len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def truncate(self, size: int | None = None, /) -> int:
        self._files.change()
        del self.node.content[self._at if size is None else size :]
        return len(self.node.content)
