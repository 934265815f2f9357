r"""An in-memory machine and server, for the tests of steps, engine and service; any test may use it.

    machine = FakeMachine("windows")
    machine.registry.set(r"HKLM\SOFTWARE\Éditeur\Cabinet", "Version", "8.1.0")
    machine.programs.install(r"C:\Program Files\Cabinet\repair.exe", FakeProgram(exit_code=3))

Nothing here touches the disk, the network or the machine's clock: time passes when a program "runs".
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias, cast

import msgspec

from canopee_agent.errors import DeniedError, MissingError, NotSupportedError, StateError, UnreachableError
from canopee_agent.fake_disk import FakeFiles, Family
from canopee_agent.fake_services import FakeServices
from canopee_agent.fake_web import FakeDownloads
from canopee_agent.ports import (
    AgentReleases,
    Event,
    Hardware,
    InstalledProgram,
    NetworkCard,
    OutgoingFiles,
    Platform,
    ProgramEnd,
    RegistryValue,
    View,
    Volume,
)
from canopee_agent.service_ports import Reply, Request
from canopee_contract.codec import encode
from canopee_contract.problem import CONTENT_TYPE, Problem
from canopee_kit.clock import FakeClock

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Handler: TypeAlias = Callable[[Request], Reply]

_WINDOWS = Platform("windows", "Windows 11 Pro", "10.0.22631.4460", "x86_64", "ACCUEIL-01")
_LINUX = Platform("linux", "Debian GNU/Linux 12", "12.5", "x86_64", "accueil-01")
_HARDWARE = Hardware(
    maker="Dell Inc.",
    model="OptiPlex 7010",
    serial="5XK2P13",
    bios_version="1.18.0",
    cpu_name="Intel(R) Core(TM) i5-13500",
    cores=14,
    threads=20,
    memory_bytes=16 * 2**30,
    volumes=(Volume("C:\\", "NTFS", 512 * 10**9, 200 * 10**9),),
    network_cards=(NetworkCard("Ethernet", "a4:bb:6d:01:02:03", ("192.168.1.20",)),),
)


class FakeRegistry:
    r"""Registry values by view, key and name; the case of keys and names does not count.

    `HKLM\SOFTWARE` differs between the two views; every other key is one and the same in both.
    """

    def __init__(self, family: Family) -> None:
        self._family = family
        self._keys: dict[tuple[View, str], tuple[str, dict[str, tuple[str, RegistryValue]]]] = {}
        self._denied: set[str] = set()

    def set(self, key: str, name: str, value: RegistryValue, view: View = "64") -> None:
        """Store a value, and make its key and the keys above it."""
        parts = key.split("\\")
        for count in range(1, len(parts) + 1):
            shown = "\\".join(parts[:count])
            self._keys.setdefault(_view_of(shown, view), (shown, {}))
        self._keys[_view_of(key, view)][1][name.upper()] = (name, value)

    def deny(self, key: str) -> None:
        """Make every later read of `key`, and of the keys under it, fail."""
        self._denied.add(key.upper())

    def value(self, key: str, name: str, view: View = "64") -> RegistryValue:
        found = self._open(key, view).get(name.upper())
        if found is None:
            raise MissingError(f"{key} has no value {name!r}")
        return found[1]

    def values(self, key: str, view: View = "64") -> Mapping[str, RegistryValue]:
        return dict(self._open(key, view).values())

    def subkeys(self, key: str, view: View = "64") -> Sequence[str]:
        self._open(key, view)
        above = _view_of(key, view)
        below = [
            shown.rpartition("\\")[2]
            for (held_view, held), (shown, _) in self._keys.items()
            if held.rpartition("\\")[0] == above[1] and held_view == _view_of(shown, view)[0]
        ]
        return sorted(below, key=str.upper)

    def _open(self, key: str, view: View) -> dict[str, tuple[str, RegistryValue]]:
        if self._family != "windows":
            raise NotSupportedError("there is no registry on this machine")
        upper = key.upper()
        if any(upper == denied or upper.startswith(denied + "\\") for denied in self._denied):
            raise DeniedError(f"{key}: access is denied")
        held = self._keys.get(_view_of(key, view))
        if held is None:
            raise MissingError(f"{key} does not exist")
        return held[1]


def _view_of(key: str, view: View) -> tuple[View, str]:
    upper = key.upper()
    is_redirected = upper == r"HKLM\SOFTWARE" or upper.startswith("HKLM\\SOFTWARE\\")
    return view if is_redirected else "64", upper


class FakeProgram(msgspec.Struct, frozen=True):
    """What a program does when it is run."""

    exit_code: int = 0
    output: bytes = b""
    duration_s: float = 0.1
    effect: Callable[[Sequence[str]], None] | None = None
    """Called with the arguments, as the program runs."""


class FakePrograms:
    """Scripted programs; running one moves the clock by its duration."""

    def __init__(self, files: FakeFiles, clock: FakeClock) -> None:
        self._files = files
        self._clock = clock
        self._programs: dict[str, FakeProgram] = {}
        self.runs: list[tuple[str, ...]] = []
        """The argv of every program run."""

    def install(self, path: str, program: FakeProgram | None = None) -> None:
        """Make the file `path`, which does what `program` says when it is run."""
        self._files.write(path, b"MZ")
        self._programs[self._files.real_path(path)] = program or FakeProgram()

    def let_run(self, path: str, program: FakeProgram) -> None:
        """Let the file that will be at `path` (its final one) do what `program` says."""
        self._programs[path] = program

    def run(self, argv: Sequence[str], *, timeout_s: float, max_output_bytes: int) -> ProgramEnd:
        program = self._programs.get(self._files.real_path(argv[0]))
        if program is None:
            raise DeniedError(f"{argv[0]} is not a program")
        self.runs.append(tuple(argv))
        if program.effect is not None:
            program.effect(argv)
        timed_out = program.duration_s > timeout_s
        duration_s = min(program.duration_s, timeout_s)
        self._clock.advance(duration_s)
        kept = program.output
        if len(kept) > max_output_bytes:
            last = max_output_bytes // 2
            kept = kept[: max_output_bytes - last] + kept[len(kept) - last :]
        exit_code = -9 if timed_out else program.exit_code
        return ProgramEnd(exit_code, timed_out, duration_s, kept, len(program.output))


class FakeSystem:
    """What the machine says it is; every attribute may be replaced."""

    def __init__(self, family: Family) -> None:
        self.platform_found = _WINDOWS if family == "windows" else _LINUX
        self.hardware_found = _HARDWARE
        self.software_found: tuple[InstalledProgram, ...] = ()
        self.fingerprint_found = "f" * 64
        self.utc_offset = timedelta(hours=1)

    def platform(self) -> Platform:
        return self.platform_found

    def hardware(self) -> Hardware:
        return self.hardware_found

    def software(self) -> Sequence[InstalledProgram]:
        return self.software_found

    def fingerprint(self) -> str:
        return self.fingerprint_found

    def wall(self, at: datetime) -> datetime:
        return (at + self.utc_offset).replace(tzinfo=None)


class FakeEvents:
    """Event logs by name, the newest event first; `queries` keeps what was asked."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self.logs: dict[str, list[Event]] = {}
        self.queries: list[str] = []

    def read(self, channel: str, query: str) -> Iterator[Event]:
        if self._family != "windows":
            raise NotSupportedError("there are no event logs on this machine")
        if channel not in self.logs:
            raise MissingError(f"there is no event log {channel}")
        self.queries.append(query)
        return iter(self.logs[channel])


