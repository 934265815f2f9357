"""A code that support dictates, and questions, by the desk: the user's side and the agent's."""

import threading
from collections.abc import Callable, Generator
from contextlib import nullcontext
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from canopee_agent.engine.questions import Questions
from canopee_agent.errors import StateError, UnreachableError
from canopee_agent.fakes import FakeMachine, json_reply, problem_reply
from canopee_agent.linux.files import LinuxFiles
from canopee_agent.service.clerk import Clerk
from canopee_agent.service.cli import main
from canopee_agent.service.config import QUESTIONS, Home
from canopee_agent.service.desk import Desk
from canopee_agent.service.desk_cli import ask
from canopee_agent.service.desk_words import (
    AnswerQuestion,
    Ask,
    DeskAnswer,
    ListQuestions,
    Said,
    SendLogs,
    speaks_french,
    told,
    worded,
)
from canopee_agent.service_ports import Reply, Request
from canopee_agent.testing import FakeServer
from canopee_contract.log_codes import ClaimCode, CodeClaimed
from canopee_kit.clock import FakeClock, SystemClock
from canopee_kit.ids import new_id

CALL = "/agent/v1/claim-log-code"
CODE = SendLogs(" abcd efgh ")


class Pc:
    """A PC with its desk; nothing passes but what its user and its service do."""

    def __init__(self, server: FakeServer) -> None:
        self.server, self.home = server, Home(server.folder)
        desk = Desk(self.home.desk, LinuxFiles(), SystemClock())
        desk.open()
        self.clerk = Clerk(self.home.state, desk, lambda: nullcontext(server.link), server.machine.clock)

    def enrol(self) -> None:
        agent = self.server.agent()
        agent.round()
        agent.close()

    def questions(self) -> Questions:
        return Questions(self.home.state / QUESTIONS, self.server.machine.clock)

    def ask(self, wanted: Ask) -> DeskAnswer:
        """As `canopee-agent` does it, the service looking whenever the user would wait."""
        return ask(self.home.desk, wanted, Looking(self.clerk.look))


class Looking(FakeClock):
    """A clock that has the service look while somebody sleeps."""

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__()
        self._look = look

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._look()


@pytest.fixture
def pc(tmp_path: Path) -> Pc:
    return Pc(FakeServer(FakeMachine("windows"), tmp_path.resolve()))


def test_a_code_is_used_up_as_it_was_dictated_with_the_token_and_without_a_counter(pc: Pc) -> None:
    pc.enrol()
    codes, request_id = list[str](), new_id(pc.server.now)
    counter = (pc.home.state / "counter").read_bytes()

    def take(request: Request) -> Reply:
        assert request.headers["authorization"].startswith("Bearer ")
        codes.append(msgspec.json.decode(request.body, type=ClaimCode).code)
        return json_reply(CodeClaimed(request_id, pc.server.now))

    pc.server.link.answer(CALL, take)
    assert pc.ask(CODE) == DeskAnswer("sending", request_id)
    assert codes == ["ABCD-EFGH"]
    assert (pc.home.state / "counter").read_bytes() == counter


@pytest.mark.parametrize("code", ["ABCD", "ABCD-EFG0", "é" * 8])
def test_what_can_be_no_code_does_not_reach_the_server(pc: Pc, code: str) -> None:
    pc.enrol()
    before = len(pc.server.link.requests)
    assert pc.ask(SendLogs(code)).said == "wrong_code"
    assert len(pc.server.link.requests) == before


def test_a_pc_that_is_not_enrolled_says_so(pc: Pc) -> None:
    assert pc.ask(CODE) == DeskAnswer("not_ready")


@pytest.mark.parametrize(
    ("status", "code", "answer"),
    [
        (401, "token.expired", DeskAnswer("not_ready")), (404, "logs.code", DeskAnswer("wrong_code")),
        (409, "logs.no_pipeline", DeskAnswer("rejected", "logs.no_pipeline")),
        (401, "device.revoked", DeskAnswer("rejected", "device.revoked")),
    ],
)  # fmt: skip
def test_each_refusal_has_its_sentence(pc: Pc, status: int, code: str, answer: DeskAnswer) -> None:
    pc.enrol()
    pc.server.link.answer(CALL, lambda _: problem_reply(status, code))
    assert pc.ask(CODE) == answer
    for is_french in (True, False):
        assert "{" not in told(answer, is_french=is_french)


