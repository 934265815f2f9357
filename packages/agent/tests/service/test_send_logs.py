"""A code that support dictates, used up by the user of a PC beside the agent that runs."""

from pathlib import Path

import msgspec
import pytest

from canopee_agent.errors import RejectedError, StateError
from canopee_agent.fakes import FakeMachine, json_reply, problem_reply
from canopee_agent.service.config import Home
from canopee_agent.service.desk_cli import claim
from canopee_agent.service_ports import Reply, Request
from canopee_agent.testing import FakeServer
from canopee_contract.log_codes import ClaimCode, CodeClaimed
from canopee_kit.ids import new_id

CALL = "/agent/v1/claim-log-code"


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    return FakeServer(FakeMachine("windows"), tmp_path)


def enrolled(server: FakeServer) -> Home:
    agent = server.agent()
    agent.round()
    agent.close()
    return Home(server.folder)


def test_a_code_is_used_up_as_it_was_dictated_with_the_token_and_without_a_counter(server: FakeServer) -> None:
    home, codes = enrolled(server), list[str]()
    counter = (home.state / "counter").read_bytes()

    def take(request: Request) -> Reply:
        assert request.headers["authorization"].startswith("Bearer ")
        codes.append(msgspec.json.decode(request.body, type=ClaimCode).code)
        return json_reply(CodeClaimed(new_id(server.now), server.now))

    server.link.answer(CALL, take)
    claim(home, server.link, server.machine.clock, " abcd efgh ")
    assert codes == ["ABCD-EFGH"]
    assert (home.state / "counter").read_bytes() == counter


@pytest.mark.parametrize("code", ["", "ABCD", "ABCD-EFG0", "é" * 8])
def test_what_can_be_no_code_does_not_reach_the_server(server: FakeServer, code: str) -> None:
    home = enrolled(server)
    before = len(server.link.requests)
    with pytest.raises(StateError, match="such as ABCD-EFGH"):
        claim(home, server.link, server.machine.clock, code)
    assert len(server.link.requests) == before


def test_a_pc_that_is_not_enrolled_says_so(server: FakeServer) -> None:
    with pytest.raises(StateError, match="not enrolled"):
        claim(Home(server.folder), server.link, server.machine.clock, "ABCD-EFGH")


def test_an_agent_that_does_not_run_is_told_from_a_code_that_is_wrong(server: FakeServer) -> None:
    home = enrolled(server)
    server.link.answer(CALL, lambda _: problem_reply(401, "token.expired"))
    with pytest.raises(StateError, match="does not run"):
        claim(home, server.link, server.machine.clock, "ABCD-EFGH")
    server.link.answer(CALL, lambda _: problem_reply(404, "log_code.unknown"))
    with pytest.raises(RejectedError, match=r"log_code\.unknown"):
        claim(home, server.link, server.machine.clock, "ABCD-EFGH")
