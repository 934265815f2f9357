"""Files that wait are sent by the agent's rounds, beside everything else that a round does."""

import hashlib
import io
import itertools
import zipfile
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from canopee_agent.engine.outbox import Outbox, Receipt
from canopee_agent.fakes import FakeMachine, json_reply, problem_reply
from canopee_agent.service.agent import Agent
from canopee_agent.service_ports import Reply, Request
from canopee_agent.testing import POLICY, FakeServer
from canopee_contract.checkin import CheckIn
from canopee_contract.files import BeginUpload, UploadReply
from canopee_contract.pipeline import Step
from canopee_contract.report import RunsReply

UPLOAD = "01890a5d-ac96-774b-bcce-b302099a8057"
CONTENT = bytes(range(256)) * 4_096
FILES = "/agent/v1/files"


class Status(msgspec.Struct):
    files_gone: tuple[Receipt, ...]


class Server:
    """A server that stores files, and hears how long each check-in would wait."""

    def __init__(self, fake: FakeServer) -> None:
        self.fake, self.stored = fake, bytearray()
        self.length, self.sha256 = len(CONTENT), hashlib.sha256(CONTENT).hexdigest()
        self._check_in = fake.link.handler("/agent/v1/check-in")
        self.waits: list[int] = []
        fake.link.answer("/agent/v1/check-in", self._hear)
        fake.link.answer(FILES, self._begin)
        fake.link.answer(FILES + "/", self._take)

    def agent(self) -> Agent:
        return self.fake.agent()

    def _hear(self, request: Request) -> Reply:
        self.waits.append(msgspec.json.decode(request.body, type=CheckIn).wait_s)
        return self._check_in(request)

    def _begin(self, request: Request) -> Reply:
        asked = msgspec.json.decode(request.body, type=BeginUpload)
        assert (asked.length, asked.sha256) == (self.length, self.sha256)
        return self._reply()

    def _take(self, request: Request) -> Reply:
        if int(parse_qs(urlsplit(request.path).query)["offset"][0]) != len(self.stored):
            return problem_reply(409, "upload.offset")
        self.stored += request.body
        return self._reply()

    def _reply(self) -> Reply:
        is_whole = len(self.stored) == self.length
        return json_reply(UploadReply(UPLOAD, len(self.stored), "complete" if is_whole else "partial"))


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """At which a PC is enrolled, that may send 100 000 bytes a second and where one file waits."""
    fake = FakeServer(FakeMachine("windows"), tmp_path)
    (tmp_path / "policy.toml").write_text(POLICY + "upload_bytes_per_s = 100000\n")
    server = Server(fake)
    agent = server.agent()
    agent.round(wait_s=240)
    agent.close()
    outbox = Outbox(tmp_path / "state" / "outbox", fake.machine.clock)
    draft = outbox.draft(len(CONTENT))
    with draft.create("logs.zip") as stream:
        stream.write(CONTENT)
    outbox.commit(draft, "order", "logs")
    outbox.close()
    server.waits.clear()
    return server


@pytest.fixture
def agent(server: Server) -> Generator[Agent]:
    agent = server.agent()
    yield agent
    agent.close()


def test_check_ins_go_on_and_wait_for_nothing_while_a_file_is_sent(server: Server, agent: Agent) -> None:
    sent = [len(server.stored)]
    while len(server.stored) < len(CONTENT):
        agent.round(wait_s=240)
        sent.append(len(server.stored))
    assert server.waits == [0, 0, 240]
    assert all(400_000 <= after - before <= 600_000 for before, after in itertools.pairwise(sent[:-1]))
    assert bytes(server.stored) == CONTENT
    assert agent.status()["files_waiting_bytes"] == 0
    status = msgspec.convert(agent.status(), Status)
    assert [(one.name, one.state) for one in status.files_gone] == [("logs.zip", "sent")]


def test_another_process_goes_on_where_the_first_one_was_killed(server: Server, agent: Agent) -> None:
    agent.round()
    reached = len(server.stored)
    assert 0 < reached < len(CONTENT)
    after = server.agent()
    after.round()
    assert len(server.stored) > reached
    while len(server.stored) < len(CONTENT):
        after.round()
    assert bytes(server.stored) == CONTENT
    after.close()


