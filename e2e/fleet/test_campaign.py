"""A campaign as an operator leads it: drafted, approved, started, watched, held, resumed, ended."""

from pathlib import Path

import pytest

from canopee.testing import Installation

pytestmark = [pytest.mark.journey, pytest.mark.real, pytest.mark.xdist_group("fleet")]


def test_a_campaign_reaches_its_pilot_first_and_is_held_resumed_and_ended(
    installed: Installation, tmp_path: Path
) -> None:
    devices = installed.json("devices")
    pilot = next(one["id"] for one in devices if not one["simulated"])
    document, signed = tmp_path / "prepare.yaml", tmp_path / "prepare.signed.json"
    installed.run(
        "campaign", "draft", "prepare_update", "--to", "all", "--param", "channel=stable", "--rings", "0.01%,100%",
        "--pilot", pilot, "--reason", "a test", "--out", str(document),
    )  # fmt: skip
    installed.run(
        "campaign", "draft", "prepare_update", "--to", "all", "--reason", "x", "--out", str(document), expect=2
    )
    installed.run("campaign", "start", str(document), expect=2)
    assert "a test" in installed.run("campaign", "approve", str(document))
    started = installed.json("campaign", "start", str(signed))
    assert [(ring["is_open"], sum(ring["states"].values())) for ring in started["rings"]] == [
        (True, 1),
        (False, 12),
    ]
    assert (started["total"], started["states"]["waiting"]) == (13, 12)

    installed.run("wait", "runs", "--at-least", "1", "--timeout", "30")
    for verb, state in (("pause", "paused"), ("resume", "running"), ("abort", "aborted")):
        assert installed.json("campaign", verb, started["id"])["state"] == state
    ended = installed.json("campaign", "status", started["id"])
    assert sum(ended["states"].values()) == ended["total"] == 13
    assert "waiting" not in ended["states"]
    assert started["id"] in {one["id"] for one in installed.json("campaign", "list")}
    installed.run("campaign", "resume", started["id"], expect=3)
    assert "is over, or was stopped" in installed.errors