@pytest.mark.parametrize(("retry_after_s", "answer"), [(None, "unreachable"), (600.0, "wait")])
def test_a_server_that_does_not_answer_is_told_from_one_that_asks_to_wait(
    pc: Pc, retry_after_s: float | None, answer: str
) -> None:
    pc.enrol()

    def fail(_: Request) -> Reply:
        raise UnreachableError("no answer", retry_after_s=retry_after_s)

    pc.server.link.answer(CALL, fail)
    found = pc.ask(CODE)
    assert found == DeskAnswer(answer, "10" if retry_after_s else "")  # type: ignore[arg-type]


def test_questions_are_listed_and_answered_by_the_beginning_of_their_number(pc: Pc) -> None:
    assert pc.ask(ListQuestions()) == DeskAnswer("listed")
    questions = pc.questions()
    for number in ("0189-a", "0189-b", "0200"):
        questions.ask(number, "Le support demande :\n\nJournaux")
    listed = pc.ask(ListQuestions())
    assert [one.order_id for one in listed.questions] == ["0189-a", "0189-b", "0200"]
    assert told(listed, is_french=True).count("Journaux") == 3
    assert pc.ask(AnswerQuestion("0189", is_granted=True)).said == "several"
    assert pc.ask(AnswerQuestion("", is_granted=True)).said == "several"
    assert pc.ask(AnswerQuestion("9", is_granted=True)).said == "no_question"
    assert pc.ask(AnswerQuestion("02", is_granted=False)).said == "refused"
    assert pc.ask(AnswerQuestion("0189-b", is_granted=True)).said == "agreed"
    assert pc.ask(AnswerQuestion("0189-b", is_granted=False)).said == "no_question"  # the first answer counts
    assert pc.ask(AnswerQuestion("", is_granted=True)).said == "agreed"  # the only one that is left
    assert pc.ask(AnswerQuestion("", is_granted=False)).said == "no_question"
    assert questions.open() == []
    questions.close()


def test_whoever_reads_french_reads_french(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for said, is_french in (("fr_FR.UTF-8", True), ("de_DE.UTF-8", False), ("", False)):
        monkeypatch.setenv("LANG", said)
        assert speaks_french() is is_french


@pytest.mark.parametrize("said", [*get_args(Said), "absent", "silent", "no_code", "enter", "none"])
def test_every_sentence_is_there_in_both_languages(said: str) -> None:
    if said != "listed":
        sentences = {worded(said, "7", is_french=is_french) for is_french in (True, False)}
        assert len(sentences) == 2
        assert all("{" not in one for one in sentences)


def test_the_command_asks_the_desk_and_its_exit_code_says_whether_it_was_done(
    pc: Pc, served: Pc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    home = ["--home", str(served.home.folder)]
    questions = pc.questions()
    questions.ask("0189-a", "Journaux")
    assert main(["consent", *home]) == 0
    assert "Journaux" in capsys.readouterr().out
    assert main(["consent", "--no", *home]) == 0
    assert main(["consent", "--yes", *home]) == 1
    assert [one.is_granted for one in [questions.ask("0189-a", "")]] == [False]
    questions.close()
    assert main(["send-logs", "--code", "ABCD", "EFGH", *home]) == 1  # as it was dictated, with a space
    assert "has not reached its server" in capsys.readouterr().err
    assert main(["send-logs", "--code", "ABCD", "--home", str(pc.home.folder / "nothing")]) == 1
    assert "no code" in capsys.readouterr().err
    assert main(["send-logs", "--code", "ABCD-EFGH", "--home", str(pc.home.folder / "nothing")]) == 1
    assert "does not run" in capsys.readouterr().err


def test_without_a_service_the_user_is_told_and_nothing_is_left(pc: Pc, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="absent"):
        ask(tmp_path / "nothing", CODE, FakeClock())
    with pytest.raises(StateError, match="silent"):
        ask(pc.home.desk, CODE, FakeClock())
    assert [path for path in pc.home.desk.rglob("*") if path.is_file()] == []


@pytest.fixture
def served(pc: Pc) -> Generator[Pc]:
    pc.clerk.begin()
    yield pc
    pc.clerk.end()


def test_the_service_looks_by_itself_and_a_desk_that_vanishes_does_not_end_it(served: Pc) -> None:
    assert ask(served.home.desk, ListQuestions(), SystemClock()) == DeskAnswer("listed")
    (served.home.desk / "asks").rmdir()
    assert any(one.name == "desk" and one.is_alive() for one in threading.enumerate())


def test_a_desk_that_cannot_be_made_leaves_the_agent_at_work(tmp_path: Path) -> None:
    (tmp_path / "desk").write_text("in the way")
    clock = FakeClock()
    server = FakeServer(FakeMachine("windows"), tmp_path)
    clerk = Clerk(tmp_path, Desk(tmp_path / "desk", LinuxFiles(), clock), lambda: nullcontext(server.link), clock)
    clerk.begin()
    clerk.end()
