r"""A PC of a practice under Wine, on which an agent is installed, used, and removed, as its owner would."""

from pathlib import Path

import msgspec

from canopee.testing import Installation
from canopee_agent.errors import StateError
from canopee_agent.slots import Slots
from canopee_contract.log_requests import LogCode
from canopee_contract.people import Device
from tools.wine.builds import Installer
from tools.wine.case import expect, wait_until
from tools.wine.prefix import Ended, Prefix, windows_path

SERVICE = "CanopeeAgent"
PROGRAM, HOME = r"C:\Program Files\Canopee", r"C:\ProgramData\Canopee"
REFUSED = frozenset({1603 & 0xFF, 1627 & 0xFF})
"""What is left of the exit code of a refusal; the second is what Wine says where Windows says 1603."""
_POLICY = "accept_lab_keys = true\n"
_START_S = 60.0


class Pc:
    """One PC and the API that it is to be enrolled at."""

    def __init__(self, folder: Path, api: Installation, policy: str = "") -> None:
        """`policy`: more lines of its local policy."""
        folder.mkdir()
        self.prefix, self._api, self._media = Prefix(folder / "prefix"), api, folder / "media"
        self._media.mkdir()
        (self._media / "root.json").write_bytes((api.home.keys / "root.json").read_bytes())
        (self._media / "policy.toml").write_text(_POLICY + policy)
        self.program, self.home = self.prefix.path(PROGRAM), self.prefix.path(HOME)

    def install(self, installer: Installer, *answers: str) -> Ended:
        """Run an installer, silently, from a folder that holds the vendor's root too."""
        path = self._media / installer.path.name
        if not path.exists():
            path.hardlink_to(installer.path)
        if installer.kind == "msi":
            return self.prefix.run("msiexec", "/i", windows_path(path), "/qn", "/l*v", r"C:\msi.log", *answers)
        return self.prefix.run(windows_path(path), "/S", *answers)

    def uninstall(self, installer: Installer, *answers: str) -> None:
        """Remove it, as Windows would; returns once the program is gone."""
        if installer.kind == "msi":
            path = windows_path(self._media / installer.path.name)
            ended = self.prefix.run("msiexec", "/x", path, "/qn", "/l*v", r"C:\msi.log", *answers)
        else:  # it goes on in the background, from a copy of itself
            ended = self.prefix.run(PROGRAM + r"\uninstall.exe", "/S", *answers)
        expect(ended.exit_code == 0, f"the uninstallation ends with {ended.exit_code}: {ended.output}")
        wait_until("the program is removed", lambda: not self.program.exists())

    def answers(self, token: str, practice: str) -> tuple[str, ...]:
        """What a vendor's own installer tells ours."""
        return (
            f"SERVER_URL={self._api.client().url}", f"ENROLMENT_TOKEN={token}", f"PRACTICE_ID={practice}",
            "POLICY_FILE=policy.toml",
        )  # fmt: skip

    @property
    def version(self) -> str:
        """The version that runs, and that no trial may take back; empty when none does."""
        try:
            state = Slots(self.program).state()
        except StateError:
            return ""
        return "" if state.pending else state.current

    def wait_for(self, version: str) -> None:
        """Return once that version runs and is there to stay."""
        wait_until(f"version {version} runs", lambda: self.version == version, _START_S)
        state = self.prefix.service(SERVICE)
        expect(state == "RUNNING", f"the service is {state or 'not there'}")

    def device(self, practice: str) -> Device:
        """The PC as the API knows it, once it does."""
        found: list[Device] = []

        def is_known() -> bool:
            with self._api.client() as client:
                found[:] = [one for one in client.devices() if one.practice_id == practice]
            return bool(found)

        wait_until("the PC is enrolled", is_known, _START_S)
        expect(len(found) == 1, f"{len(found)} devices are enrolled where there is one PC")
        return found[0]

    def run_order(self, device: Device) -> None:
        """Give it a signed order, and see it done."""
        told = self._api.run("run", "inventory_hardware", "--to", device.id, "--wait", "60", "--json")
        states = [run["state"] for run in msgspec.json.decode(told)]
        expect(states == ["done"], f"the order given to {device.id} became {states}: {self.log()}")

    def desk(self, version: str, *words: str) -> Ended:
        """What `canopee-agent` says to the user of this PC."""
        return self.prefix.run(f"{PROGRAM}\\slots\\{version}\\agent.exe", *words)

    def code(self) -> str:
        """One that support dictates."""
        told = self._api.run(
            "logs", "code", "--pipeline", "product_logs", "--reason", "a test", "--ticket", "T-1", "--json"
        )
        return msgspec.json.decode(told, type=LogCode).code

    def log(self) -> str:
        """The last words of the agent."""
        path = self.home / "logs" / "agent.log"
        return path.read_text("utf-8", "replace")[-2_000:] if path.is_file() else "it wrote no log"

    def setup_log(self) -> str:
        """The words of the last set-ups."""
        path = self.program / "logs" / "setup.log"
        return path.read_text("utf-8") if path.is_file() else ""

    def holding(self, text: str) -> list[str]:
        """Files of the PC that hold `text`, in either encoding: where a secret was left."""
        wanted = (text.encode(), text.encode("utf-16-le"))
        files = [path for top in (self.program, self.home, self.prefix.path(r"C:\users"))
                 for path in top.rglob("*") if path.is_file() and not path.is_symlink()]  # fmt: skip
        return [str(path) for path in files if any(one in path.read_bytes() for one in wanted)]
