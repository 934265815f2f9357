"""The Debian package of the agent: built without root, installed by dpkg in a root of its own, at a real API."""

import hashlib
import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from canopee.testing import Installation
from canopee_contract.people import NewEnrolmentTokens
from tools.linux.package import build

pytestmark = [pytest.mark.journey, pytest.mark.real]
SETTINGS = "etc/canopee/agent.toml"


class Root:
    """A Debian with an empty database of packages; dpkg needs neither the rights of root nor a chroot for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("info", "updates", "triggers"):
            (folder / "var/lib/dpkg" / name).mkdir(parents=True)
        (folder / "var/lib/dpkg/status").touch()

    def dpkg(self, *arguments: str | Path) -> str:
        ended = subprocess.run(
            [
                "/usr/bin/dpkg", f"--root={self.folder}", f"--log={self.folder}/dpkg.log", "--force-not-root",
                "--force-script-chrootless", "--force-depends", *arguments,
            ],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def agent(self, *arguments: str) -> str:
        """The installed program, on the settings and the state of this root, with nothing of this process's Python."""
        slots = list((self.folder / "opt/canopee/slots").iterdir())
        assert len(slots) == 1, slots
        ended = subprocess.run(
            [slots[0] / "canopee-agent", *arguments], capture_output=True, text=True, check=False, env={}, cwd="/"
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def on_its_home(self, action: str, *more: str) -> str:
        home, state = self.folder / "etc/canopee", self.folder / "var/lib/canopee"
        return self.agent(action, *more, "--home", str(home), "--state", str(state))

    def files(self) -> set[str]:
        """What lies in the folders of the agent."""
        found = [path for place in ("opt", "etc", "var/lib/canopee") for path in (self.folder / place).rglob("*")]
        return {str(path.relative_to(self.folder)) for path in found if not path.is_dir()}


@pytest.mark.timeout(240)
def test_two_builds_of_the_same_sources_have_the_same_bytes(tmp_path: Path) -> None:
    os.umask(umask := os.umask(0o077))
    try:
        packages = [build(tmp_path / "one")]
        os.umask(0o077)
        packages.append(build(tmp_path / "two"))
    finally:
        os.umask(umask)
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in packages}) == 1


@pytest.mark.timeout(240)
def test_a_packaged_agent_is_installed_enrolled_upgraded_removed_and_purged(
    alone: Installation, tmp_path: Path
) -> None:
    root = Root(tmp_path / "root")
    root.dpkg("--install", build(tmp_path))
    etc = root.folder / "etc/canopee"
    assert (root.folder / SETTINGS).stat().st_mode & 0o077 == 0
    assert root.dpkg("--verify", "canopee-agent") == ""
    assert root.agent("--version").strip() == "0.1.0"
    assert "control_service" in {kind["name"] for kind in msgspec.json.decode(root.agent("steps"))}

    alone.up("--no-agent")
    with alone.client() as client:
        token = client.mint_tokens(NewEnrolmentTokens(practice_id="FR-69-00012")).tokens[0]
        (etc / "agent.toml").write_text(f'server_url = "{client.url}"\nenrolment_token = "{token}"\n')
        (etc / "root.json").write_bytes((alone.home.keys / "root.json").read_bytes())
        policy = (etc / "policy.toml").read_text().replace("accept_lab_keys = false", "accept_lab_keys = true")
        (etc / "policy.toml").write_text(policy)
        root.on_its_home("run", "--once")
        device = next(one for one in client.devices() if not one.simulated)
        alone.run("run", "inventory_hardware", "--to", device.id)
        root.on_its_home("run", "--once")
        collected = [
            run for run in client.runs(device=device.id) if run.pipeline.startswith("inventory_hardware@")
        ]
        assert [run.state for run in collected] == ["done"] * len(collected) != []

        key = (root.folder / "var/lib/canopee/key").read_bytes()
        root.dpkg("--install", build(tmp_path, "0.1.1"))
        assert (etc / "policy.toml").read_text() == policy
        assert (root.folder / "var/lib/canopee/key").read_bytes() == key
        assert msgspec.json.decode(root.on_its_home("status"))["device_id"] == device.id

    root.dpkg("--remove", "canopee-agent")
    assert not [path for path in root.files() if path.startswith("opt/")]
    assert {SETTINGS, "etc/canopee/policy.toml", "etc/canopee/root.json", "var/lib/canopee/key"} <= root.files()
    root.dpkg("--purge", "canopee-agent")
    assert not [path for path in root.files() if "canopee" in path]
