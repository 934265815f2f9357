"""An agent that is watched: what it tells, when it makes room for a staged version, and when it does not."""

import threading
from pathlib import Path

import pytest

from canopee_agent.errors import RejectedError, StateError, UnreachableError
from canopee_agent.fakes import FakeMachine, FakeProgram, FakeSupervisor, json_reply, problem_reply
from canopee_agent.service.agent import RESTART, Agent
from canopee_agent.service.config import Home
from canopee_agent.service.probe import probe
from canopee_agent.service.supervised import SupervisedLink
from canopee_agent.service_ports import Reply, Request
from canopee_agent.slots import Slots
from canopee_agent.testing import FakeServer
from canopee_contract.pipeline import Step
from canopee_contract.report import RunsReply

REPAIR = r"C:\Program Files\Cabinet\repair.exe"


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    machine = FakeMachine("windows")
    machine.programs.install(REPAIR, FakeProgram())
    return FakeServer(machine, tmp_path / "home")


@pytest.fixture
def slots(tmp_path: Path, server: FakeServer) -> Slots:
    """An installation where 1.0.0 runs and 1.1.0 is unpacked."""
    for version in ("1.0.0", "1.1.0"):
        (tmp_path / "slots" / version).mkdir(parents=True)
        (tmp_path / "slots" / version / "agent.exe").write_bytes(b"MZ")
    found = Slots(tmp_path, server.machine.clock)
    found.adopt("1.0.0")
    return found


def _agent(server: FakeServer, supervisor: FakeSupervisor, program: Path | None = None) -> Agent:
    return Agent(Home(server.folder, program), server.machine, server.link, supervisor=supervisor)


def _run(agent: Agent) -> int:
    """`run` to its end, in a thread, so that an agent that goes on for ever fails one test only."""
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(agent.run()), daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    agent.close()
    return codes[0]


def test_an_agent_is_healthy_once_the_server_has_accepted_a_check_in(server: FakeServer) -> None:
    supervisor = FakeSupervisor(is_trial=True)
    agent = _agent(server, supervisor)
    server.link.cut()
    with pytest.raises(UnreachableError):
        agent.round()
    assert not supervisor.is_healthy
    server.link.mend()
    agent.round()
    agent.close()
    assert (supervisor.is_healthy, supervisor.is_ended) == (True, True)


def test_enrolment_alone_proves_nothing(server: FakeServer) -> None:
    supervisor = FakeSupervisor(is_trial=True)
    server.link.answer("/agent/v1/check-in", lambda _: problem_reply(503, "busy"))
    agent = _agent(server, supervisor)
    with pytest.raises(UnreachableError):
        agent.round()
    agent.close()
    assert not supervisor.is_healthy


def test_who_watches_the_agent_can_stop_it(server: FakeServer) -> None:
    supervisor = FakeSupervisor()

    def check_in(_: Request) -> Reply:
        supervisor.ask_to_stop()
        return problem_reply(503, "busy")

    server.link.answer("/agent/v1/check-in", check_in)
    assert _run(_agent(server, supervisor)) == 0
    assert supervisor.is_begun


def test_a_staged_version_ends_the_agent_so_that_it_is_tried(
    server: FakeServer, slots: Slots, tmp_path: Path
) -> None:
    inner = server.link.handler("/agent/v1/check-in")

    def check_in(request: Request) -> Reply:
        slots.stage("1.1.0")
        return inner(request)

    server.link.answer("/agent/v1/check-in", check_in)
    assert _run(_agent(server, FakeSupervisor(), tmp_path)) == RESTART
    assert server.link.paths().count("/agent/v1/check-in") == 1


def test_reports_that_wait_hold_a_staged_version_back_but_not_for_ever(
    server: FakeServer, slots: Slots, tmp_path: Path
) -> None:
    server.order(server.publish(Step("hardware", "collect_hardware")))
    refused: list[float] = []
    clock = server.machine.clock

    def take_no_report(_: Request) -> Reply:
        refused.append(clock.monotonic())
        if slots.state().pending == "":
            slots.stage("1.1.0")
        clock.advance(300)
        return json_reply(RunsReply(()))

    server.link.answer("/agent/v1/runs", take_no_report)
    assert _run(_agent(server, FakeSupervisor(), tmp_path)) == RESTART
    assert refused[-1] - refused[0] >= 600


