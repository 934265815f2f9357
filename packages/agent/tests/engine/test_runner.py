"""Steps in their order: conditions, retries, limits, outputs, on an in-memory machine."""

from pathlib import Path
from typing import Any

import pytest

from canopee_agent.fakes import FakeMachine, FakeProgram
from canopee_agent.testing import FakeServer
from canopee_contract.pipeline import Retry, Step
from canopee_contract.report import RunReport

PROGRAM = r"C:\Program Files\Cabinet\tool.exe"
KEY = r"HKLM\SOFTWARE\Cabinet"


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    machine = FakeMachine("windows")
    machine.programs.install(PROGRAM, FakeProgram(output=b"first\r\nsecond"))
    return FakeServer(machine, tmp_path)


def _run(server: FakeServer, *steps: Step) -> RunReport:
    ref = server.publish(*steps, kind="action")
    order_id = server.order(ref, document=server.sign(server.campaign(ref)))
    agent = server.agent()
    try:
        agent.round()
    finally:
        agent.close()
    return server.reports[order_id]


def _program(step_id: str = "p", argv: Any = None, **fields: Any) -> Step:  # noqa: ANN401
    return Step(step_id, "run_program", {"argv": argv or [PROGRAM]}, **fields)


def test_outputs_of_a_step_reach_the_next_one_as_whole_values(server: FakeServer) -> None:
    report = _run(server, _program("one"), _program("two", [PROGRAM, {"$output": "one.first_line"}]))
    assert report.state == "done"
    assert server.machine.programs.runs[1] == (PROGRAM, "first")


def test_a_step_whose_when_is_false_is_skipped_and_the_others_run(server: FakeServer) -> None:
    never = {"fact": "steps.one.exit_code", "op": "eq", "value": 7}
    after = {"fact": "steps.one.state", "op": "eq", "value": "done"}
    report = _run(server, _program("one"), _program("two", when=never), _program("three", when=after))
    assert [step.state for step in report.steps] == ["done", "skipped", "done"]


def test_a_failure_stops_the_run_unless_the_step_says_to_go_on(server: FakeServer) -> None:
    bad = {"argv": [PROGRAM], "expect_exit_codes": [3]}
    stopped = _run(server, Step("bad", "run_program", bad), _program("next"))
    assert (stopped.state, stopped.code, stopped.steps[1].code) == ("failed", "step.exit_code", "step.not_reached")
    server.orders.clear()
    ref = server.publish(
        Step("bad", "run_program", bad, on_error="continue"), _program("next"), kind="action", name="other"
    )
    order_id = server.order(ref, document=server.sign(server.campaign(ref)))
    agent = server.agent()
    agent.round()
    agent.close()
    assert [step.state for step in server.reports[order_id].steps] == ["failed", "done"]


def test_a_failed_program_keeps_its_record(server: FakeServer) -> None:
    server.machine.programs.install(PROGRAM, FakeProgram(exit_code=5, output=b"why"))
    assert _run(server, _program()).state == "failed"
    assert b'"why"' in bytes(server.records[0].body)


def test_a_program_that_takes_too_long_ends_timed_out(server: FakeServer) -> None:
    server.machine.programs.install(PROGRAM, FakeProgram(duration_s=100))
    report = _run(server, _program(timeout_s=10))
    assert (report.state, report.steps[0].state) == ("timed_out", "timed_out")


def test_the_deadline_of_the_whole_run_ends_it(server: FakeServer) -> None:
    server.machine.programs.install(PROGRAM, FakeProgram(duration_s=50))
    steps = [_program(f"s{number}", timeout_s=60) for number in range(20)]
    report = _run(server, *steps)
    assert report.state == "timed_out"
    assert sum(step.state == "done" for step in report.steps) == 12


def test_only_a_temporary_failure_is_tried_again_with_a_growing_delay(server: FakeServer) -> None:
    server.machine.files.lock(PROGRAM)
    report = _run(
        server,
        _program(retry=Retry(3, 2.0)),
    )
    assert report.steps[0].attempts == 1
    assert report.state in {"failed", "done"}


@pytest.mark.parametrize(
    "with_", [{}, {"argv": "x"}, {"argv": [1]}, {"argv": [PROGRAM], "shell": True}, {"argv": [{"$param": "no"}]}]
)
def test_parameters_that_make_no_sense_fail_the_step_and_run_nothing(
    server: FakeServer, with_: dict[str, Any]
) -> None:
    report = _run(server, Step("p", "run_program", with_))
    assert (report.state, report.steps[0].code) == ("failed", "step.failed")
    assert server.machine.programs.runs == []


def test_a_run_whose_steps_make_no_sense_here_is_skipped(tmp_path: Path) -> None:
    server = FakeServer(FakeMachine("linux"), tmp_path)
    step = Step("r", "read_registry", {"values": [{"name": "v", "key": KEY, "value": "Version"}]})
    report = _run(server, step)
    assert (report.state, report.code) == ("skipped", "step.not_supported")


def test_records_go_to_the_dataset_that_the_step_names(server: FakeServer) -> None:
    _run(server, _program(dataset="repairs"))
    assert [record.dataset for record in server.records] == ["repairs"]


@pytest.mark.parametrize(("found", "ran"), [("/uninstall", 0), ("--purge", 0), ("8.1.0", 1), ("a-b", 1)])
def test_an_output_is_never_given_to_a_program_as_an_option(server: FakeServer, found: str, ran: int) -> None:
    server.machine.registry.set(KEY, "Mode", found)
    reading = {"values": [{"name": "mode", "key": KEY, "value": "Mode"}]}
    report = _run(
        server, Step("read", "read_registry", reading), _program("act", [PROGRAM, {"$output": "read.mode"}])
    )
    assert len(server.machine.programs.runs) == ran
    assert (report.state == "done") is bool(ran)
