"""A Windows PC with an installed agent, and the vendor's desk that publishes releases for it at a real API."""

import shutil
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from canopee.testing import Installation
from canopee_api.postgres.location import forget
from canopee_contract.people import Device, NewEnrolmentTokens
from canopee_contract.release_views import Release
from canopee_proofs.update import computer as pcs
from canopee_proofs.update.prefix import Prefix
from tools.windows.build import stamp
from tools.windows.release import write_release
from tools.wine.case import Setting, UnexpectedError, expect, wait_until

FIRST = "1.0.0"
_LIMITS = {"probation_s": 60, "silence_s": 45}
"""Shorter than on a PC, and longer than a start takes under Wine on a busy machine."""
_LONGEST_S = 240.0
_BAD = Path(pcs.__file__).parent / "bad_agent.c"


class Desk:
    """The PC and the desk; every release is for Windows."""

    def __init__(self, setting: Setting, api: Installation) -> None:
        self._setting, self._api = setting, api
        self.prefix = Prefix(setting.folder.name)
        with api.client() as client:
            token = client.mint_tokens(NewEnrolmentTokens(practice_id="FR-69-00012")).tokens[0]
            url = client.url
        self.pc = pcs.Computer(self.prefix, url, (api.home.keys / "root.json").read_bytes())
        self._config = f'server_url = "{url}"\nenrolment_token = "{token}"\n'

    def install(self) -> None:
        """Put version 1.0.0 there, and have it enrolled and online."""
        pcs.build_windows()
        self.prefix.open()
        self.pc.install()
        self.pc.limit(**_LIMITS)
        slot = self.pc.program / "slots" / FIRST
        shutil.rmtree(slot)
        stamp(pcs.BUILT / "slot", FIRST, slot)
        (self.pc.home / "agent.toml").write_text(self._config)
        (self.pc.program / "policy.toml").write_text("accept_lab_keys = true\n")
        self.pc.start()
        wait_until("the PC is enrolled", lambda: self._found() is not None, _LONGEST_S)

    def good(self, version: str) -> Path:
        """A release that works."""
        slot = self._setting.folder / "slots" / version
        slot.parent.mkdir(exist_ok=True)
        stamp(pcs.BUILT / "slot", version, slot)
        return self._release(slot, version)

    def without_dll(self, version: str) -> Path:
        """A release that lacks what its program needs."""
        path = self.good(version)
        slot = self._setting.folder / "slots" / version
        (slot / "python311.dll").unlink()
        return self._release(slot, version, path)

    def bad(self, version: str, behaviour: str) -> Path:
        """A release that passes its own test, and misbehaves once it runs (`bad_agent.c`)."""
        slot = self._setting.folder / "slots" / version
        slot.mkdir(parents=True)
        command = ["x86_64-w64-mingw32-gcc", "-Os", "-s", "-o", slot / "agent.exe", _BAD]
        subprocess.run(command, check=True)  # noqa: S603  our own source
        (slot / "behaviour.txt").write_text(behaviour)
        (slot / "version.txt").write_text(f"{version}\n")
        return self._release(slot, version)

    def publish(self, path: Path) -> None:
        """Publish a release for the whole fleet."""
        self._api.run("release", "publish", str(path))

    def release(self, version: str) -> Release:
        """Where the fleet stands with it."""
        with self._api.client() as client:
            return next(one for one in client.releases() if one.version == version)

    def device(self) -> Device:
        """The PC as the API knows it."""
        device = self._found()
        expect(device is not None, "the PC is not known")
        assert device is not None  # noqa: S101  expect() raised
        return device

    def wait_for_version(self, version: str) -> None:
        """Return once the PC runs it, for good, and the API knows it by check-in and by fact."""
        self._wait(f"{version} runs for good", lambda: self._runs(version))

    def wait_for_failure(self, version: str, *reasons: str) -> None:
        """Return once the API counts the PC among those whose update failed, for one of these reasons."""

        def is_counted() -> bool:
            return any(one.reason in reasons for one in self.release(version).failures)

        self._wait(f"{version} failed: {' or '.join(reasons)}", is_counted)

    def run_order(self) -> None:
        """Give the PC a signed order, and see it done."""
        self._api.run("run", "inventory_hardware", "--to", self.device().id, "--wait", "120")

    def _wait(self, what: str, is_true: Callable[[], bool]) -> None:
        try:
            wait_until(what, is_true, _LONGEST_S)
        except UnexpectedError as error:
            logs = f"{self.pc.log(whole=True)[-2_000:]}\n{self.pc.agent_log()[-3_000:]}"
            raise UnexpectedError(f"{error}\n{logs}") from error

    def _runs(self, version: str) -> bool:
        state, device = self.pc.slots.state(), self._found()
        is_committed = state.current == version and not state.pending
        return (
            is_committed
            and device is not None
            and device.agent_version == version == device.facts["agent.version"]
        )

    def _found(self) -> Device | None:
        with self._api.client() as client:
            return next((one for one in client.devices() if one.facts), None)

    def _release(self, slot: Path, version: str, path: Path | None = None) -> Path:
        path = path or self._setting.folder / f"canopee-agent-{version}-win-x64.zip"
        write_release(slot, version, path)
        return path


@contextmanager
def desk(setting: Setting) -> Generator[Desk]:
    """A PC that runs 1.0.0, at an API of its own; both are gone afterwards."""
    api = Installation(setting.folder / "api")
    api.up("--no-agent")
    made = Desk(setting, api)
    try:
        made.install()
        setting.say(f"{FIRST} is installed and enrolled")
        yield made
    finally:
        made.prefix.close()
        api.run("down", expect=None)
        forget(api.home.folder / "postgres")
