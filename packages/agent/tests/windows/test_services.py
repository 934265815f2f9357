"""The service manager, with a real service: the dummy of `data/predecessor.c`, which `tools/wine/test` builds."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Generator

import pytest

from canopee_agent.errors import DeniedError, MissingError, StepError, TimedOutError
from canopee_agent.step import Ceiling
from canopee_agent.steps.control_service import (
    Action,
    ControlService,
    ControlServiceParameters,
    ControlServiceRecord,
)
from canopee_kit.clock import SystemClock

assert sys.platform == "win32"

from canopee_agent.windows.machine import WindowsMachine  # noqa: E402

PROGRAM = os.environ["CANOPEE_TEST_PREDECESSOR"]
MACHINE = WindowsMachine(SystemClock())
Install = Callable[..., str]


def _sc(*arguments: str) -> int:
    return subprocess.run(["sc.exe", *arguments], capture_output=True, check=False).returncode  # noqa: S607


@pytest.fixture
def install() -> Generator[Install]:
    names: list[str] = []

    def create(mode: str = "", start: str = "demand") -> str:
        names.append(name := f"Canopee-{uuid.uuid4().hex[:8]}")
        assert (
            _sc("create", name, "binPath=", f'"{PROGRAM}" {mode}', "start=", start, "DisplayName=", f"É {name}")
            == 0
        )
        return name

    yield create
    for name in names:
        _sc("stop", name)
        _sc("delete", name)


def _control(name: str, action: Action, timeout_s: float = 30) -> ControlServiceRecord:
    running = ControlService().run(
        MACHINE, ControlServiceParameters(name, action), Ceiling(services=(name,), timeout_s=timeout_s)
    )
    records = list(running)
    assert isinstance(records[0], ControlServiceRecord)
    return records[0]


def test_a_service_is_shown_as_the_manager_knows_it(install: Install) -> None:
    name = install("slow", "auto")
    found = MACHINE.services.look(name.upper())
    assert (found.display_name, found.state, found.start) == (f"É {name}", "stopped", "automatic")
    assert found.program == f'"{PROGRAM}" slow'


def test_the_whole_life_of_a_service(install: Install) -> None:
    name = install()
    assert _control(name, "start").reached == "running"
    assert _control(name, "start").found == "running"
    disabled = _control(name, "disable")
    assert (disabled.found_start, disabled.reached_start, disabled.reached) == ("manual", "disabled", "running")
    assert _control(name, "stop").reached == "stopped"
    with pytest.raises(DeniedError, match="disabled"):
        _control(name, "start")
    assert _control(name, "delete").reached == "missing"
    assert [_control(name, action).found for action in ("query", "stop", "disable", "delete")] == ["missing"] * 4


def test_a_slow_stop_is_waited_for(install: Install) -> None:
    name = install("slow")
    _control(name, "start")
    record = _control(name, "stop")
    assert record.reached == "stopped"
    assert record.duration_s >= 1.5


def test_a_stop_that_takes_too_long_is_left_behind(install: Install) -> None:
    name = install("slow")
    _control(name, "start")
    with pytest.raises(TimedOutError, match="still stopping"):
        _control(name, "stop", timeout_s=0.5)


def test_a_service_that_takes_no_stop_is_not_stopped(install: Install) -> None:
    name = install("deaf")
    _control(name, "start")
    with pytest.raises(DeniedError, match="does not let itself be stopped"):
        _control(name, "stop")
    assert MACHINE.services.look(name).state == "running"


def test_a_service_that_ends_as_it_starts_gives_its_own_exit_code(install: Install) -> None:
    name = install("fails")
    with pytest.raises(StepError, match="with 5"):
        _control(name, "start")


def test_what_is_no_service_is_missing() -> None:
    for name in ("Canopee-nothing", "x" * 300, "é\u2014", " "):
        with pytest.raises(MissingError):
            MACHINE.services.look(name)