def test_a_version_on_trial_does_not_make_room_for_itself(
    server: FakeServer, slots: Slots, tmp_path: Path
) -> None:
    slots.stage("1.1.0")
    supervisor = FakeSupervisor(is_trial=True)
    inner = server.link.handler("/agent/v1/check-in")

    def check_in(request: Request) -> Reply:
        supervisor.ask_to_stop()
        return inner(request)

    server.link.answer("/agent/v1/check-in", check_in)
    assert _run(_agent(server, supervisor, tmp_path)) == 0


def test_a_version_that_was_on_trial_and_is_committed_makes_room_for_the_next(
    server: FakeServer, slots: Slots, tmp_path: Path
) -> None:
    (tmp_path / "slots" / "1.2.0").mkdir()
    (tmp_path / "slots" / "1.2.0" / "agent.exe").write_bytes(b"MZ")
    slots.stage("1.1.0")
    inner = server.link.handler("/agent/v1/check-in")

    def check_in(request: Request) -> Reply:
        slots.adopt("1.1.0")  # what the launcher makes of a healthy version
        slots.stage("1.2.0")
        return inner(request)

    server.link.answer("/agent/v1/check-in", check_in)
    assert _run(_agent(server, FakeSupervisor(is_trial=True), tmp_path)) == RESTART


def test_a_state_that_cannot_be_read_does_not_end_the_agent(
    server: FakeServer, slots: Slots, tmp_path: Path
) -> None:
    for name in ("state.ini", "state.ini.bak"):
        (tmp_path / "state" / name).write_bytes(b"")
    assert slots.versions()
    test_who_watches_the_agent_can_stop_it(server)


def test_what_may_take_long_is_declared_before_it_begins(server: FakeServer) -> None:
    ref = server.publish(Step("repair", "run_program", {"argv": [REPAIR]}, timeout_s=900), kind="action")
    server.order(ref, document=server.sign(server.campaign(ref)))
    supervisor = FakeSupervisor()
    agent = _agent(server, supervisor)
    agent.round(wait_s=240)
    agent.close()
    assert any(900 < expected < 1_200 for expected in supervisor.expected)
    assert max(supervisor.expected) < 1_800
    assert supervisor.expected[-1] == 600


def test_a_request_is_declared_with_the_silence_it_allows_also_when_it_fails(server: FakeServer) -> None:
    supervisor = FakeSupervisor()
    link = SupervisedLink(server.link, supervisor)
    server.link.cut()
    with pytest.raises(UnreachableError):
        link.send(Request("GET", "/", timeout_s=300))
    assert supervisor.expected == [1_400, 600]


def test_the_policy_of_an_installed_agent_lies_beside_its_program(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("step_kinds = 7\n")
    with pytest.raises(StateError, match="step_kinds"):
        _agent(server, FakeSupervisor(), tmp_path)
    own = Home(server.folder, tmp_path).own_folders
    assert str(tmp_path.resolve()) in own


def test_a_probe_checks_in_and_takes_nothing(server: FakeServer) -> None:
    _agent_once(server)
    order_id = server.order(server.publish(Step("hardware", "collect_hardware")))
    before = sorted(path.name for path in (server.folder / "state").iterdir())
    probe(Home(server.folder), server.link, server.machine.clock)
    assert sorted(path.name for path in (server.folder / "state").iterdir()) == before
    assert order_id not in server.reports
    assert server.link.paths()[-1] == "/agent/v1/check-in"


def test_a_probe_says_why_it_was_not_accepted(server: FakeServer) -> None:
    with pytest.raises(StateError, match="not enrolled"):
        probe(Home(server.folder), server.link, server.machine.clock)
    _agent_once(server)
    server.link.answer("/agent/v1/check-in", lambda _: problem_reply(401, "device.revoked"))
    with pytest.raises(RejectedError):
        probe(Home(server.folder), server.link, server.machine.clock)
    server.link.cut()
    with pytest.raises(UnreachableError):
        probe(Home(server.folder), server.link, server.machine.clock)


def _agent_once(server: FakeServer) -> None:
    agent = _agent(server, FakeSupervisor())
    agent.round()
    agent.close()
