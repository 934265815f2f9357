"""What the agent asks of the outside: capabilities, each with one adapter a platform and one in `fakes.py`.

All that a step sees is in a `Machine`; what the service needs besides is in `service_ports.py`.

Adapters raise only the errors of `errors.py`, `from` the original.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import IO, Literal, Protocol, TypeAlias

import msgspec

from canopee_kit.clock import Clock

RegistryValue: TypeAlias = str | int | bytes | tuple[str, ...]
View: TypeAlias = Literal["64", "32"]
Scope: TypeAlias = Literal["machine", "user"]


class RegistryReader(Protocol):
    r"""Reads the Windows registry; keys are written `HKLM\SOFTWARE\…` or `HKU\…`.

    Every method raises `NotSupportedError` where there is no registry, `MissingError` and `DeniedError`.
    """

    def value(self, key: str, name: str, view: View = "64") -> RegistryValue: ...

    def values(self, key: str, view: View = "64") -> Mapping[str, RegistryValue]: ...

    def subkeys(self, key: str, view: View = "64") -> Sequence[str]: ...


class Platform(msgspec.Struct, frozen=True):
    """The operating system and the machine's name."""

    family: Literal["windows", "linux"]
    name: str
    """Such as `Windows 11 Pro` or `Debian GNU/Linux 12`."""
    version: str
    """Dotted: `10.0.22631.4460`, `12.5`."""
    arch: str
    """`x86_64` or `arm64`."""
    hostname: str


class Volume(msgspec.Struct, frozen=True):
    """One mounted volume."""

    mount: str
    file_system: str
    total_bytes: int
    free_bytes: int


class NetworkCard(msgspec.Struct, frozen=True):
    """One network interface with its addresses; loopback left out."""

    name: str
    mac: str
    addresses: tuple[str, ...]


class Hardware(msgspec.Struct, frozen=True):
    """What the machine is made of; an empty text or 0 where the machine does not say."""

    maker: str
    model: str
    serial: str
    bios_version: str
    cpu_name: str
    cores: int
    threads: int
    memory_bytes: int
    volumes: tuple[Volume, ...]
    network_cards: tuple[NetworkCard, ...]


class InstalledProgram(msgspec.Struct, frozen=True):
    """One installed program, as the operating system lists it."""

    name: str
    version: str
    publisher: str
    architecture: str = ""
    """`x86_64`, `x86`, `arm64`, `all`; empty where the system does not say."""
    scope: Scope = "machine"
    """Installed for everybody, or for one user."""
    installed_on: str = ""
    """Date, as `2026-11-24`; empty where the system does not say."""


class MachineReader(Protocol):
    """Reads what the machine is; raises `DeniedError` and `BusyError`."""

    def platform(self) -> Platform: ...

    def hardware(self) -> Hardware: ...

    def software(self) -> Sequence[InstalledProgram]: ...

    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of what identifies the hardware and the installation."""
        ...

    def wall(self, at: datetime) -> datetime:
        """What the clock on the wall shows at an instant: the system's own time zone, and no zone in the answer."""
        ...


class ProgramEnd(msgspec.Struct, frozen=True):
    """How a program ended."""

    exit_code: int
    timed_out: bool
    """The time limit was reached, and the whole process tree was killed."""
    duration_s: float
    output: bytes
    """Standard output and error together: first and last half of the cap."""
    output_bytes: int
    """Bytes written in all."""


class ProgramRunner(Protocol):
    """Runs a program in a tree that can be killed whole, and that dies with the agent."""

    def run(self, argv: Sequence[str], *, timeout_s: float, max_output_bytes: int) -> ProgramEnd:
        """Run `argv` without shell, input or window.

        Raises:
            MissingError: there is no such program.
            DeniedError: the operating system does not let us start it.
        """
        ...


class Found(msgspec.Struct, frozen=True):
    """What a path names, when a link is not followed."""

    kind: Literal["file", "folder", "link", "other"]
    size: int
    """Bytes of a file; 0 for anything else."""
    volume: int
    """Only within one volume can something be renamed."""
    modified_ns: int = 0
    """When a file was written last, in nanoseconds since 1970; 0 for anything else."""


