"""What holds campaigns back, from the command line: a stop of everything, freezes, windows, pace, a newer campaign."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from canopee.cli import main
from canopee.testing import Installation
from canopee_kit.clock import SystemClock
from tools.patience import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.real, pytest.mark.xdist_group("fleet")]
_LONGEST_S = 60


class Lead:
    """Somebody who leads campaigns to one simulated PC. Commands run in this process, in a moment each."""

    def __init__(self, installed: Installation, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._home, self._folder, self._capture = str(installed.home.folder), folder, capture
        with installed.client() as client:
            self.device = next(one.id for one in client.devices() if one.simulated)
        self._documents = 0

    def run(self, *arguments: str, expect: int = 0) -> str:
        """What a command says on standard output, or why it was refused."""
        self._capture.readouterr()
        code, said = main([*arguments, "--home", self._home]), self._capture.readouterr()
        assert code == expect, said
        return said.err if code else said.out

    def json(self, *arguments: str) -> Any:  # noqa: ANN401  what a command answers
        return json.loads(self.run(*arguments, "--json"))

    def draft(self, *options: str) -> str:
        """The file of a new document."""
        self._documents += 1
        file = self._folder / f"{self._documents}.yaml"
        self.run(
            "campaign", "draft", "prepare_update", "--to", self.device, "--param", "channel=stable", "--rings", "100%",
            "--reason", "a test", "--out", str(file), *options,
        )  # fmt: skip
        return str(file)

    def start(self, *options: str) -> Any:  # noqa: ANN401  a campaign
        """A campaign, drafted, approved and started."""
        file = self.draft(*options)
        self.run("campaign", "approve", file)
        return self.json("campaign", "start", file.replace(".yaml", ".signed.json"))

    def view(self, campaign: Any) -> Any:  # noqa: ANN401  as above
        return self.json("campaign", "status", campaign["id"])

    def is_done(self, campaign: Any) -> bool:  # noqa: ANN401  as above
        return bool(self.view(campaign)["states"] == {"done": 1})

    def today(self) -> datetime:
        """By the clock on the wall of the practices."""
        return SystemClock().now().astimezone(ZoneInfo("Europe/Paris"))


@pytest.fixture
def lead(
    installed: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Lead:
    monkeypatch.setenv("COLUMNS", "200")
    return Lead(installed, tmp_path, capsys)


def test_everything_stops_and_goes_on_and_everybody_is_told_why(lead: Lead) -> None:
    stopped = lead.json("stop-everything", "--reason", "8.2 breaks printing")
    try:
        assert lead.json("stop-everything", "--reason", "me too") == stopped
        assert "EVERYTHING IS STOPPED" in lead.run("status")
        held = lead.start()
        assert (held["states"], held["reason_code"]) == ({"waiting": 1}, "stopped")
        assert held["reason"].endswith(": 8.2 breaks printing")
    finally:
        assert lead.json("resume-everything") == stopped
    wait_until("it is done", lambda: lead.is_done(held), _LONGEST_S)
    assert "nothing is stopped" in lead.run("resume-everything", expect=3)
    assert "STOPPED" not in lead.run("status")


def test_a_freeze_holds_actions_back_but_for_an_emergency_until_it_is_removed(lead: Lead) -> None:
    today = lead.today()
    first, last = ((today + timedelta(days=days)).date().isoformat() for days in (-1, 1))
    freeze = lead.json("freeze", "add", "--from", first, "--to", last, "--reason", "invoicing")
    try:
        assert (freeze["state"], freeze["from"], freeze["to"]) == ("now", first, last)
        assert f"FROZEN from {first} to {last} (actions): invoicing" in lead.run("status")
        held = lead.start()
        assert (held["states"], held["reason"].startswith("frozen until ")) == ({"waiting": 1}, True)
        assert "invoicing" in lead.run("campaign", "status", held["id"])
        lead.run("run", "inventory_hardware", "--to", lead.device, "--wait", "60")
        emergency = lead.start("--through-freezes")
        wait_until("it is done", lambda: lead.is_done(emergency), _LONGEST_S)
        said = lead.run("campaign", "preview", lead.draft())
        assert "invoicing" in said
        assert "opens at" in said
        assert [one["id"] for one in lead.json("freeze", "list")] == [freeze["id"]]
        assert lead.view(held)["states"] == {"waiting": 1}
    finally:
        assert lead.json("freeze", "remove", freeze["id"])["state"] == "removed"
    wait_until("it is done", lambda: lead.is_done(held), _LONGEST_S)
    assert lead.json("freeze", "list") == []
    assert freeze["id"] in lead.run("freeze", "list", "--all")
    lead.run("freeze", "remove", freeze["id"], expect=3)
    refused = lead.run("freeze", "add", "--from", last, "--to", first, "--reason", "x", expect=3)
    assert "before it begins" in refused


def test_a_campaign_waits_for_its_window_and_the_preview_says_until_when(lead: Lead) -> None:
    opens = (lead.today() + timedelta(hours=3)).replace(second=0, microsecond=0)
    window = f"{opens:%H:%M}-{opens + timedelta(hours=1):%H:%M}"
    preview = lead.json("campaign", "preview", lead.draft("--window", window))
    assert (preview["is_open"], preview["ends_basis"]) == (False, ["windows"])
    assert datetime.fromisoformat(preview["opens_at"]) == opens
    held = lead.start("--window", window)
    assert (held["states"], held["reason_code"]) == ({"pending": 1}, "window")
    assert f"it opens on {opens:%a %H:%M}" in held["reason"]
    lead.run("campaign", "abort", held["id"])


def test_a_newer_campaign_ends_the_older_one_and_both_say_so(lead: Lead) -> None:
    older = lead.start(
        "--window", f"{lead.today() + timedelta(hours=3):%H:%M}-{lead.today() + timedelta(hours=4):%H:%M}"
    )
    newer = lead.start("--supersede")
    assert older["id"] in newer["supersedes"]
    ended = lead.view(older)
    assert (ended["state"], ended["states"], ended["superseded_by"]) == ("aborted", {"cancelled": 1}, newer["id"])
    wait_until("it is done", lambda: lead.is_done(newer), _LONGEST_S)


def test_the_pace_in_bytes_is_shown_and_one_that_no_pc_keeps_is_refused(lead: Lead) -> None:
    view = lead.start("--bytes-per-hour", "2G")
    assert (view["pace"]["bytes_per_hour"], view["pace"]["orders_this_minute"]) == (2_000_000_000, 1)
    assert view["pace"]["bytes_last_hour"] == view["pace"]["bytes_per_device"] > 0
    assert "bytes_last_hour" in lead.run("campaign", "status", view["id"])
    assert "one PC downloads" in lead.run("campaign", "submit", lead.draft("--bytes-per-hour", "1"), expect=3)
