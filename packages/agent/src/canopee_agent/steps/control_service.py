"""The step kind `control_service`."""

from collections.abc import Callable, Generator
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from canopee_agent.errors import BusyError, DeniedError, MissingError, StepError, TimedOutError
from canopee_agent.locations import is_under, pure, settled
from canopee_agent.names import is_same
from canopee_agent.ports import Machine, Service, Services, ServiceStart, ServiceState
from canopee_agent.step import Ceiling, Deadline, StepKind, clean_text

Action: TypeAlias = Literal["query", "stop", "start", "disable", "delete"]

_OWN = "CanopeeAgent"
_MISSING = Service("", "missing", "other", "")
_LOOK_S = 0.25


class ControlServiceParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which service, and what to do with it."""

    service: Annotated[
        str,
        Meta(
            description="Its name, as `sc query` shows it: not the name that people see.",
            min_length=1, max_length=256, pattern=r"^[^/\\\x00-\x1f]+$",
        ),
    ]  # fmt: skip
    action: Annotated[Action, Meta(description="`query` only looks.")]
    expect: Annotated[
        tuple[ServiceState, ...],
        Meta(
            description="`query` only: states to wait for; the step fails without one of them. None: any.",
            max_length=8,
        ),
    ] = ()


class ControlServiceRecord(msgspec.Struct, frozen=True):
    """A service as it was found, and as it was left."""

    service: Annotated[str, Meta(description="Its name.", extra={"ecs": "service.name"})]
    display_name: Annotated[str, Meta(description="The name that people see; empty when it is missing.")]
    action: Annotated[Action, Meta(description="What was asked.")]
    found: Annotated[ServiceState, Meta(description="Its state at first.")]
    found_start: Annotated[ServiceStart, Meta(description="How it was started at first.")]
    reached: Annotated[ServiceState, Meta(description="Its state at last.", extra={"ecs": "service.state"})]
    reached_start: Annotated[ServiceStart, Meta(description="How it is started at last.")]
    exit_code: Annotated[int, Meta(description="How it ended last; 0 while it runs.")]
    duration_s: Annotated[float, Meta(description="How long it took.", extra={"unit": "s"})]


class ControlServiceOutputs(msgspec.Struct, frozen=True):
    """What later steps may decide upon."""

    found: Annotated[ServiceState, Meta(description="Its state at first, `missing` when there was none.")]
    reached: Annotated[ServiceState, Meta(description="Its state at last.")]
    start: Annotated[ServiceStart, Meta(description="How it is started at last.")]
    changed: Annotated[bool, Meta(description="Whether anything is other than it was found.")]


class ControlService(StepKind[ControlServiceParameters]):
    r"""Looks at one service of Windows, stops, starts, disables or deletes it, and waits until it is so.

    The local policy must name the service in `services`; the agent's own is refused whatever it says. What is so
    already is left alone, so a second run changes nothing. A service that is missing is reported as such and fails
    only `start`. Only a stopped service is deleted: stop it first. When the time limit is reached the step ends
    `timed_out`, after its record was kept; no process is killed. On Linux the step is skipped.

    Example:
        steps:
          - id: old
            use: control_service
            with: {service: OldAgent, action: query}
          - id: stopped
            use: control_service
            when: {not: {fact: steps.old.found, op: eq, value: missing}}
            timeout_s: 90
            with: {service: OldAgent, action: stop}
          - id: gone
            use: control_service
            with: {service: OldAgent, action: query, expect: [missing]}
    """

    Parameters = ControlServiceParameters
    Record = ControlServiceRecord
    Outputs = ControlServiceOutputs
    effect: ClassVar[Literal["collect", "action"]] = "action"

    def run(
        self, machine: Machine, parameters: ControlServiceParameters, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        name, began = parameters.service, machine.clock.monotonic()
        _check_name(name, ceiling)
        found = _look(machine, name)
        _refuse_own_program(machine, name, found, ceiling)
        fault: StepError | None = None
        try:
            _reach(machine, parameters, ceiling)
        except StepError as error:
            fault = error
        reached = _look(machine, name)
        yield ControlServiceRecord(
            service=name, display_name=clean_text(found.display_name), action=parameters.action, found=found.state,
            found_start=found.start, reached=reached.state, reached_start=reached.start,
            exit_code=reached.exit_code, duration_s=round(machine.clock.monotonic() - began, 3),
        )  # fmt: skip
        if fault is not None:
            raise fault
        changed = (found.state, found.start) != (reached.state, reached.start)
        return ControlServiceOutputs(found.state, reached.state, reached.start, changed)


class _Goal(msgspec.Struct, frozen=True):
    """Where an action leads, and how to ask for it."""

    is_reached: Callable[[Service], bool]
    ask: Callable[[Services, str], None]


_GOALS: dict[Action, _Goal] = {
    "stop": _Goal(lambda now: now.state in {"stopped", "missing"}, lambda services, name: services.stop(name)),
    "start": _Goal(lambda now: now.state == "running", lambda services, name: services.start(name)),
    "disable": _Goal(
        lambda now: now.start == "disabled" or now.state == "missing",
        lambda services, name: services.disable(name),
    ),
    "delete": _Goal(lambda now: now.state == "missing", lambda services, name: services.delete(name)),
}


def _reach(machine: Machine, parameters: ControlServiceParameters, ceiling: Ceiling) -> None:
    """Ask once, and look until it is so."""
    name, action = parameters.service, parameters.action
    goal, deadline, was_asked = _goal(parameters), Deadline(machine.clock, ceiling), False
    while not goal.is_reached(now := _look(machine, name)):
        _refuse_vain(name, action, now, was_asked=was_asked)
        try:
            if not was_asked:
                goal.ask(machine.services, name)
                was_asked = True
        except BusyError:  # between two states it takes no command: it is asked again
            pass
        except MissingError:  # gone meanwhile: the next look says so
            continue
        try:
            machine.clock.sleep(min(_LOOK_S, deadline.left_s))
        except TimedOutError as error:
            raise TimedOutError(_still(name, action, now, ceiling.timeout_s)) from error


def _goal(parameters: ControlServiceParameters) -> _Goal:
    expected = parameters.expect
    if parameters.action == "query":
        return _Goal(lambda now: not expected or now.state in expected, lambda _services, _name: None)
    if expected:
        raise StepError(f"expect goes with action: query; {parameters.action} knows what to wait for")
    return _GOALS[parameters.action]


def _refuse_vain(name: str, action: Action, now: Service, *, was_asked: bool) -> None:
    if action == "start" and now.state == "missing":
        raise MissingError(f"there is no service {name}")
    if action == "start" and was_asked and now.state == "stopped":
        raise StepError(f"{name} started and ended at once, with {now.exit_code}: see its own log")
    if action == "delete" and now.state != "stopped":
        raise StepError(f"{name} is {now.state}: stop it before it is deleted")


def _still(name: str, action: Action, now: Service, waited_s: float) -> str:
    if action == "delete":
        return f"{name} is marked for deletion; it goes when no program holds it open, or as the PC starts again"
    return f"{name} was still {now.state} after {waited_s:.0f} s"


def _look(machine: Machine, name: str) -> Service:
    try:
        return machine.services.look(name)
    except MissingError:
        return _MISSING


def _check_name(name: str, ceiling: Ceiling) -> None:
    if is_same(name, _OWN, ignores_case=True):
        raise DeniedError(f"{name} is the agent's own service: no step touches it")
    if not any(is_same(name, one, ignores_case=True) for one in ceiling.services):
        raise DeniedError(f"the local policy does not let the service {name} be touched: add it to services")


def _refuse_own_program(machine: Machine, name: str, service: Service, ceiling: Ceiling) -> None:
    """The agent may be installed as a service of another name: its program gives it away."""
    program = _program_of(service.program)
    if not pure(program).is_absolute():
        return
    final = settled(machine.files, pure(program))
    if any(is_under(final, folder) for folder in ceiling.own_folders):
        raise DeniedError(f"{name} runs {final}, which belongs to the agent: no step touches it")


def _program_of(command: str) -> str:
    """The program of a command line, which Windows lets be written without quotes."""
    if command.startswith('"'):
        return command[1:].partition('"')[0]
    end = command.lower().find(".exe")
    return command[: end + 4] if end >= 0 else command.partition(" ")[0]
