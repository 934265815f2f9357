"""systemd's side of the agent, on a real socket."""

import os
import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from canopee_agent.linux.supervisor import SystemdSupervisor, is_watched
from canopee_agent.promise import Promise
from canopee_agent.service.supervised import NoSupervisor, this_supervisor
from canopee_kit.clock import FakeClock


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000")
        yield channel


def test_systemd_hears_that_the_agent_is_ready_alive_healthy_and_about_to_end(systemd: socket.socket) -> None:
    supervisor = this_supervisor(FakeClock())
    assert isinstance(supervisor, SystemdSupervisor)
    supervisor.begin(lambda: None)
    assert systemd.recv(100) == b"READY=1"
    assert systemd.recv(100) == b"WATCHDOG=1"
    supervisor.healthy()
    supervisor.end()
    heard = {systemd.recv(100)}
    while b"STOPPING=1" not in heard:
        heard.add(systemd.recv(100))
    assert b"STATUS=the server has accepted a check-in" in heard


def test_an_agent_that_does_not_keep_its_time_is_silent(systemd: socket.socket) -> None:
    clock = FakeClock()
    supervisor = SystemdSupervisor(clock)
    supervisor.expect(10)
    clock.advance(11)
    supervisor.begin(lambda: None)
    assert systemd.recv(100) == b"READY=1"
    systemd.settimeout(0.2)
    with pytest.raises(TimeoutError):
        systemd.recv(100)
    systemd.settimeout(5)
    supervisor.expect(10)
    assert systemd.recv(100) == b"WATCHDOG=1"
    supervisor.end()


def test_programs_of_steps_do_not_see_the_socket_and_one_that_is_gone_is_no_matter(systemd: socket.socket) -> None:
    supervisor = SystemdSupervisor(FakeClock())
    assert "NOTIFY_SOCKET" not in os.environ
    assert not is_watched()
    systemd.close()
    supervisor.healthy()


def test_by_hand_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert isinstance(this_supervisor(FakeClock()), NoSupervisor)


def test_a_promise_is_kept_until_its_time() -> None:
    clock = FakeClock()
    promise = Promise(clock)
    assert promise.is_kept
    promise.make(60)
    clock.advance(60)
    assert promise.is_kept
    clock.advance(0.1)
    assert not promise.is_kept
