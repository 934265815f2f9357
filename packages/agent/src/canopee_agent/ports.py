"""What the agent asks of the outside: capabilities, each with one adapter a platform and one in `fakes.py`.

A step sees a `Machine`; the service also sees a `ServerLink` and a `Supervisor`.

Adapters raise only the errors of `errors.py`, `from` the original.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
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


class Machine(Protocol):
    """All that a step may ask of the machine it runs on."""

    releases: AgentReleases | None
    """`None` for an agent that its installer did not put here; the service says which."""

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


class Secrets(Protocol):
    """Protects a secret at rest, beyond the permissions of the file it is stored in; no step is given it."""

    def seal(self, secret: bytes) -> bytes:
        """What is stored of `secret`; raises `StateError`."""
        ...

    def is_sealed(self, stored: bytes) -> bool:
        """Whether `seal` made it; if not, an older agent stored the secret as it is."""
        ...

    def unseal(self, stored: bytes) -> bytes:
        """The secret; raises `StateError` when this machine cannot open it."""
        ...


class ServiceHost(Protocol):
    """Makes the agent a service of this machine, for its set-up; methods raise `StateError`."""

    @property
    def is_registered(self) -> bool: ...

    def take_over(self, folder: Path) -> None:
        """Make `folder` when it is missing, and its owner's alone; what somebody else made there is set aside."""
        ...

    def register(self, launcher: Path, *, is_delayed: bool) -> None:
        """Register `launcher` to start with the machine, and the source of its events."""
        ...

    def start(self) -> None:
        """Start the service, and return once it runs."""
        ...

    def stop(self) -> None:
        """Stop the service, and return once it has stopped; one that is not there is stopped."""
        ...

    def remove(self) -> None:
        """Stop the service and take it, and the source of its events, out of the machine's registers."""
        ...


class Request(msgspec.Struct, frozen=True):
    """One HTTP request to the server."""

    method: Literal["GET", "POST"]
    path: str
    """Starts with `/`; relative to the server's address."""
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout_s: float = 60.0
    """Longest silence of the server once connected."""
    is_counted: bool = False
    """It holds a counter that is good for one sending: never send it twice, the server would see a clone."""


class Reply(msgspec.Struct, frozen=True):
    """The answer to a `Request`, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class ServerLink(Protocol):
    """Carries requests to the one server of this agent; one request at a time."""

    def send(self, request: Request) -> Reply:
        """The server's answer; raises `UnreachableError` when there is none, `interrupt` included.

        A counted request on a kept connection that turns out to be cut raises `CutLinkError`: count again.
        """
        ...

    def interrupt(self) -> None:
        """End the request under way, and refuse later ones; called from another thread."""
        ...


class Supervisor(Protocol):
    """Who started this agent and watches it: the launcher on Windows, systemd on Linux, or nobody."""

    is_trial: bool
    """This version is on trial: it is committed once it is `healthy`, and stages no other."""

    def begin(self, stop: Callable[[], None]) -> None:
        """Be watched from now on; `stop` is called, from another thread, when the agent is to end."""
        ...

    def expect(self, within_s: float) -> None:
        """Declare that the main loop will declare something else within `within_s`; when it does not, it hangs."""
        ...

    def healthy(self) -> None:
        """The server has accepted a check-in of this version."""
        ...

    def end(self) -> None:
        """The agent ends by itself."""
        ...
