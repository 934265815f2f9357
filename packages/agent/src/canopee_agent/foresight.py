"""What a run would do, found out on the real PC by its own code, with nothing changed.

A step runs as it always does, on a machine whose reading is real and whose writing is only noted: files that it makes,
moves and removes exist for the steps after it and nowhere else. Where only the real thing could tell how it goes on (a
program's exit code, the bytes of a download) the step ends there: what it would have asked for is noted.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, cast

import msgspec

from canopee_agent.errors import ExistsError, MissingError
from canopee_agent.locations import is_own_name, pure
from canopee_agent.ports import (
    AgentRelease,
    AgentReleases,
    Download,
    Downloader,
    EventLogs,
    Files,
    Found,
    Machine,
    MachineReader,
    OutgoingFiles,
    ProgramEnd,
    ProgramRunner,
    RegistryReader,
    Service,
    Services,
    Wanted,
)
from canopee_contract.report import Effect, Verb
from canopee_kit.clock import Clock

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_KEPT_BYTES = 16 * 2**20
"""Of what steps write, so that later ones can read it; beyond, nobody can tell."""


class ForeseenError(Exception):
    """Only the real run can tell how it goes on from here: all that can be foreseen was noted."""


class UnknowableError(Exception):
    """What is read would have been written by an earlier step: nobody can tell what is in it."""


class Foresight:
    """The machine of one run: `effects` is what it would do, in order."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.effects: list[Effect] = []
        self.files: Files = _Files(machine.files, self.effects)
        self.programs: ProgramRunner = _Programs(self.effects)
        self.downloads: Downloader = _Downloads(self.effects)
        self.outbox: OutgoingFiles | None = _Outbox(self.effects)
        self.services: Services = _Services(machine.services, self.effects)
        self.releases: AgentReleases | None = (
            _Releases(machine.releases, self.effects) if machine.releases else None
        )

    @property
    def clock(self) -> Clock:
        return self._machine.clock

    @property
    def registry(self) -> RegistryReader:
        return self._machine.registry

    @property
    def system(self) -> MachineReader:
        return self._machine.system

    @property
    def events(self) -> EventLogs:
        return self._machine.events

    def take(self) -> tuple[Effect, ...]:
        """What was noted since the last call."""
        taken = tuple(self.effects)
        self.effects.clear()
        return taken


class _Programs:
    """Programs that are not run."""

    def __init__(self, effects: list[Effect]) -> None:
        self._effects = effects

    def run(self, argv: Sequence[str], *, timeout_s: float, max_output_bytes: int) -> ProgramEnd:  # noqa: ARG002
        self._effects.append(Effect("run", argv[0], detail=" ".join(argv[1:])))
        raise ForeseenError


class _Downloads:
    """Files that are not asked for."""

    def __init__(self, effects: list[Effect]) -> None:
        self._effects = effects

    def fetch(self, wanted: Wanted) -> AbstractContextManager[Download]:
        self._effects.append(Effect("download", wanted.url, size_bytes=wanted.size - wanted.start))
        raise ForeseenError


class _Outbox:
    """Files that are not sent: how large they would be is noted."""

    def __init__(self, effects: list[Effect]) -> None:
        self._effects = effects

    def create(self, name: str) -> IO[bytes]:
        return cast("IO[bytes]", _Measured(lambda size: self._effects.append(Effect("send", name, size))))


