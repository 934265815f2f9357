"""A fleet enrols as it would at a vendor's: one installer token, PCs that wait for an approval, practices of a file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from canopee.testing import Installation
from canopee_agent.service.cli import REPAIR
from canopee_swarm.fleet import practice_of
from tools.patience import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.real]
DEVICES = 100
_LONGEST_S = 60
RULES = """
rules:
- name: practices of the customer system
  when: {practice_known: true, practices: ["FR-*"]}
  then: approve
- name: test machines
  when: {hostnames: ["TEST-*"]}
  then: reject
"""


def _agent_home(alone: Installation, folder: Path, token: str, practice: str) -> Path:
    folder.mkdir()
    with alone.client() as client:
        url = client.url
    (folder / "agent.toml").write_text(
        f'server_url = "{url}"\nenrolment_token = "{token}"\npractice_id = "{practice}"\n'
    )
    (folder / "root.json").write_bytes((alone.home.keys / "root.json").read_bytes())
    return folder


def _agent(home: Path, log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "canopee_agent", "run", "--home", str(home)], stdout=output, stderr=output
        )


def test_a_fleet_enrols_by_one_token_and_a_real_pc_waits_until_it_is_approved(
    alone: Installation, tmp_path: Path
) -> None:
    alone.up("--no-agent")
    practices = sorted({practice_of(number) for number in range(DEVICES)})
    (tmp_path / "practices.csv").write_bytes(
        "\r\n".join(["Code client;Nom;Ville", *(f"{one};Cabinet médical;Nîmes" for one in practices)]).encode(
            "cp1252"
        )
    )
    assert f"{len(practices)} created" in alone.run("practices", "import", str(tmp_path / "practices.csv"))
    assert f"{len(practices)} unchanged" in alone.run("practices", "import", str(tmp_path / "practices.csv"))
    (tmp_path / "rules.yaml").write_text(RULES)
    alone.run("enrol", "rules", "set", str(tmp_path / "rules.yaml"))
    token = alone.run(
        "enrol", "token", "--uses", str(DEVICES + 1), "--expires", "30d", "--practice-pattern", "*", "--needs-approval",
        "--label", "setup 2026",
    ).strip()  # fmt: skip

    home, log = _agent_home(alone, tmp_path / "pc", token, "BE-1000"), tmp_path / "agent.log"
    agent = _agent(home, log)
    try:
        wait_until("a PC asks to be enrolled", lambda: alone.json("enrol", "list"), _LONGEST_S)
        (waiting,) = alone.json("enrol", "list")
        assert (waiting["practice_id"], waiting["practice_known"], waiting["address"]) == (
            "BE-1000",
            False,
            "127.0.0.1",
        )
        assert waiting["reason"] == "the token needs an approval"
        assert alone.json("devices") == []
        _swarm_enrols(alone, tmp_path, token)
        assert agent.poll() is None, log.read_text()
        assert "1 PCs approved" in alone.run("enrol", "approve", waiting["id"])
        wait_until(
            "the PC is enrolled", lambda: len(alone.json("devices", "--practice", "BE-1000")) == 1, _LONGEST_S
        )
    finally:
        agent.terminate()
        agent.wait(20)
    (batch,) = alone.json("enrol", "tokens", "--all")
    assert (batch["uses"], batch["left"], batch["waiting"], batch["state"]) == (DEVICES + 1, 0, 0, "spent")
    assert {one["devices"] for one in alone.json("practices", "list")} == {5}


def _swarm_enrols(alone: Installation, folder: Path, token: str) -> None:
    """A hundred simulated PCs, all with the same token, each naming its practice."""
    (folder / "tokens").write_text("\n".join([token] * DEVICES))
    with alone.client() as client:
        url = client.url
    swarm = subprocess.Popen(
        [
            sys.executable, "-m", "canopee_swarm", "--url", url, "--folder", str(folder / "swarm"), "--root",
            str(alone.home.keys / "root.json"), "--tokens", str(folder / "tokens"), "--devices", str(DEVICES),
        ],
        env={**os.environ}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        alone.run("wait", "devices", "--at-least", str(DEVICES), "--timeout", "90")
    finally:
        swarm.terminate()
        swarm.wait(20)


def test_a_rejected_pc_ends_with_the_reason_and_stays_rejected(alone: Installation, tmp_path: Path) -> None:
    alone.up("--no-agent")
    token = alone.run("enrol", "token", "--practice", "FR-1", "--needs-approval").strip()
    home, log = _agent_home(alone, tmp_path / "pc", token, ""), tmp_path / "agent.log"
    for _ in range(2):
        agent = _agent(home, log)
        try:
            wait_until("the PC was judged", lambda: alone.json("enrol", "list", "--state", "all"), _LONGEST_S)
            alone.run("enrol", "reject", "--all-matching", "--reason", "not one of ours")
            assert agent.wait(60) == REPAIR
        finally:
            agent.kill()
            agent.wait(20)
        assert "this PC was rejected: not one of ours" in log.read_text()
        log.unlink()
    assert alone.json("devices") == []