def test_a_request_for_logs_becomes_an_archive_at_the_server(server: Server, agent: Agent) -> None:
    server.waits.clear()
    while server.waits[-1:] != [240]:
        agent.round(wait_s=240)
    agent.close()
    machine, root = server.fake.machine, "C:\\ProgramData\\Cabinet"
    (server.fake.folder / "policy.toml").write_text(f"read_roots = ['{root}']\nmax_upload_bytes = 900\n")
    machine.files.write(f"{root}\\app.log", b"1 85 05 78 006 084 91\n", machine.clock.now())
    step = Step("logs", "collect_logs", {"paths": [f"{root}\\*.log"]})
    ref = server.fake.publish(step)
    server.stored.clear()
    small, sent = server.fake.order(ref, upload_budget_bytes=100), server.fake.order(ref)
    other = server.agent()
    other.round()
    report = server.fake.reports[small]
    assert (report.state, report.code) == ("failed", "over_budget")
    assert "100 are left of the budget" in report.detail
    outputs = server.fake.reports[sent].steps[0].outputs
    server.length, server.sha256 = outputs["size_bytes"], outputs["sha256"]
    other.round()
    assert hashlib.sha256(server.stored).hexdigest() == server.sha256
    with zipfile.ZipFile(io.BytesIO(server.stored)) as archive:
        assert archive.read("C/ProgramData/Cabinet/app.log") == b"[social_security_number]\n"
    other.close()


def test_a_server_that_takes_no_files_now_gets_no_fewer_check_ins_and_is_asked_again_later(
    server: Server, agent: Agent
) -> None:
    def full(_: Request) -> Reply:
        return problem_reply(503, "upload.quota", headers={"retry-after": "100"})

    begin = server.fake.link.handler(FILES)
    server.fake.link.answer(FILES, full)
    for _ in range(3):
        agent.round(wait_s=240)
    assert server.waits == [100, 100, 100]
    assert server.fake.link.paths().count(FILES) == 1
    server.fake.link.answer(FILES, begin)
    server.fake.machine.clock.advance(timedelta(seconds=100).total_seconds())
    agent.round(wait_s=240)
    assert server.waits[-1] == 0
    assert server.stored


def test_the_server_is_told_what_became_of_each_file_once(server: Server) -> None:
    agent = server.agent()
    check_in = server.fake.link.handler("/agent/v1/check-in")
    heard = list[int]()

    def hear(request: Request) -> Reply:
        heard.append(len(server.fake.gone))
        return check_in(request)

    server.fake.link.answer("/agent/v1/check-in", hear)
    while server.waits[-1:] != [240]:  # no long poll while something is left
        agent.round(wait_s=240)
    assert heard[-1] == 1  # it does not wait for the end of one either
    assert [(one.name, one.state, one.sha256) for one in server.fake.gone] == [("logs.zip", "sent", server.sha256)]
    agent.close()


@pytest.mark.parametrize("gone", [0, -5, 2**60])
def test_a_server_that_does_not_hear_of_receipts_is_told_again_and_one_that_lies_hides_no_later_one(
    server: Server, gone: int
) -> None:
    """Nothing else waits for it: the round goes on."""
    server.fake.link.answer(FILES, lambda _: problem_reply(409, "upload.purged"))
    server.fake.link.answer("/agent/v1/runs", lambda _: json_reply(RunsReply((), gone)))
    agent = server.agent()
    agent.round()
    agent.round()
    server.fake.listen()
    agent.round()
    told = [(one.number, one.state) for one in server.fake.gone]
    assert told == ([] if gone > 0 else [(1, "purged")])
    outbox = Outbox(server.fake.folder / "state" / "outbox", server.fake.machine.clock)
    draft = outbox.draft(1)
    draft.create("later.zip").write(b"x")
    draft.check()
    outbox.commit(draft, "later", "logs")
    outbox.purge("later")
    outbox.close()
    agent.round()
    assert [one.name for one in server.fake.gone][-1:] == ["later.zip"]
    agent.close()
