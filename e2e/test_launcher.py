"""The real launcher as a real service under Wine, with the real agent in its slots, against every kind of bad version.

One PC for all tests of a worker: each test begins with version 1.0.0 running and nothing staged.
"""

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from canopee_agent.slots import SlotState
from canopee_proofs.update.computer import Computer, build_windows
from canopee_proofs.update.prefix import Prefix
from canopee_proofs.update.server import UpdateServer
from tools.windows.launcher import build_launcher

pytestmark = [
    pytest.mark.journey,
    pytest.mark.real,
    pytest.mark.windows,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("launcher"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[UpdateServer]:
    opened = UpdateServer(tmp_path_factory.mktemp("server") / "home")
    opened.open()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def installed(server: UpdateServer) -> Generator[Computer]:
    build_windows()
    prefix = Prefix(f"launcher-{os.getpid()}")
    prefix.open()
    computer = Computer(prefix, server.url, server.root)
    try:
        computer.install()
        computer.add("1.1.0")
        yield computer
    finally:
        prefix.close()


@pytest.fixture
def computer(installed: Computer, server: UpdateServer) -> Generator[Computer]:
    """Version 1.0.0 runs, and has enrolled its PC."""
    server.mend()
    installed.put(SlotState(current="1.0.0"))
    installed.mark()
    installed.start()
    installed.wait_for("started 1.0.0 pid")
    installed.wait_until_enrolled()
    installed.mark()
    yield installed
    installed.stop()


def _try(computer: Computer, version: str) -> None:
    computer.mark()
    computer.slots.stage(version)
    computer.wait_for(f"started {version} .* on trial")


def _start_on_trial(computer: Computer, version: str, **limits: int) -> None:
    """As `_try`, by a service that starts with other limits."""
    computer.stop()
    computer.limit(**limits)
    computer.put(SlotState(current="1.0.0", pending=version))
    computer.mark()
    computer.start()
    computer.wait_for(f"started {version} .* on trial")
    computer.limit()


def test_a_good_version_is_committed_and_the_service_stops_cleanly(computer: Computer) -> None:
    _try(computer, "1.1.0")
    computer.wait_for("COMMIT 1.1.0")
    state = computer.slots.state()
    assert (state.current, state.previous, state.pending, state.attempts) == ("1.1.0", "1.0.0", "", 0)
    computer.stop()
    assert "agent stopped" in computer.log()
    assert computer.prefix.processes("agent.exe") == []
    assert "Traceback" not in computer.agent_log()


@pytest.mark.parametrize("behaviour", ["crash", "segv", "no-dll", "restart"])
def test_a_version_that_does_not_stay_up_is_returned_after_three_trials(
    computer: Computer, behaviour: str
) -> None:
    computer.add_bad("1.2.0", behaviour)
    _try(computer, "1.2.0")
    computer.wait_for(r"ROLLBACK 1.2.0 -> 1.0.0 \(attempts\)", "started 1.0.0")
    assert computer.log().count("started 1.2.0") == 3
    state = computer.slots.state()
    assert (state.current, state.failed, state.reason, "1.2.0" in state.banned) == (
        "1.0.0", "1.2.0", "attempts", True
    )  # fmt: skip


def test_a_version_that_never_checks_in_is_returned_once_the_server_has_answered_the_one_before_twice(
    computer: Computer,
) -> None:
    computer.add_bad("1.2.0", "mute")
    _start_on_trial(computer, "1.2.0", probation_s=2)
    computer.wait_for(
        "1.2.0 has not checked in: asking '1.0.0'", "probe by 1.0.0: 0", "WARNED 1.2.0", "probe by 1.0.0: 0"
    )
    computer.wait_for(r"ROLLBACK 1.2.0 -> 1.0.0 \(unhealthy\)", "started 1.0.0")


def test_a_server_that_answers_nobody_returns_no_version(computer: Computer, server: UpdateServer) -> None:
    server.cut()
    _start_on_trial(computer, "1.1.0", probation_s=8)
    computer.wait_for("probe by 1.0.0: 1", "EXTENDED trial of 1.1.0", "started 1.1.0")
    server.mend()
    computer.wait_for("COMMIT 1.1.0")
    assert "ROLLBACK" not in computer.log()


def test_a_version_that_hangs_is_killed_after_its_silence_and_returned(computer: Computer) -> None:
    computer.add_bad("1.2.0", "hang")
    _start_on_trial(computer, "1.2.0", silence_s=2)
    computer.wait_for("1.2.0 was silent", r"ROLLBACK 1.2.0 -> 1.0.0 \(attempts\)", "started 1.0.0")


def test_a_committed_version_that_crashes_in_a_loop_gives_way(computer: Computer) -> None:
    computer.add_bad("1.2.0", "late")
    _try(computer, "1.2.0")
    computer.wait_for("COMMIT 1.2.0", r"LATE ROLLBACK 1.2.0 -> 1.0.0 \(crashloop\)", "started 1.0.0")
    assert computer.slots.state().reason == "crashloop"


def test_a_slot_that_is_not_there_is_returned_at_once(computer: Computer) -> None:
    computer.stop()
    computer.put(SlotState(current="1.0.0", pending="1.7.0"))
    computer.mark()
    computer.start()
    computer.wait_for(r"ROLLBACK 1.7.0 -> 1.0.0 \(missing\)", "started 1.0.0")


def test_cuts_during_a_trial_are_counted_on_disk(computer: Computer) -> None:
    computer.add_bad("1.2.0", "mute")
    _try(computer, "1.2.0")
    for attempt in (1, 2, 3):
        state = computer.slots.state()
        assert (state.pending, state.attempts) == ("1.2.0", attempt)
        computer.prefix.cut()
        computer.mark()
        computer.prefix.start()
        computer.wait_for("started")
    computer.wait_for(r"ROLLBACK 1.2.0 -> 1.0.0 \(attempts\)", "started 1.0.0")


def test_an_ordered_stop_gives_the_attempt_back_and_what_ignores_it_is_killed(computer: Computer) -> None:
    computer.add_bad("1.2.0", "mute")
    _try(computer, "1.2.0")
    computer.stop()
    assert computer.slots.state().attempts == 0
    computer.add_bad("1.3.0", "slow")
    computer.put(SlotState(current="1.3.0", previous="1.0.0"))
    computer.mark()
    computer.start()
    computer.wait_for("started 1.3.0")
    computer.stop()
    assert "agent KILLED" in computer.log()
    assert computer.prefix.processes("agent.exe") == []
    computer.start()


def test_a_disk_that_takes_nothing_lets_nothing_be_tried_until_it_does(computer: Computer) -> None:
    in_the_way = computer.program / "state" / "state.ini.tmp"
    in_the_way.mkdir()
    computer.mark()
    computer.slots.stage("1.1.0")
    computer.wait_for("state.ini cannot be written", "started 1.0.0", "ended 75", "started 1.0.0")
    in_the_way.rmdir()
    computer.wait_for("started 1.1.0 .* on trial", "COMMIT 1.1.0")


def test_an_agent_does_not_outlive_its_launcher(computer: Computer) -> None:
    for pid in computer.prefix.processes("launcher.exe"):
        os.kill(pid, signal.SIGKILL)
    computer.wait_until_gone("agent.exe")
    computer.start()
    computer.wait_for("started 1.0.0")


def test_lost_states_are_mended(computer: Computer) -> None:
    computer.stop()
    state = computer.program / "state" / "state.ini"
    state.write_bytes(state.read_bytes().replace(b"1.0.0", b"1.1.0"))
    computer.mark()
    computer.start()
    computer.wait_for("its copy says 1.0.0", "started 1.0.0")
    computer.stop()
    for path in state.parent.iterdir():
        path.unlink()
    for folder in (computer.program / "slots").iterdir():
        if folder.name not in {"1.0.0", "1.1.0"}:
            (folder / "agent.exe").unlink()
    computer.mark()
    computer.start()
    computer.wait_for("are lost or damaged", "started 1.1.0 .* on trial", "COMMIT 1.1.0")


def test_a_launcher_that_runs_is_replaced_by_a_newer_one_and_by_no_other(
    computer: Computer, tmp_path: Path
) -> None:
    script = (
        "import sys; from pathlib import Path; from canopee_agent.launcher import replace_launcher;"
        r"print(replace_launcher(Path(sys.argv[1]), Path(r'C:\Program Files\Canopee')))"
    )
    assert computer.prefix.python(script, computer.program / "slots" / "1.0.0" / "launcher.exe") == "False"
    build_launcher(tmp_path / "newer.exe", "1.0.1")
    assert computer.prefix.python(script, tmp_path / "newer.exe") == "True"
    assert computer.prefix.processes("agent.exe")
    computer.stop()
    assert computer.prefix.run(r"C:\Program Files\Canopee\launcher.exe", "--version").stdout.strip() == "1.0.1"
    computer.mark()
    computer.start()
    computer.wait_for("started 1.0.0")