class FakeOutbox:
    """What a step makes for the server, in memory: `files`, by name, once each is closed."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def create(self, name: str) -> IO[bytes]:
        return cast("IO[bytes]", _Kept(self.files, name))


class _Kept(io.RawIOBase):
    """A file that is only written from its start to its end, as those that are sent."""

    def __init__(self, files: dict[str, bytes], name: str) -> None:
        super().__init__()
        self._files, self._name, self._content = files, name, bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        self._content += memoryview(data).cast("B")
        return memoryview(data).nbytes

    def close(self) -> None:
        if not self.closed:
            self._files[self._name] = bytes(self._content)
        super().close()


class FakeMachine:
    """A whole machine in memory."""

    def __init__(self, family: Family = "windows", clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.files = FakeFiles(family)
        self.registry = FakeRegistry(family)
        self.programs = FakePrograms(self.files, self.clock)
        self.system = FakeSystem(family)
        self.downloads = FakeDownloads(self.clock)
        self.services = FakeServices(family, self.clock)
        self.events = FakeEvents(family)
        self.releases: AgentReleases | None = None
        self.outgoing = FakeOutbox()
        self.outbox: OutgoingFiles | None = self.outgoing


class FakeServiceHost:
    """`ports.ServiceHost` in memory: folders are made on the real disk, `done` tells what was asked."""

    def __init__(self) -> None:
        self.is_registered = self.is_running = False
        self.done: list[str] = []

    def take_over(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.done.append(f"take over {folder.name}")

    def register(self, launcher: Path, *, is_delayed: bool) -> None:
        self.is_registered = True
        self.done.append(f"register {launcher.name}{', delayed' if is_delayed else ''}")

    def start(self) -> None:
        if not self.is_registered:
            raise StateError("there is no service")
        self.is_running = True
        self.done.append("start")

    def stop(self) -> None:
        self.is_running = False
        self.done.append("stop")

    def remove(self) -> None:
        self.is_registered = self.is_running = False
        self.done.append("remove")


class FakeSecrets:
    """`ports.Secrets` of one machine: what it sealed, another one cannot open."""

    def __init__(self, machine: str = "PC-1") -> None:
        self._mark = f"sealed by {machine}:".encode()

    def seal(self, secret: bytes) -> bytes:
        return self._mark + secret[::-1]

    def is_sealed(self, stored: bytes) -> bool:
        return stored.startswith(b"sealed by ")

    def unseal(self, stored: bytes) -> bytes:
        if not self.is_sealed(stored):
            return stored
        if not stored.startswith(self._mark):
            raise StateError("another machine sealed it")
        return stored.removeprefix(self._mark)[::-1]


class FakeAsker:
    """The user of a PC: `say` answers what `asked` shows."""

    def __init__(self) -> None:
        self.asked: dict[str, str] = {}
        """Questions on the screen, by order."""
        self.informed: list[str] = []
        self._answers: dict[str, bool] = {}

    def ask(self, order_id: str, text: str, *, within_s: float) -> None:  # noqa: ARG002  a test answers when it wants
        self.asked[order_id] = text

    def inform(self, text: str) -> None:
        self.informed.append(text)

    def answers(self) -> Mapping[str, bool]:
        taken, self._answers = self._answers, {}
        return taken

    def withdraw(self, order_id: str) -> None:
        self.asked.pop(order_id, None)

    def say(self, order_id: str, *, is_yes: bool) -> None:
        """Press Yes or No."""
        del self.asked[order_id]
        self._answers[order_id] = is_yes


class FakeServerLink:
    """The network and a server behind it: each path has a handler, which a test may write in a line.

        link.answer("/agent/v1/check-in", lambda request: json_reply(CheckInReply(...)))

    A path without handler answers 404; `cut()` makes the network fail until `mend()`.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._is_cut = False
        self.is_interrupted = False
        self.requests: list[Request] = []
        """Every request that reached the server, oldest first."""

    def answer(self, path: str, handler: Handler) -> None:
        """Let `handler` answer `path`; a path that ends in `/` stands for all those below it."""
        self._handlers[path] = handler

    def handler(self, path: str) -> Handler:
        """What answers `path` now, for a test that puts itself between."""
        return self._handlers[path]

    def cut(self) -> None:
        self._is_cut = True

    def mend(self) -> None:
        self._is_cut = False

    def send(self, request: Request) -> Reply:
        if self.is_interrupted or self._is_cut:
            raise UnreachableError("the network is cut")
        self.requests.append(request)
        folder = next(
            (path for path in self._handlers if path.endswith("/") and request.path.startswith(path)), ""
        )
        handler = self._handlers.get(request.path) or self._handlers.get(folder)
        if handler is None:
            return problem_reply(404, "not_found")
        return handler(request)

    def interrupt(self) -> None:
        self.is_interrupted = True

    def paths(self) -> list[str]:
        """The paths of the requests received, oldest first."""
        return [request.path for request in self.requests]


class FakeSupervisor:
    """Watches an agent, and keeps what it was told."""

    def __init__(self, *, is_trial: bool = False) -> None:
        self.is_trial = is_trial
        self.is_begun = self.is_healthy = self.is_ended = False
        self.expected: list[float] = []
        """Every time that was declared, in seconds."""
        self.ask_to_stop: Callable[[], None] = lambda: None
        """Ends the agent, as a service that is stopped does."""

    def begin(self, stop: Callable[[], None]) -> None:
        self.is_begun, self.ask_to_stop = True, stop

    def expect(self, within_s: float) -> None:
        self.expected.append(within_s)

    def healthy(self) -> None:
        self.is_healthy = True

    def end(self) -> None:
        self.is_ended = True


def json_reply(message: object, status: int = 200) -> Reply:
    """A reply that carries one message of the contract."""
    return Reply(status, {"content-type": "application/json"}, encode(message))


def problem_reply(
    status: int, code: str, *, detail: str = "", headers: Mapping[str, str] | None = None, at: str = ""
) -> Reply:
    """A reply that carries a problem document."""
    body = encode(Problem(code=code, title=code, status=status, detail=detail, at=at))
    return Reply(status, {"content-type": CONTENT_TYPE, **(headers or {})}, body)