class Files(Protocol):
    """Files of the machine; paths are absolute and in the machine's own notation.

    Every method but the first three wants a final path, as `real_path` gives them; when a link is met all the same,
    `DeniedError` is raised and nothing was touched. Methods raise `MissingError`, `DeniedError`, `BusyError`
    and `NoSpaceError`; an open stream raises `OSError`.
    """

    def exists(self, path: str) -> bool: ...

    def real_path(self, path: str) -> str:
        """The path once links are followed; raises `MissingError`."""
        ...

    def look(self, path: str) -> Found:
        """What is there; raises `MissingError`."""
        ...

    def names(self, path: str) -> Sequence[str]:
        """The names in a folder, sorted."""
        ...

    def free_bytes(self, path: str) -> int:
        """Free space on the volume of the folder `path`."""
        ...

    def open(self, path: str) -> IO[bytes]:
        """A file to read; others may go on writing, renaming and deleting it. Only plain files are opened."""
        ...

    def create(self, path: str, *, is_program: bool = False) -> IO[bytes]:
        """A new file to write, that may be run if it `is_program`; raises `ExistsError`."""
        ...

    def resume(self, path: str) -> IO[bytes]:
        """A file to read and write, made when it is missing; nobody else may write it meanwhile."""
        ...

    def sync(self, stream: IO[bytes]) -> None:
        """Return once what was written to `stream` would outlast a power cut."""
        ...

    def make_folder(self, path: str) -> None:
        """Make one folder; one that is there already is left as it is."""
        ...

    def rename(self, source: str, target: str, *, overwrite: bool = False) -> None:
        """Rename a file or folder within its volume, at once and durably; only a file is overwritten.

        Raises:
            ExistsError: there is something at `target`.
        """
        ...

    def delete(self, path: str) -> None:
        """Remove a file, a link, or a folder with all it holds; nothing there is fine."""
        ...


class Download(Protocol):
    """One answer that is being received."""

    start: int
    """Place in the file of the first byte that comes: what was asked for, or 0."""
    etag: str
    """What to give to go on with the same file later; empty when the server has no strong one."""

    def __iter__(self) -> Iterator[bytes]:
        """The content, in pieces; raises `UnreachableError`, and `MismatchError` past the size."""
        ...


class Downloader(Protocol):
    """Downloads files: https, or http from this machine itself."""

    def fetch(self, wanted: "Wanted") -> AbstractContextManager[Download]:
        """Ask for a file, or for its end.

        Raises:
            MissingError: the server does not have it.
            DeniedError: it would come from a host that is not allowed, or in clear.
            MismatchError: the server says another size.
            UnreachableError: the server cannot be reached, is too slow, or asks to wait.
        """
        ...


class Wanted(msgspec.Struct, frozen=True):
    """A file to download."""

    url: str
    size: int
    """Bytes that it must have; one more is refused."""
    hosts: tuple[str, ...]
    """Hosts that may serve it, redirects included."""
    start: int = 0
    """Bytes that we already have."""
    etag: str = ""
    """Of the file whose beginning we have: when it changed, all of it comes."""
    timeout_s: float = 60.0
    """For everything, from the first word to the last byte."""
    token: str = ""
    """Bearer token of the agent's own server: it goes to no other, and no authority but the agent's own is trusted."""


class AgentRelease(msgspec.Struct, frozen=True):
    """A release of the agent, as it is signed."""

    path: str
    version: str
    platform: str
    release_seq: int
    size: int
    """Bytes of its zip."""
    sha256: str


