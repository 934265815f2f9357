"""An enrolment that somebody must approve: the agent keeps its key and asks again."""

import threading
from pathlib import Path

import msgspec
import pytest

from canopee_agent.errors import RejectedError, UnreachableError
from canopee_agent.fakes import FakeMachine, problem_reply
from canopee_agent.service_ports import Reply, Request
from canopee_agent.testing import FakeServer
from canopee_contract.enrolment import Enrol


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    return FakeServer(FakeMachine("windows"), tmp_path)


class Desk:
    """Answers enrolments: `answers` in their order, then as the honest server does."""

    def __init__(self, server: FakeServer, *answers: Reply) -> None:
        self._answers, self._enrol = list(answers), server.link.handler("/agent/v1/enrol")
        self.asked: list[Enrol] = []
        server.link.answer("/agent/v1/enrol", self._answer)

    def _answer(self, request: Request) -> Reply:
        self.asked.append(msgspec.json.decode(request.body, type=Enrol))
        return self._answers.pop(0) if self._answers else self._enrol(request)


def _waiting(seconds: int) -> Reply:
    return problem_reply(
        429, "enrolment.waiting", detail="the token needs an approval", headers={"retry-after": str(seconds)}
    )


def test_a_pc_that_waits_says_why_and_is_told_when_to_ask_again(server: FakeServer) -> None:
    Desk(server, _waiting(17))
    agent = server.agent()
    with pytest.raises(UnreachableError, match=r"enrolment.waiting \(the token needs an approval\)") as waits:
        agent.round()
    agent.close()
    assert waits.value.retry_after_s == 17


def test_it_asks_again_with_the_same_key_after_a_restart_too_and_then_it_is_enrolled(server: FakeServer) -> None:
    desk = Desk(server, _waiting(1), _waiting(1))
    for _ in range(2):
        agent = server.agent()
        with pytest.raises(UnreachableError):
            agent.round()
        agent.close()
    agent = server.agent()
    agent.round()
    agent.close()
    assert len(desk.asked) == 3
    assert len({(one.public_key, one.token) for one in desk.asked}) == 1


def test_waiting_never_ends_the_agent_and_a_rejection_does(server: FakeServer) -> None:
    desk = Desk(server, _waiting(0), problem_reply(403, "enrolment.rejected", detail="not ours"))
    agent = server.agent()
    ended: list[Exception] = []

    def run() -> None:
        try:
            agent.run()
        except RejectedError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    agent.close()
    assert [str(error) for error in ended] == ["enrolment.rejected: enrolment.rejected not ours"]
    assert len(desk.asked) == 2


def test_the_practice_that_the_installer_wrote_is_sent(server: FakeServer) -> None:
    desk = Desk(server)
    path = server.folder / "agent.toml"
    path.write_text(path.read_text() + 'practice_id = "FR-69-00012"\n')
    agent = server.agent()
    agent.round()
    agent.close()
    assert [one.practice_id for one in desk.asked] == ["FR-69-00012"]
