"""The releases that are signed for this agent, and the slots of its installation: `ports.AgentReleases`."""

from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

from canopee_agent import __version__
from canopee_agent.errors import ReleaseError, StateError
from canopee_agent.ports import AgentRelease, Download, Machine, Wanted
from canopee_agent.service.server import Server
from canopee_agent.slots import Slots, SlotState
from canopee_contract.errors import ContractError
from canopee_contract.release import platform_of, read_signed
from canopee_kit.clock import Clock
from canopee_trust.client import TrustedRepository
from canopee_trust.errors import TrustError
from canopee_trust.floor import VersionFloor
from canopee_trust.repository import TargetInfo

_ROLE, _FLOOR = "agent", "release_seq"


class InstalledReleases:
    """Those of one installation. The floor never goes back: it is kept with the versions of the signed metadata."""

    def __init__(
        self, program: Path, machine: Machine, server: Server, url: str, repository: TrustedRepository,
        floor: VersionFloor, clock: Clock,
    ) -> None:  # fmt: skip
        """`url`: the server's address, as the configuration has it."""
        self._program, self._downloads, self._server, self._url = (
            program,
            machine.downloads,
            server,
            url.rstrip("/"),
        )
        self._repository, self._floor, self._clock = repository, floor, clock
        self._slots = Slots(program, clock)
        found = machine.system.platform()
        self.platform = platform_of(found.family, found.arch)

    @property
    def folder(self) -> str:
        return str((self._program / "slots").resolve())

    @property
    def running(self) -> str:
        return __version__

    @property
    def pending(self) -> str:
        return self._state().pending

    @property
    def returned(self) -> str:
        state = self._state()
        return f"{state.failed} {state.reason}".strip()

    @property
    def floor(self) -> int:
        return self._floor.get(_FLOOR)

    def is_banned(self, version: str) -> bool:
        return self._slots.is_banned(version, self._clock.now())

    def find(self, path: str) -> AgentRelease:
        info = self._described(path)
        try:
            signed = read_signed(info.path, info.custom)
            self._raise_floor()
        except ContractError as error:
            raise ReleaseError(error.message) from error
        return AgentRelease(
            info.path, signed.version, signed.platform, signed.release_seq, info.length, info.sha256
        )

    def fetch(
        self, release: AgentRelease, start: int, etag: str, timeout_s: float
    ) -> AbstractContextManager[Download]:
        name = TargetInfo(release.path, release.size, release.sha256).served_name
        url = f"{self._url}/agent/v1/tuf/{name}"
        hosts = (urlsplit(url).netloc,)
        return self._downloads.fetch(
            Wanted(url, release.size, hosts, start, etag, timeout_s, self._server.bearer())
        )

    def stage(self, release: AgentRelease) -> None:
        self._floor.raise_to({_FLOOR: release.release_seq})
        self._slots.stage(release.version)

    def prune(self, *, keep: str) -> None:
        self._slots.prune((keep,))

    def _described(self, path: str) -> TargetInfo:
        try:
            return self._repository.describe(path)
        except TrustError as error:
            raise ReleaseError(f"{path} is not a release that is signed for agents: {error.message}") from error

    def _raise_floor(self) -> None:
        """Every release that is signed for this platform may withdraw those below it."""
        signed = [read_signed(info.path, info.custom) for info in self._repository.described_by(_ROLE)]
        lowest = max((one.min_release_seq for one in signed if one.platform == self.platform), default=0)
        self._floor.raise_to({_FLOOR: lowest})

    def _state(self) -> SlotState:
        """What the launcher knows; the version that runs and no more when it cannot be read: the launcher mends it."""
        try:
            return self._slots.state()
        except StateError:
            return SlotState(current=__version__)
