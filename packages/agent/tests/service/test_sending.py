"""Files on their way to a server that stores, forgets, lies and fails."""

import hashlib
from collections.abc import Generator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from canopee_agent.engine.outbox import Outbox
from canopee_agent.errors import UnreachableError
from canopee_agent.fakes import FakeMachine, json_reply, problem_reply
from canopee_agent.service.config import Home
from canopee_agent.service.identity import IdentityStore
from canopee_agent.service.secrets import FileSecrets
from canopee_agent.service.sending import Sending
from canopee_agent.service.server import Server
from canopee_agent.service_ports import Reply, Request
from canopee_agent.testing import FakeServer
from canopee_contract.files import BeginUpload, UploadReply

UPLOAD = "01890a5d-ac96-774b-bcce-b302099a8057"
CONTENT = bytes(range(256)) * 1_000
CHUNK = 65_536


class Storing:
    """What a server does of the uploads, on the fake one."""

    def __init__(self, server: FakeServer) -> None:
        self.stored = bytearray()
        self.asked: list[BeginUpload] = []
        self.offsets: list[int] = []
        self.spoils = 0
        """So many whole files will be found to have another SHA-256."""
        server.link.answer("/agent/v1/files", self.begin)
        server.link.answer("/agent/v1/files/", self.take)

    def begin(self, request: Request) -> Reply:
        self.asked.append(msgspec.json.decode(request.body, type=BeginUpload))
        return json_reply(self.reply())

    def take(self, request: Request) -> Reply:
        query = parse_qs(urlsplit(request.path).query)
        offset = int(query["offset"][0])
        self.offsets.append(offset)
        assert hashlib.sha256(request.body).hexdigest() == query["sha256"][0]
        if offset != len(self.stored):
            return problem_reply(409, "upload.offset")
        self.stored += request.body
        if len(self.stored) == self.asked[-1].length and self.spoils:
            self.spoils -= 1
            self.stored.clear()
        return json_reply(self.reply())

    def reply(self) -> UploadReply:
        is_whole = len(self.stored) == self.asked[-1].length
        return UploadReply(UPLOAD, len(self.stored), "complete" if is_whole else "partial")


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    """One at which a PC has enrolled."""
    server = FakeServer(FakeMachine("windows"), tmp_path)
    agent = server.agent()
    agent.round()
    agent.close()
    return server


@pytest.fixture
def storing(server: FakeServer) -> Storing:
    return Storing(server)


@pytest.fixture
def outbox(tmp_path: Path, server: FakeServer) -> Generator[Outbox]:
    """One file waits in it."""
    outbox = Outbox(tmp_path / "outbox", server.machine.clock)
    wait(outbox, "logs")
    yield outbox
    outbox.close()


def wait(outbox: Outbox, step: str) -> None:
    """Let one more file wait."""
    draft = outbox.draft(len(CONTENT))
    with draft.create(f"{step}.zip") as stream:
        stream.write(CONTENT)
    outbox.commit(draft, "order", step)


def sending(server: FakeServer, outbox: Outbox, *, bytes_per_s: int = CHUNK) -> Sending:
    store = IdentityStore(Home(server.folder).state, FileSecrets())
    return Sending(
        Server(server.link, store, server.machine.clock), outbox, server.machine.clock, bytes_per_s=bytes_per_s
    )


def test_a_file_is_sent_in_chunks_and_forgotten_once_the_server_has_it(
    server: FakeServer, storing: Storing, outbox: Outbox
) -> None:
    assert not sending(server, outbox).go_on(60)
    assert bytes(storing.stored) == CONTENT
    assert storing.offsets == [0, CHUNK, 2 * CHUNK, 3 * CHUNK]
    assert outbox.first() is None


def test_it_keeps_to_its_bandwidth_and_to_the_time_it_was_given(
    server: FakeServer, storing: Storing, outbox: Outbox
) -> None:
    began = server.machine.clock.monotonic()
    sender = sending(server, outbox)
    assert sender.go_on(2)
    assert len(storing.stored) == 2 * CHUNK
    assert not sender.go_on(60)
    assert server.machine.clock.monotonic() - began == pytest.approx(len(CONTENT) / CHUNK, rel=0.01)


