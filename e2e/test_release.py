"""A release of the agent, from its publisher to a slot, through the real API: given, taken, refused, halted."""

import json
import random
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from canopee.testing import Installation
from canopee_agent import __version__
from canopee_agent.fake_releases import a_release
from canopee_agent.linux.machine import LinuxMachine
from canopee_agent.service.agent import Agent
from canopee_agent.service.config import Home
from canopee_agent.service.link import HttpLink
from canopee_agent.slots import Slots, SlotState, text_of
from canopee_contract.people import NewEnrolmentTokens
from canopee_contract.release import Platform
from canopee_kit.clock import SystemClock

pytestmark = [pytest.mark.journey, pytest.mark.real]
PLATFORM: Platform = "linux-x64"
_GOOD = b'#!/bin/sh\ntest "$1" = selftest\n'
_BROKEN = b'#!/bin/sh\necho "a module is missing"\nexit 3\n'


class Desk:
    """Whoever publishes, and one PC with an installed agent."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.installation, self.folder = installation, folder
        self.home, self.program = folder / "agent", folder / "program"
        slot = self.program / "slots" / __version__
        for made in (self.home, slot):
            made.mkdir(parents=True)
        (slot / "agent").write_bytes(_GOOD)
        self.slots = Slots(self.program)
        self.slots.adopt(__version__)
        with installation.client() as client:
            token = client.mint_tokens(NewEnrolmentTokens(practice_id="C0001")).tokens[0]
            (self.home / "agent.toml").write_text(f'server_url = "{client.url}"\nenrolment_token = "{token}"\n')
            self.url = client.url
        (self.home / "root.json").write_bytes((installation.home.keys / "root.json").read_bytes())
        (self.program / "policy.toml").write_text("accept_lab_keys = true\n")
        self.agent = self.start()

    def start(self) -> Agent:
        """A process of the agent."""
        self.link = HttpLink(self.url)
        agent = Agent(Home(self.home, self.program), LinuxMachine(SystemClock()), self.link)
        agent.round()
        return agent

    def restart(self) -> None:
        """The agent ends, and starts again."""
        self.close()
        self.agent = self.start()

    def close(self) -> None:
        self.agent.close()
        self.link.close()

    def zip(self, version: str, agent: bytes = _GOOD, **named: bytes) -> Path:
        """A release on this disk, of more than one part of an upload."""
        noise = random.Random(version).randbytes(9_000_000)
        path = self.folder / f"canopee-agent-{version}-{PLATFORM}.zip"
        files = {"agent": agent, "lib/noise.bin": noise, "version.txt": version.encode(), **named}
        path.write_bytes(a_release(files, version, PLATFORM))
        return path

    def canopee(self, *arguments: str, expect: int = 0) -> Any:  # noqa: ANN401
        """What `canopee release …` says."""
        said = self.installation.run("release", *arguments, *(("--json",) if expect == 0 else ()), expect=expect)
        return json.loads(said) if expect == 0 else self.installation.errors

    def take(self) -> str:
        """Let the agent do what it is asked; state and code of its newest run of an update."""
        self.agent.round()
        with self.installation.client() as client:
            run = next(iter(client.runs(pipeline="update_agent")))
        return f"{run.state} {run.code}".strip()

    @property
    def held(self) -> list[str]:
        """What lies in the folder of the slots."""
        return sorted(one.name for one in (self.program / "slots").iterdir())


@pytest.fixture
def desk(alone: Installation, tmp_path: Path) -> Generator[Desk]:
    alone.up("--no-agent")
    desk = Desk(alone, tmp_path)
    yield desk
    desk.close()


@pytest.mark.timeout(300)
def test_a_release_goes_from_its_publisher_to_the_slots_of_the_fleet_and_stands_for_those_that_come(
    desk: Desk,
) -> None:
    path = desk.zip("9.1.0")
    release = desk.canopee("publish", str(path))
    assert (release["state"], release["reach_bp"], release["waiting"]) == ("standing", 10_000, 1)
    assert desk.canopee("publish", str(path)) == release  # run again: nothing is new
    assert desk.take() == "done"
    assert (desk.slots.state().pending, desk.held) == ("9.1.0", [__version__, "9.1.0"])
    slot = desk.program / "slots" / "9.1.0"
    assert (slot / "lib" / "noise.bin").read_bytes() == random.Random("9.1.0").randbytes(9_000_000)
    assert desk.canopee("show", "9.1.0")["waiting"] == 0

    now = int(SystemClock().now().timestamp())  # the launcher has returned it
    returned = SlotState(current=__version__, failed="9.1.0", reason="unhealthy", banned={"9.1.0": now})
    (desk.program / "state" / "state.ini").write_bytes(text_of(returned))
    desk.restart()
    shown = desk.canopee("show", "9.1.0")
    assert (shown["failed"], shown["failures"]) == (1, [{"reason": "returned: unhealthy", "devices": 1}])

    desk.canopee("publish", str(desk.zip("9.2.0")), "--first", "0.01%")
    assert [one["state"] for one in desk.canopee("list")] == ["standing", "standing"]
    assert desk.canopee("halt", "9.2.0")["state"] == "stopped"
    assert "was halted" in desk.canopee("publish", str(desk.zip("9.2.0")), expect=3)
    widened = desk.canopee("widen", "9.2.0", "--to", "100%")
    assert (widened["state"], widened["reach_bp"], [one["state"] for one in widened["campaigns"]]) == (
        "standing", 10_000, ["running", "aborted"],
    )  # fmt: skip
    assert {one["version"]: one["state"] for one in desk.canopee("list")} == {
        "9.2.0": "standing",
        "9.1.0": "stopped",
    }
    assert desk.take() == "done"
    assert (desk.slots.state().pending, desk.held) == ("9.2.0", [__version__, "9.2.0"])


@pytest.mark.timeout(300)
def test_what_no_pc_should_run_is_refused_by_whoever_sees_it_first(desk: Desk) -> None:
    path = desk.zip("9.1.0")
    path.rename(path.with_name("canopee-agent-9.1.1-linux-x64.zip"))
    assert "it is called" in desk.canopee(
        "publish", str(path.with_name("canopee-agent-9.1.1-linux-x64.zip")), expect=2
    )
    assert "No such file" in desk.canopee("publish", str(path), expect=2)
    path.write_bytes(b"PK" + bytes(1_000))
    assert "cannot be read" in desk.canopee("publish", str(path), expect=3)
    desk.canopee("publish", str(desk.zip("9.1.0", **{"../evil": b"x"})), expect=3)
    desk.canopee("list")

    desk.canopee("publish", str(desk.zip("9.1.0", _BROKEN)))
    assert desk.take() == "failed step.release"
    assert (desk.slots.state().pending, desk.held) == ("", [__version__])
    shown = desk.canopee("show", f"{PLATFORM}/9.1.0")
    assert shown["failures"] == [{"reason": "step.release", "devices": 1}]
    assert "other bytes" in desk.canopee("publish", str(desk.zip("9.1.0")), expect=3)

    (desk.program / "policy.toml").write_text('accept_lab_keys = true\nstep_kinds = ["collect_hardware"]\n')
    desk.restart()
    desk.canopee("publish", str(desk.zip("9.2.0")))
    assert desk.take() == "failed refused.policy_step_kind"
    assert desk.held == [__version__]
