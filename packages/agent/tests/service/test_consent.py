"""What the user of a PC says before files leave it: nothing is read before, and the others do not wait."""

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest

from canopee_agent.engine.questions import Questions
from canopee_agent.fakes import FakeMachine
from canopee_agent.service.agent import Agent
from canopee_agent.service.config import QUESTIONS
from canopee_agent.testing import FakeServer
from canopee_contract.order import Consent
from canopee_contract.pipeline import PipelineRef, Step

ROOT = "C:\\ProgramData\\Cabinet"
LOGS = Step("logs", "collect_logs", {"paths": [f"{ROOT}\\*.log"]})


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    server = FakeServer(FakeMachine("windows"), tmp_path)
    policy(server)
    server.machine.files.write(f"{ROOT}\\app.log", b"x\n", server.machine.clock.now())
    return server


@pytest.fixture
def ref(server: FakeServer) -> PipelineRef:
    return server.publish(LOGS, name="logs_of_the_product")


@pytest.fixture
def agent(server: FakeServer) -> Generator[Agent]:
    agent = server.agent()
    yield agent
    agent.close()


def policy(server: FakeServer, more: str = "") -> None:
    (server.folder / "policy.toml").write_text(f"read_roots = ['{ROOT}']\n{more}")


def reads(server: FakeServer) -> list[str]:
    """Files that are opened, or folders that are listed, from now on."""
    seen: list[str] = []
    server.machine.files.before = lambda call, path: seen.append(f"{call} {path}")
    return seen


def test_nothing_is_read_before_the_user_agrees_and_other_orders_run_meanwhile(
    server: FakeServer, ref: PipelineRef, agent: Agent
) -> None:
    seen = reads(server)
    held = server.order(ref, consent="ask")
    other = server.order(server.publish(Step("hardware", "collect_hardware"), name="other"))
    for _ in range(3):
        agent.round()
    assert server.reports[other].state == "done"
    assert held not in server.reports
    assert seen == []
    assert "logs_of_the_product" in server.asker.asked[held]
    server.asker.say(held, is_yes=True)
    agent.round()
    assert server.reports[held].state == "done"
    assert seen


def test_no_is_no_and_is_not_asked_again(server: FakeServer, ref: PipelineRef, agent: Agent) -> None:
    seen = reads(server)
    held = server.order(ref, consent="ask")
    agent.round()
    server.asker.say(held, is_yes=False)
    agent.round()
    agent.round()
    assert (server.reports[held].state, server.reports[held].code) == ("failed", "refused.consent_refused")
    assert server.asker.asked == {}
    assert seen == []


def test_without_an_answer_in_time_nothing_leaves(server: FakeServer, ref: PipelineRef, agent: Agent) -> None:
    held = server.order(ref, consent="ask")
    agent.round()
    server.machine.clock.advance(899)
    agent.round()
    assert held not in server.reports
    server.machine.clock.advance(1)
    agent.round()
    assert server.reports[held].code == "refused.consent_unanswered"
    assert server.asker.asked == {}


def test_an_answer_outlasts_the_agent_and_a_question_is_shown_again_by_the_next_one(
    server: FakeServer, ref: PipelineRef, agent: Agent
) -> None:
    held = server.order(ref, consent="ask")
    agent.round()
    server.asker.asked.clear()  # the window went with the process
    after = server.agent()
    after.round()
    assert held in server.asker.asked
    questions = Questions(server.folder / "state" / QUESTIONS, server.machine.clock)
    assert questions.answer(held, is_granted=True)
    assert not questions.answer(held, is_granted=False)
    questions.close()
    after.round()
    assert server.reports[held].state == "done"
    after.close()


@pytest.mark.parametrize(
    ("of_order", "of_policy", "counts"),
    [
        ("none", "none", "none"), ("inform", "none", "inform"), ("none", "inform", "inform"), ("inform", "ask", "ask"),
        ("none", "ask", "ask"), ("ask", "inform", "ask"),
    ],
)  # fmt: skip
def test_the_stricter_of_the_order_and_the_local_policy_counts(
    server: FakeServer, ref: PipelineRef, of_order: Consent, of_policy: str, counts: str
) -> None:
    policy(server, f"consent = '{of_policy}'\n")
    agent = server.agent()
    held = server.order(ref, consent=of_order)
    agent.round()
    agent.round()
    assert (held in server.asker.asked, len(server.asker.informed)) == (counts == "ask", int(counts == "inform"))
    assert (held in server.reports) == (counts != "ask")
    agent.close()


def test_what_sends_no_file_asks_nobody(server: FakeServer, agent: Agent) -> None:
    order = server.order(server.publish(Step("hardware", "collect_hardware")), consent="ask")
    agent.round()
    assert server.reports[order].state == "done"
    assert server.asker.asked == {}


def test_an_order_that_ends_before_its_answer_is_expired(
    server: FakeServer, ref: PipelineRef, agent: Agent
) -> None:
    held = server.order(ref, consent="ask", expires_at=server.now + timedelta(seconds=60))
    agent.round()
    server.machine.clock.advance(61)
    agent.round()
    assert server.reports[held].state == "expired"