def test_a_process_that_was_killed_goes_on_where_the_server_says(
    server: FakeServer, storing: Storing, outbox: Outbox
) -> None:
    sending(server, outbox).go_on(1.5)
    sent = len(storing.stored)
    assert 0 < sent < len(CONTENT)
    assert not sending(server, outbox).go_on(60)
    assert bytes(storing.stored) == CONTENT
    assert storing.offsets.count(sent) == 1


def test_a_server_that_lost_bytes_is_asked_again_where_to_go_on(
    server: FakeServer, storing: Storing, outbox: Outbox
) -> None:
    sender = sending(server, outbox)
    sender.go_on(1.5)
    del storing.stored[10:]
    assert not sender.go_on(60)
    assert bytes(storing.stored) == CONTENT


def test_a_cut_loses_nothing(server: FakeServer, storing: Storing, outbox: Outbox) -> None:
    sender = sending(server, outbox)
    sender.go_on(1.5)
    server.link.cut()
    with pytest.raises(UnreachableError):
        sender.go_on(60)
    server.link.mend()
    assert not sender.go_on(60)
    assert bytes(storing.stored) == CONTENT


def test_a_file_that_arrives_spoiled_is_sent_again_and_given_up_after_three_times(
    server: FakeServer, storing: Storing, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    storing.spoils = 2
    assert not sending(server, outbox).go_on(600)
    assert bytes(storing.stored) == CONTENT
    storing.stored.clear()
    storing.spoils = 9
    wait(outbox, "more")
    assert not sending(server, outbox).go_on(600)
    assert outbox.first() is None
    assert "spoiled 3 times" in caplog.text


@pytest.mark.parametrize("code", ["upload.order", "upload.taken", "upload.cancelled", "upload.purged"])
def test_what_the_server_will_never_take_does_not_hold_back_the_others(
    server: FakeServer, storing: Storing, outbox: Outbox, code: str
) -> None:
    def begin(request: Request) -> Reply:
        asked = msgspec.json.decode(request.body, type=BeginUpload)
        return problem_reply(403, code) if asked.step == "logs" else storing.begin(request)

    server.link.answer("/agent/v1/files", begin)
    wait(outbox, "more")
    assert not sending(server, outbox).go_on(60)
    assert [one.step for one in storing.asked] == ["more"]
    states = ["purged" if code == "upload.purged" else "refused", "sent"]
    assert [receipt.state for receipt in outbox.receipts("order")] == states


@pytest.mark.parametrize(
    "reply",
    [
        UploadReply("../../etc", 0, "partial"),
        UploadReply(UPLOAD, -1, "partial"),
        UploadReply(UPLOAD, len(CONTENT) + 1, "partial"),
    ],
)
def test_an_answer_that_no_server_could_mean_is_not_followed(
    server: FakeServer, storing: Storing, outbox: Outbox, reply: UploadReply
) -> None:
    server.link.answer("/agent/v1/files", lambda _: json_reply(reply))
    with pytest.raises(UnreachableError, match="no such place"):
        sending(server, outbox).go_on(60)
    assert storing.offsets == []
    assert outbox.first() is not None


def test_a_server_that_never_advances_does_not_hold_the_agent(
    server: FakeServer, storing: Storing, outbox: Outbox
) -> None:
    server.link.answer("/agent/v1/files/", lambda _: json_reply(UploadReply(UPLOAD, 0, "partial")))
    assert not sending(server, outbox).go_on(600)
    assert outbox.first() is None
    assert storing.stored == b""


def test_without_limit_a_chunk_is_as_large_as_the_server_takes(
    server: FakeServer, storing: Storing, outbox: Outbox
) -> None:
    assert not sending(server, outbox, bytes_per_s=0).go_on(60)
    assert storing.offsets == [0]