class _Measured(io.RawIOBase):
    """A file whose size is all that is kept of it."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        super().__init__()
        self._tell, self._size = tell, 0

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        size = memoryview(data).nbytes
        self._size += size
        return size

    def close(self) -> None:
        if not self.closed:
            self._tell(self._size)
        super().close()


class _Releases:
    """Releases of the agent: looked up, never fetched nor staged."""

    def __init__(self, releases: AgentReleases, effects: list[Effect]) -> None:
        self._releases, self._effects = releases, effects

    @property
    def platform(self) -> str:
        return self._releases.platform

    @property
    def folder(self) -> str:
        return self._releases.folder

    @property
    def running(self) -> str:
        return self._releases.running

    @property
    def pending(self) -> str:
        return self._releases.pending

    @property
    def returned(self) -> str:
        return self._releases.returned

    @property
    def floor(self) -> int:
        return self._releases.floor

    def is_banned(self, version: str) -> bool:
        return self._releases.is_banned(version)

    def find(self, path: str) -> AgentRelease:
        return self._releases.find(path)

    def fetch(
        self,
        release: AgentRelease,
        start: int,
        etag: str,  # noqa: ARG002  nothing is asked
        timeout_s: float,  # noqa: ARG002
    ) -> AbstractContextManager[Download]:
        self._effects.append(Effect("download", release.path, size_bytes=release.size - start))
        raise ForeseenError

    def stage(self, release: AgentRelease) -> None:
        self._effects.append(Effect("update", release.version))

    def prune(self, *, keep: str) -> None:
        """Nothing goes."""


class _Services:
    """Services as they are, and as they would be once asked."""

    def __init__(self, services: Services, effects: list[Effect]) -> None:
        self._services, self._effects = services, effects
        self._asked: dict[str, Service | None] = {}

    def look(self, name: str) -> Service:
        if name.lower() not in self._asked:
            return self._services.look(name)
        if (found := self._asked[name.lower()]) is None:
            raise MissingError(f"there is no service {name}")
        return found

    def stop(self, name: str) -> None:
        self._ask("stop", name, state="stopped")

    def start(self, name: str) -> None:
        self._ask("start", name, state="running", exit_code=0)

    def disable(self, name: str) -> None:
        self._ask("disable", name, start="disabled")

    def delete(self, name: str) -> None:
        self.look(name)
        self._effects.append(Effect("delete_service", name))
        self._asked[name.lower()] = None

    def _ask(self, verb: Verb, name: str, **changes: object) -> None:
        found = self.look(name)
        self._effects.append(Effect(verb, name, detail=f"{found.state}, {found.start}"))
        self._asked[name.lower()] = msgspec.structs.replace(found, **changes)


class _Node(msgspec.Struct):
    """Something that a step would have made."""

    found: Found
    content: bytes | None = b""
    """`None`: too much to remember."""


class _Files:
    """The files of the machine under those that steps would have made, moved and removed.

    Everything is by the path that a step would see. `_moved` leads from such a path to where its content really is.
    """

    def __init__(self, files: Files, effects: list[Effect]) -> None:
        self._files, self._effects = files, effects
        self._made: dict[PurePath, _Node] = {}
        self._gone: set[PurePath] = set()
        self._moved: dict[PurePath, str] = {}
        self._room = _KEPT_BYTES

    def exists(self, path: str) -> bool:
        if pure(path) in self._made:
            return True
        real = self._real(path)
        return real is not None and self._files.exists(real)

    def real_path(self, path: str) -> str:
        if pure(path) in self._made:
            return path
        real = self._existing(path)
        return self._files.real_path(real) if real == path else path

    def look(self, path: str) -> Found:
        node = self._made.get(pure(path))
        return node.found if node else self._files.look(self._existing(path))

    def names(self, path: str) -> Sequence[str]:
        folder, real = pure(path), self._real(path)
        there = {} if real is None else {folder / name: name for name in self._real_names(folder, real)}
        for one in (*self._made, *self._moved):
            if one.parent == folder:
                there[one] = one.name
        return sorted(name for one, name in there.items() if one in self._made or self._is_there(one))

    def free_bytes(self, path: str) -> int:
        """That of the nearest folder that is really there."""
        for above in (pure(path), *pure(path).parents):
            real = self._real(str(above))
            if above not in self._made and real is not None and self._files.exists(real):
                return self._files.free_bytes(real)
        raise MissingError(f"{path} does not exist")

    def open(self, path: str) -> IO[bytes]:
        node = self._made.get(pure(path))
        if node is None:
            return self._files.open(self._existing(path))
        if node.content is None:
            raise UnknowableError(path)
        return io.BytesIO(node.content)

    def create(self, path: str, *, is_program: bool = False) -> IO[bytes]:  # noqa: ARG002  the same, run or not
        if self.exists(path):
            raise ExistsError(f"{path} exists already")
        self._check_folder(path)
        node = self._make(path, Found("file", 0, self._volume(path)))
        return _Writing(node, self._take_room)

    def resume(self, path: str) -> IO[bytes]:
        """What is there of it to read; whoever writes it has asked for something first, and was ended."""
        if self.exists(path):
            return self.open(path)
        return self.create(path)

    def sync(self, stream: IO[bytes]) -> None:
        """Nothing was written."""

    def make_folder(self, path: str) -> None:
        if self.exists(path):
            if self.look(path).kind != "folder":
                raise ExistsError(f"{path} exists already")
            return
        self._check_folder(path)
        self._make(path, Found("folder", 0, self._volume(path)))
        self._note("make_folder", path)

    def rename(self, source: str, target: str, *, overwrite: bool = False) -> None:
        found, there = self.look(source), self.exists(target)
        if there and not (overwrite and found.kind == "file" == self.look(target).kind):
            raise ExistsError(f"{target} exists already")
        size, was_hidden = self._size(source), is_own_name(pure(source).name)
        if there:
            self._remove(pure(target))
        self._shift(pure(source), pure(target), source)
        if is_own_name(pure(target).name):  # set aside, to be removed
            self._note("remove", source)
        elif was_hidden:
            self._note("replace" if there else "write", target, size)
        else:
            self._note("move", source, size, detail=target)

    def delete(self, path: str) -> None:
        if self.exists(path):
            self._note("remove", path, self._size(path))
            self._remove(pure(path))

    def _note(self, verb: Verb, path: str, size: int = 0, *, detail: str = "") -> None:
        """What stays hidden beside its final place, until it is renamed there, is nobody's business."""
        if not any(is_own_name(part) for part in pure(path).parts):
            self._effects.append(Effect(verb, path, size_bytes=size, detail=detail))

    def _make(self, path: str, found: Found) -> _Node:
        node = self._made[pure(path)] = _Node(found)
        return node

    def _check_folder(self, path: str) -> None:
        parent = str(pure(path).parent)
        if not self.exists(parent) or self.look(parent).kind != "folder":
            raise MissingError(f"{parent} is no folder")

    def _volume(self, path: str) -> int:
        return self.look(str(pure(path).parent)).volume

    def _take_room(self, size: int) -> bool:
        self._room -= size
        return self._room >= 0

    def _remove(self, path: PurePath) -> None:
        for known in (self._made, self._moved):
            for one in [one for one in known if one == path or path in one.parents]:
                del known[one]
        self._gone.add(path)

    def _shift(self, source: PurePath, target: PurePath, text: str) -> None:
        """Everything at and below `source` is at `target` from now on, and nothing at `source`."""
        real = self._real(text)
        made = {one: node for one, node in self._made.items() if one == source or source in one.parents}
        moved = {one: where for one, where in self._moved.items() if source in one.parents}
        gone = {one for one in self._gone if source in one.parents}
        is_made = source in self._made
        self._remove(source)
        self._gone -= {one for one in self._gone if target in one.parents} | {target}
        if not is_made and real is not None:
            self._moved[target] = real
        else:
            self._gone.add(target)  # nothing of what was really there shows through
        self._made |= {target / one.relative_to(source): node for one, node in made.items()}
        self._moved |= {target / one.relative_to(source): where for one, where in moved.items()}
        self._gone |= {target / one.relative_to(source) for one in gone}

    def _size(self, path: str) -> int:
        found = self.look(path)
        if found.kind != "folder":
            return found.size
        return sum(self._size(str(pure(path) / name)) for name in self.names(path))

    def _real_names(self, folder: PurePath, real: str) -> Iterator[str]:
        if folder in self._made or not self._files.exists(real):
            return
        yield from self._files.names(real)

    def _is_there(self, path: PurePath) -> bool:
        real = self._real(str(path))
        return real is not None and self._files.exists(real)

    def _existing(self, path: str) -> str:
        if (real := self._real(path)) is None:
            raise MissingError(f"{path} does not exist")
        return real

    def _real(self, path: str) -> str | None:
        """Where the content of a path really is; `None` when a step would have taken it away."""
        asked = pure(path)
        if asked in self._made:
            return None
        for above in (asked, *asked.parents):
            if above in self._moved:
                where = self._moved[above]
                return str(type(asked)(pure(where), *asked.relative_to(above).parts)) if above != asked else where
            if above in self._gone or above in self._made:
                return None
        return path


class _Writing(io.BytesIO):
    """A file being written, whose content is remembered as long as there is room."""

    def __init__(self, node: _Node, take_room: Callable[[int], bool]) -> None:
        super().__init__()
        self._node, self._take_room, self._written, self._is_kept = node, take_room, 0, True

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]
        self._written += len(data)
        self._is_kept = self._is_kept and self._take_room(len(data))
        return super().write(data) if self._is_kept else len(data)

    def close(self) -> None:
        if not self.closed:
            self._node.content = self.getvalue() if self._is_kept else None
            self._node.found = msgspec.structs.replace(self._node.found, size=self._written)
        super().close()
