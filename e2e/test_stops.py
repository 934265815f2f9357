"""Stops of every kind: nothing stays behind, nothing is lost, the next start goes on."""

import os
import signal

import msgspec
import psutil
import pytest

from canopee.home import Running
from canopee.testing import Installation
from canopee_kit.clock import SystemClock

pytestmark = [pytest.mark.journey, pytest.mark.real]


def _running(alone: Installation) -> Running:
    return msgspec.json.decode(alone.home.running.read_bytes(), type=Running)


def _wait_until_gone(running: Running) -> None:
    clock = SystemClock()
    until = clock.monotonic() + 40
    left = {running.pid, *running.pids.values()}
    while left and clock.monotonic() < until:
        left = {pid for pid in left if _is_alive(pid)}
        clock.sleep(0.1)
    assert not left


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_password_is_shown_once_and_a_second_start_goes_on_from_the_kept_state(alone: Installation) -> None:
    said = alone.up("--devices", "3")
    assert "administrator: login" in said
    alone.run("wait", "runs", "--at-least", "4", "--timeout", "60")
    before = {device["id"] for device in alone.json("devices")}
    running = _running(alone)
    alone.run("down")
    _wait_until_gone(running)
    assert "administrator: login" not in alone.up("--devices", "3")
    assert {device["id"] for device in alone.json("devices")} == before


@pytest.mark.timeout(600)
def test_a_kill_of_any_process_leaves_nothing_running_and_nothing_corrupt(alone: Installation) -> None:
    alone.up("--devices", "2")
    alone.run("wait", "runs", "--at-least", "3", "--timeout", "60")
    for victim in ("canopee", "api", "postgres", "agent"):
        running, runs = _running(alone), len(alone.json("runs"))
        os.kill(running.pid if victim == "canopee" else running.pids[victim], signal.SIGKILL)
        _wait_until_gone(running)
        alone.up("--devices", "2")
        assert len(alone.json("runs")) >= runs, victim
