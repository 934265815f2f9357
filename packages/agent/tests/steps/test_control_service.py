from typing import Any

import msgspec
import pytest

from canopee_agent.errors import DeniedError, MissingError, NotSupportedError, StepError, TimedOutError
from canopee_agent.fake_services import FakeService
from canopee_agent.fakes import FakeMachine
from canopee_agent.ports import Service, ServiceState
from canopee_agent.step import Ceiling
from canopee_agent.steps.control_service import ControlService, ControlServiceParameters

OLD = Service("Ancien outil", "running", "automatic", r"C:\Program Files\Old\old.exe")
CEILING = Ceiling(services=("OldAgent", "Others"), own_folders=(r"C:\Program Files\Canopee",), timeout_s=10)


def _machine(service: FakeService | None = None, **changes: Any) -> FakeMachine:  # noqa: ANN401  fields of Service
    machine = FakeMachine("windows")
    machine.services.add("OldAgent", service or FakeService(msgspec.structs.replace(OLD, **changes)))
    return machine


def _run(machine: FakeMachine, action: str, name: str = "OldAgent", **more: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """The record and the outputs; the record is there also when the step fails."""
    parameters = msgspec.convert({"service": name, "action": action, **more}, ControlServiceParameters)
    running = ControlService().run(machine, parameters, CEILING)
    record = next(running)
    try:
        next(running)
    except StopIteration as end:
        return record, end.value
    except StepError as error:
        error.add_note(repr(record))
        raise
    raise AssertionError


def test_a_look_says_the_state_and_changes_nothing() -> None:
    machine = _machine()
    record, outputs = _run(machine, "query")
    assert (record.display_name, record.found, record.reached, outputs.changed) == (
        "Ancien outil", "running", "running", False,
    )  # fmt: skip
    assert machine.services.commands == []


@pytest.mark.parametrize("action", ["query", "stop", "disable", "delete"])
def test_a_service_that_is_missing_is_reported_and_is_no_fault(action: str) -> None:
    machine = FakeMachine("windows")
    record, outputs = _run(machine, action)
    assert (record.found, outputs.found, outputs.reached, outputs.changed) == (
        "missing",
        "missing",
        "missing",
        False,
    )


def test_a_stop_waits_until_the_service_has_stopped_and_says_both_states() -> None:
    machine = _machine(FakeService(OLD, takes_s=4))
    record, outputs = _run(machine, "stop")
    assert (record.found, record.reached, outputs.changed) == ("running", "stopped", True)
    assert 4 <= record.duration_s < 5
    assert machine.services.commands == [("stop", "OldAgent")]


@pytest.mark.parametrize(
    ("action", "changes"),
    [("stop", {"state": "stopped"}), ("start", {}), ("disable", {"start": "disabled"})],
)
def test_what_is_so_already_is_left_alone(action: str, changes: dict[str, Any]) -> None:
    machine = _machine(**changes)
    _, outputs = _run(machine, action)
    assert not outputs.changed
    assert machine.services.commands == []


def test_disabling_leaves_it_running_and_a_stopped_one_can_then_not_be_started() -> None:
    machine = _machine()
    _, outputs = _run(machine, "disable")
    assert (outputs.reached, outputs.start, outputs.changed) == ("running", "disabled", True)
    _run(machine, "stop")
    with pytest.raises(DeniedError, match="disabled"):
        _run(machine, "start")


def test_a_service_between_two_states_is_asked_again() -> None:
    starting = FakeService(msgspec.structs.replace(OLD, state="starting"), next=OLD, until=1_000_000)
    machine = _machine(starting)
    starting.until = machine.clock.monotonic() + 3
    _, outputs = _run(machine, "stop")
    assert (outputs.found, outputs.reached) == ("starting", "stopped")


def test_a_service_that_refuses_to_stop_fails_the_step_after_its_record() -> None:
    machine = _machine(FakeService(OLD, refuses_stop=True))
    with pytest.raises(DeniedError, match="stopped") as caught:
        _run(machine, "stop")
    assert "reached='running'" in caught.value.__notes__[0]


def test_the_time_limit_ends_the_step_and_says_the_state_it_was_left_in() -> None:
    machine = _machine(FakeService(OLD, takes_s=60))
    with pytest.raises(TimedOutError, match="still stopping after 10 s") as caught:
        _run(machine, "stop")
    assert "reached='stopping'" in caught.value.__notes__[0]
    assert machine.services.commands == [("stop", "OldAgent")]


def test_a_start_that_does_not_last_fails_with_the_exit_code_of_the_service() -> None:
    machine = _machine(FakeService(msgspec.structs.replace(OLD, state="stopped"), takes_s=1, exit_code=5))
    with pytest.raises(StepError, match="with 5") as caught:
        _run(machine, "start")
    assert "exit_code=5" in caught.value.__notes__[0]
    with pytest.raises(MissingError):
        _run(FakeMachine("windows"), "start")


def test_only_a_stopped_service_is_deleted() -> None:
    machine = _machine()
    with pytest.raises(StepError, match="stop it before"):
        _run(machine, "delete")
    _run(machine, "stop")
    _, outputs = _run(machine, "delete")
    assert (outputs.found, outputs.reached) == ("stopped", "missing")


def test_a_deleted_service_that_a_program_holds_open_is_said_to_be_marked() -> None:
    machine = _machine(FakeService(msgspec.structs.replace(OLD, state="stopped"), is_held=True))
    with pytest.raises(TimedOutError, match="marked for deletion"):
        _run(machine, "delete")
    assert machine.services.commands == [("delete", "OldAgent")]


@pytest.mark.parametrize("action", ["stop", "disable", "delete"])
def test_a_service_that_somebody_removes_meanwhile_is_gone_and_that_is_no_fault(action: str) -> None:
    machine = _machine(state="stopped" if action == "delete" else "running")

    def remove(call: str, name: str) -> None:
        if call == action:
            machine.services.remove(name)

    machine.services.before = remove
    _, outputs = _run(machine, action)
    assert outputs.reached == "missing"


def test_a_look_may_wait_for_what_an_uninstaller_does_after_its_end() -> None:
    machine = _machine()
    ends = machine.clock.monotonic() + 5

    def later(_call: str, name: str) -> None:
        if machine.clock.monotonic() >= ends:
            machine.services.remove(name)

    machine.services.before = later
    _, outputs = _run(machine, "query", expect=["missing"])
    assert (outputs.found, outputs.reached) == ("running", "missing")


@pytest.mark.parametrize("state", ["missing", "stopped"])
def test_a_look_fails_when_what_it_expects_does_not_come(state: ServiceState) -> None:
    with pytest.raises(TimedOutError, match="still running after 10 s"):
        _run(_machine(), "query", expect=[state])


def test_an_expectation_beside_a_command_is_refused_before_anything_is_done() -> None:
    machine = _machine()
    with pytest.raises(StepError, match="query"):
        _run(machine, "stop", expect=["stopped"])
    assert machine.services.commands == []


@pytest.mark.parametrize("name", ["Spooler", "OldAgent2", "Old", "Old*", "OldAgent ", "Other\u017f"])
def test_a_service_that_the_local_policy_does_not_name_is_not_even_looked_at(name: str) -> None:
    machine = _machine()
    machine.services.before = lambda call, _: pytest.fail(call)
    with pytest.raises(DeniedError, match="add it to services"):
        _run(machine, "query", name)


def test_the_case_of_a_name_does_not_count() -> None:
    _, outputs = _run(_machine(), "stop", "OLDAGENT")
    assert outputs.reached == "stopped"


@pytest.mark.parametrize("name", ["CanopeeAgent", "canopeeagent", "CANOPEEAGENT"])
def test_the_agents_own_service_is_refused_whatever_the_policy_names(name: str) -> None:
    parameters = ControlServiceParameters(name, "stop")
    with pytest.raises(DeniedError, match="own service"):
        next(ControlService().run(_machine(), parameters, Ceiling(services=(name,))))


@pytest.mark.parametrize(
    "command",
    [
        r'"C:\Program Files\Canopee\launcher.exe" --service', r"C:\Program Files\Canopee\launcher.exe --service",
        r"c:\PROGRAM FILES\canopee\LAUNCHER.EXE", r"C:\Link\launcher.exe",
    ],
)  # fmt: skip
def test_the_agents_own_program_is_known_under_any_name_of_a_service(command: str) -> None:
    machine = _machine(program=command)
    machine.files.write(r"C:\Program Files\Canopee\launcher.exe")
    machine.files.link(r"C:\Link", r"C:\Program Files\Canopee")
    with pytest.raises(DeniedError, match="belongs to the agent"):
        _run(machine, "stop")
    assert machine.services.commands == []


@pytest.mark.parametrize("name", ["", "a/b", "a\\b", "a\nb", "x" * 257])
def test_what_is_no_name_of_a_service_is_refused(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"service": name, "action": "query"}, ControlServiceParameters)


def test_a_machine_that_commands_no_services_skips_the_step() -> None:
    with pytest.raises(NotSupportedError):
        _run(FakeMachine("linux"), "query")
