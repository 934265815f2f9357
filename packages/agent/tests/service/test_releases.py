"""The releases of an installed agent: what is signed for it, the floor that never goes back, what it says."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee_agent import __version__
from canopee_agent.errors import BusyError, ReleaseError, UnreachableError
from canopee_agent.fakes import FakeMachine
from canopee_agent.ports import AgentReleases
from canopee_agent.service.agent import Agent
from canopee_agent.service.config import Home
from canopee_agent.slots import Slots, SlotState, text_of
from canopee_agent.testing import FakeServer
from canopee_trust.ed25519 import PrivateKey

PATH = "agent/win-x64/1.1.0.zip"
CONTENT = b"a release" * 20_000


class Installation:
    """An installed agent of a fake server, its slots on the disk."""

    def __init__(self, folder: Path) -> None:
        self.machine = FakeMachine("windows")
        self.server = FakeServer(self.machine, folder / "home")
        self.program = folder / "program"
        (self.server.folder / "policy.toml").rename(self._made(self.program) / "policy.toml")
        self.add(__version__)
        self.slots = Slots(self.program, self.machine.clock)
        self.slots.adopt(__version__)
        self.agent = self.start()

    def start(self) -> Agent:
        """A process of the agent that has made one round."""
        agent = Agent(Home(self.server.folder, self.program), self.machine, self.server.link)
        agent.round()
        return agent

    def add(self, version: str) -> None:
        """A slot with a program in it."""
        (self._made(self.program / "slots" / version) / "agent.exe").write_bytes(b"MZ")

    def set_state(self, state: SlotState) -> None:
        (self.program / "state" / "state.ini").write_bytes(text_of(state))

    @property
    def releases(self) -> AgentReleases:
        assert self.machine.releases is not None
        return self.machine.releases

    def release(self, number: int = 5, content: bytes = CONTENT, **changes: Any) -> None:  # noqa: ANN401
        """Publish a release, and let the agent hear of it."""
        self.server.publisher.release(content, number, **changes)
        self.agent.round()

    @staticmethod
    def _made(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@pytest.fixture
def pc(tmp_path: Path) -> Generator[Installation]:
    pc = Installation(tmp_path)
    yield pc
    pc.agent.close()


def test_a_signed_release_is_found_with_what_is_signed_about_it(pc: Installation) -> None:
    pc.release(5)
    found = pc.releases.find(PATH)
    assert (found.version, found.platform, found.release_seq, found.size) == ("1.1.0", "win-x64", 5, len(CONTENT))
    assert (pc.releases.platform, pc.releases.running) == ("win-x64", __version__)


def test_an_agent_that_is_not_installed_has_no_releases(tmp_path: Path) -> None:
    machine = FakeMachine("windows")
    agent = FakeServer(machine, tmp_path).agent()
    assert machine.releases is None
    agent.close()


@pytest.mark.parametrize("path", ["agent/win-x64/9.9.9.zip", "pipelines/action/x.1.json", "nowhere/x", ""])
def test_what_nobody_signed_as_a_release_is_refused(pc: Installation, path: str) -> None:
    pc.release(5)
    with pytest.raises(ReleaseError):
        pc.releases.find(path)


@pytest.mark.parametrize("changes", [{"more": 1}, {"min_release_seq": 9}, {"version": "x"}])
def test_what_is_signed_in_another_shape_is_refused(pc: Installation, changes: dict[str, Any]) -> None:
    pc.release(5, **changes)
    with pytest.raises(ReleaseError):
        pc.releases.find(PATH)


def test_metadata_of_releases_signed_by_another_key_are_refused(pc: Installation) -> None:
    pc.server.publisher.keys["agent"] = PrivateKey.generate()
    pc.release(5)
    with pytest.raises(ReleaseError):
        pc.releases.find(PATH)


def test_a_release_may_withdraw_those_below_it_for_good_and_for_every_later_process(pc: Installation) -> None:
    pc.release(5, min_release_seq=4)
    pc.releases.find(PATH)
    assert pc.releases.floor == 4
    pc.agent.close()
    (pc.server.folder / "state" / "floor.db").unlink()
    pc.agent = pc.start()
    assert pc.releases.floor == 4


def test_what_another_platform_withdraws_does_not_count_here(pc: Installation) -> None:
    pc.release(5)
    pc.release(9, platform="linux-x64", min_release_seq=9)
    pc.releases.find(PATH)
    assert pc.releases.floor == 0


def test_a_staged_release_raises_the_floor_and_the_launcher_finds_it(pc: Installation) -> None:
    pc.release(5)
    pc.add("1.1.0")
    pc.releases.stage(pc.releases.find(PATH))
    assert (pc.slots.state().pending, pc.releases.pending, pc.releases.floor) == ("1.1.0", "1.1.0", 5)
    with pytest.raises(BusyError):
        pc.releases.stage(pc.releases.find(PATH))


def test_a_release_is_asked_of_the_own_server_only_and_with_the_devices_token(pc: Installation) -> None:
    pc.release(5)
    found = pc.releases.find(PATH)
    with contextlib.suppress(Exception), pc.releases.fetch(found, 7, '"e"', 30.0):
        pass
    wanted = pc.machine.downloads.requests[-1]
    assert wanted.url == f"http://127.0.0.1:1/agent/v1/tuf/targets/agent/win-x64/{found.sha256}.1.1.0.zip"
    assert (wanted.hosts, wanted.start, wanted.etag, wanted.token) == (("127.0.0.1:1",), 7, '"e"', "token")


def test_metadata_that_cannot_be_fetched_now_are_no_refusal(pc: Installation) -> None:
    pc.release(5)
    pc.agent.close()
    pc.agent = pc.start()
    pc.server.link.cut()
    with pytest.raises(UnreachableError):
        pc.releases.find(PATH)


def test_an_update_that_was_returned_is_a_fact_that_the_server_hears_of(pc: Installation) -> None:
    assert "agent.update_failed" not in pc.server.facts
    pc.set_state(SlotState(current=__version__, failed="1.1.0", reason="unhealthy", banned={"1.1.0": 0}))
    pc.agent.close()
    pc.agent = pc.start()
    assert pc.server.facts["agent.update_failed"] == "1.1.0 unhealthy"
    assert pc.server.facts["agent.version"] == __version__


def test_a_ban_ends_after_a_week(pc: Installation) -> None:
    now = pc.machine.clock.now()
    pc.set_state(SlotState(current=__version__, banned={"1.1.0": int(now.timestamp())}))
    assert pc.releases.is_banned("1.1.0")
    assert not pc.releases.is_banned("1.1.1")
    pc.machine.clock.advance(7 * 86_400 + 1)
    assert not pc.releases.is_banned("1.1.0")


def test_a_state_that_cannot_be_read_says_nothing_and_stops_nothing(pc: Installation) -> None:
    for path in (pc.program / "state").iterdir():
        path.write_bytes(b"damaged")
    assert (pc.releases.pending, pc.releases.returned) == ("", "")
    pc.agent.round()


def test_what_is_in_no_slot_in_use_is_pruned(pc: Installation) -> None:
    pc.add("0.0.9")
    for name in (".tmp-1.1.0.part", ".tmp-old.part"):
        (pc.program / "slots" / name).write_bytes(b"")
    pc.releases.prune(keep=".tmp-1.1.0.part")
    assert sorted(one.name for one in (pc.program / "slots").iterdir()) == [".tmp-1.1.0.part", __version__]


def test_the_token_is_renewed_before_a_download_needs_it(pc: Installation) -> None:
    pc.release(5)
    found = pc.releases.find(PATH)
    before = pc.server.link.paths().count("/agent/v1/renew")
    pc.machine.clock.advance(3_600)
    with contextlib.suppress(Exception), pc.releases.fetch(found, 0, "", 30.0):
        pass
    assert pc.server.link.paths().count("/agent/v1/renew") == before + 1


def test_a_release_of_the_metadata_is_read_with_its_custom(pc: Installation) -> None:
    pc.release(5)
    assert msgspec.to_builtins(pc.releases.find(PATH))["path"] == PATH
