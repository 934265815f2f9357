"""One signed order end to end on Windows: the real agent under Wine, a real registry value, a real program killed."""

import subprocess
from pathlib import Path

import msgspec
import psutil
import pytest

from canopee.testing import Installation
from canopee_contract.people import NewEnrolmentTokens

pytestmark = [pytest.mark.journey, pytest.mark.real, pytest.mark.windows]
ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".cache" / "wine" / "python" / "python.exe"
KEY = r"SOFTWARE\Éditeur\Commande"
TREE = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(611)']);"
    "time.sleep(611)"
)
PIPELINE = {
    "type": "pipeline", "spec": 1, "name": "windows_probe", "version": 1, "kind": "action", "title": "Probe",
    "steps": [
        {
            "id": "version", "use": "read_registry",
            "with": {"values": [{"name": "version", "key": f"HKLM\\{KEY}", "value": "Version"}]},
        },
        {"id": "hang", "use": "run_program", "timeout_s": 5, "with": {"argv": [], "expect_exit_codes": [0]}},
    ],
}  # fmt: skip


def _windows(path: Path) -> str:
    return "Z:" + str(path).replace("/", "\\")


def _python(*arguments: str) -> str:
    ended = subprocess.run(
        [ROOT / "tools" / "wine" / "python", *arguments], capture_output=True, text=True, check=False, timeout=150
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.timeout(300)
def test_a_signed_order_runs_on_windows_and_its_result_is_on_the_api(alone: Installation, tmp_path: Path) -> None:
    alone.up("--no-agent", "--api", "2")
    home = tmp_path / "agent"
    home.mkdir()
    with alone.client() as client:
        token = client.mint_tokens(NewEnrolmentTokens(practice_id="FR-69-00012")).tokens[0]
        (home / "agent.toml").write_text(f'server_url = "{client.url}"\nenrolment_token = "{token}"\n')
        (home / "root.json").write_bytes((alone.home.keys / "root.json").read_bytes())
        (home / "policy.toml").write_text(
            f"accept_lab_keys = true\nprogram_roots = ['{_windows(PYTHON.parent)}']\n"
            "registry_roots = ['HKLM\\SOFTWARE']\n"
        )
        _python(
            "-c",
            f"import winreg; k = winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, r'{KEY}', 0, winreg.KEY_ALL_ACCESS);"
            "winreg.SetValueEx(k, 'Version', 0, winreg.REG_SZ, '8.1.0')",
        )
        _python("-m", "canopee_agent", "run", "--once", "--home", _windows(home))
        device = next(one for one in client.devices() if one.platform == "windows" and not one.simulated)
        assert (device.practice_id, device.facts["os.family"]) == ("FR-69-00012", "windows")

        pipeline = msgspec.json.decode(msgspec.json.encode(PIPELINE))
        pipeline["steps"][1]["with"]["argv"] = [_windows(PYTHON), "-c", TREE]
        (tmp_path / "probe.yaml").write_bytes(msgspec.json.encode(pipeline))
        alone.run("publish", str(tmp_path / "probe.yaml"))
        alone.run("run", "windows_probe", "--to", device.id)
        _python("-m", "canopee_agent", "run", "--once", "--home", _windows(home))

        run = next(one for one in client.runs(device=device.id) if one.pipeline == "windows_probe@1")
        assert (run.state, [step.state for step in run.steps]) == ("timed_out", ["done", "timed_out"])
        found = {record.dataset: record.body for record in client.records(device=device.id)}
    assert (found["read_registry"]["value"], found["run_program"]["timed_out"]) == ("8.1.0", True)
    assert not [
        process
        for process in psutil.process_iter(["cmdline"])
        if "time.sleep(611)" in " ".join(process.info["cmdline"] or [])
    ]