class AgentReleases(Protocol):
    """The releases that are signed for this agent, and the slots of its installation."""

    @property
    def platform(self) -> str:
        """As releases name it, such as `win-x64`."""
        ...

    @property
    def folder(self) -> str:
        """The folder of the slots: a final path."""
        ...

    @property
    def running(self) -> str:
        """The version that runs."""
        ...

    @property
    def pending(self) -> str:
        """The version that waits for its trial, or is on it; empty when there is none."""
        ...

    @property
    def returned(self) -> str:
        """The last version that did not work here and why, as `1.1.0 unhealthy`; empty when there is none."""
        ...

    @property
    def floor(self) -> int:
        """No release with a lower `release_seq` is taken here any more."""
        ...

    def is_banned(self, version: str) -> bool:
        """Whether a version was returned here less than seven days ago."""
        ...

    def find(self, path: str) -> AgentRelease:
        """What the newest metadata sign about a release.

        Raises:
            ReleaseError: nothing, or what cannot be trusted.
            UnreachableError: the metadata cannot be fetched now.
        """
        ...

    def fetch(
        self, release: AgentRelease, start: int, etag: str, timeout_s: float
    ) -> AbstractContextManager[Download]:
        """Ask the agent's own server for the bytes of a release; raises as `Downloader.fetch`."""
        ...

    def stage(self, release: AgentRelease) -> None:
        """Have the launcher try it as soon as the agent ends; it then lies in the slot of its version.

        Raises:
            BusyError: another version is on trial.
            StepError: it cannot be.
            DiskError: the disk is full.
        """
        ...

    def prune(self, *, keep: str) -> None:
        """Remove from the folder what is neither a slot in use nor called `keep`."""
        ...


ServiceState: TypeAlias = Literal[
    "missing", "stopped", "starting", "stopping", "running", "resuming", "pausing", "paused"
]
ServiceStart: TypeAlias = Literal["automatic", "manual", "disabled", "other"]


class Service(msgspec.Struct, frozen=True):
    """A service of the operating system, as it is now."""

    display_name: str
    state: ServiceState
    start: ServiceStart
    """When the system starts it by itself; `other`: a driver's way, at boot."""
    program: str
    """The command line that it is started with."""
    exit_code: int = 0
    """How it ended last; 0 while it runs."""


class Services(Protocol):
    """The services of the machine, by name; case does not count.

    Every method raises `NotSupportedError` where services cannot be commanded, `MissingError`, `DeniedError`, and
    `BusyError` when the service takes no command just now. None waits for the state that it asks for.
    """

    def look(self, name: str) -> Service: ...

    def stop(self, name: str) -> None:
        """Ask it to stop; nothing to do when it is stopped."""
        ...

    def start(self, name: str) -> None:
        """Ask for its start; nothing to do when it is started."""
        ...

    def disable(self, name: str) -> None:
        """Nothing starts it any more, until somebody enables it."""
        ...

    def delete(self, name: str) -> None:
        """Forget it; while a program holds it open, the system goes on listing it."""
        ...


class Event(msgspec.Struct, frozen=True):
    """One event of Windows."""

    xml: str
    """As `EvtRender` writes it."""
    message: str = ""
    """What its provider makes of it; empty when it says nothing."""


class EventLogs(Protocol):
    """Event logs of Windows."""

    def read(self, channel: str, query: str) -> Iterator[Event]:
        """Events of a log that an XPath selects, the newest first.

        Raises:
            NotSupportedError: there are none on this machine.
            MissingError, DeniedError: there is no such log, or it may not be read.
        """
        ...


class OutgoingFiles(Protocol):
    """Files that the server is to have: they leave once the step that makes them has ended well."""

    def create(self, name: str) -> IO[bytes]:
        """A new file to write from its start to its end, called `name` at the server, such as `logs.zip`.

        What exceeds the budget of the order is counted, and not kept: the step then ends `over_budget`.

        Raises:
            StepError: it is no such name, or one that the step has used.
            DiskError: it cannot be made now.
        """
        ...


class Machine(Protocol):
    """All that a step may ask of the machine it runs on."""

    releases: AgentReleases | None
    """`None` for an agent that its installer did not put here; the service says which."""
    outbox: OutgoingFiles | None
    """Of the step that runs; `None` where no step does."""

    @property
    def clock(self) -> Clock: ...

    @property
    def registry(self) -> RegistryReader: ...

    @property
    def system(self) -> MachineReader: ...

    @property
    def programs(self) -> ProgramRunner: ...

    @property
    def files(self) -> Files: ...

    @property
    def downloads(self) -> Downloader: ...

    @property
    def services(self) -> Services: ...

    @property
    def events(self) -> EventLogs: ...
