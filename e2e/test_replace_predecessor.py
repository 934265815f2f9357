"""The old tool leaves a PC: the sample pipeline against a real service of Windows (Wine) and a real uninstaller."""

import os
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from canopee.testing import Installation
from canopee_client.client import Client
from canopee_contract.people import NewEnrolmentTokens, Run
from tools.wine.prefix import Prefix, windows_path

pytestmark = [pytest.mark.journey, pytest.mark.real, pytest.mark.windows]
ROOT = Path(__file__).parents[1]
DUMMY = ROOT / "packages" / "agent" / "tests" / "windows" / "data" / "predecessor.c"
NAME = "EditeurTelemaintenance"
FOLDER = r"C:\Program Files\Éditeur\Télémaintenance"
INSTALL = rf"""
import subprocess, winreg
def key(path, **values):
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_ALL_ACCESS) as handle:
        for name, value in values.items():
            winreg.SetValueEx(handle, name, 0, winreg.REG_SZ, value)
key(r'SOFTWARE\Éditeur\Télémaintenance', MachineId='TM-0042')
key(r'SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{NAME}', DisplayName='Télémaintenance', DisplayVersion='4.1',
    UninstallString=r'"{FOLDER}\uninstall.exe"')
subprocess.run(['sc.exe', 'create', '{NAME}', 'binPath=', r'"{FOLDER}\service.exe" slow', 'start=', 'auto'], check=True)
subprocess.run(['sc.exe', 'start', '{NAME}'], check=True)
"""
STATE = rf"""
import winreg
from canopee_agent.errors import MissingError
from canopee_agent.windows.services import WindowsServices
from canopee_agent.windows.registry import WindowsRegistry
try:
    print(WindowsServices().look('{NAME}').state)
except MissingError:
    print('missing')
print('Télémaintenance' in WindowsRegistry().subkeys(r'HKLM\SOFTWARE\Éditeur'))
"""


def _python(pc: Prefix, *arguments: str) -> str:
    """What the Windows Python says."""
    ended = subprocess.run(
        [ROOT / "tools" / "wine" / "python", *arguments], capture_output=True, text=True, check=False, timeout=150,
        env={**os.environ, "WINEPREFIX": str(pc.folder)},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture
def pc(tmp_path: Path) -> Generator[Prefix]:
    machine = Prefix(tmp_path / "prefix")
    machine.up()
    try:
        yield machine
    finally:
        machine.down()


def _install_dummy(pc: Prefix) -> None:
    folder = pc.path(FOLDER)
    folder.mkdir(parents=True)
    program = folder / "service.exe"
    subprocess.run(
        ["/usr/bin/x86_64-w64-mingw32-gcc", "-Os", "-s", "-municode", "-o", program, DUMMY, "-ladvapi32"],
        check=True,
    )
    shutil.copy(program, folder / "uninstall.exe")
    _python(pc, "-c", INSTALL)


def _agent_home(client: Client, alone: Installation, home: Path) -> None:
    home.mkdir()
    token = client.mint_tokens(NewEnrolmentTokens(practice_id="FR-69-00012")).tokens[0]
    (home / "agent.toml").write_text(f'server_url = "{client.url}"\nenrolment_token = "{token}"\n')
    (home / "root.json").write_bytes((alone.home.keys / "root.json").read_bytes())
    opened = [
        line.removeprefix("#").strip()
        for line in (ROOT / "catalog" / "pipelines" / "replace_predecessor.yaml").read_text("utf-8").splitlines()
        if line.startswith("#     ")
    ]
    assert len(opened) == 3
    (home / "policy.toml").write_text("\n".join(["accept_lab_keys = true", *opened]) + "\n", "utf-8")


@pytest.mark.timeout(300)
def test_the_old_tool_is_removed_once_and_its_identifier_is_on_the_api(
    alone: Installation, pc: Prefix, tmp_path: Path
) -> None:
    alone.up("--no-agent")
    _install_dummy(pc)
    assert _python(pc, "-c", STATE).split()[0] == "running"
    with alone.client() as client:
        _agent_home(client, alone, tmp_path / "agent")

        def round_of_the_agent() -> list[Run]:
            _python(pc, "-m", "canopee_agent", "run", "--once", "--home", windows_path(tmp_path / "agent"))
            return [run for run in client.runs() if run.pipeline == "replace_predecessor@1"]

        round_of_the_agent()
        device = next(one for one in client.devices() if not one.simulated)
        assert device.facts["predecessor.machine_id"] == "TM-0042"

        alone.run("run", "replace_predecessor", "--to", device.id)
        first = round_of_the_agent()[0]
        assert (first.state, [step.state for step in first.steps if step.id != "identity_file"]) == (
            "done", ["done"] * 7,
        ), first  # fmt: skip
        kept = {record.body["name"]: record.body["value"] for record in client.records(dataset="predecessor")}
        assert kept["machine_id"] == "TM-0042"
        assert _python(pc, "-c", STATE).split("\n")[:2] == ["missing", "False"]

        alone.run("run", "replace_predecessor", "--to", device.id)
        states = {run.state for run in round_of_the_agent() if run.id != first.id}
        assert states == {"skipped"}
        changes = [change.changes for change in client.facts_history(device.id)]
        assert any(
            "predecessor.machine_id" in one and one["predecessor.machine_id"].old == "TM-0042" for one in changes
        )
