"""The agent's side of the protocol: identity, clock, renewal, and what the server may answer."""

import socket
import threading
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from canopee_agent.errors import CutLinkError, RejectedError, RevokedError, StateError, UnreachableError
from canopee_agent.fakes import FakeMachine, json_reply, problem_reply
from canopee_agent.service.config import Home, check_url
from canopee_agent.service.identity import IdentityStore
from canopee_agent.service.link import HttpLink
from canopee_agent.service_ports import Reply, Request
from canopee_agent.testing import DEVICE, FakeServer
from canopee_contract.checkin import CheckIn, CheckInReply
from canopee_contract.enrolment import Enrol, Enrolled


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    return FakeServer(FakeMachine("windows"), tmp_path)


def _round(server: FakeServer) -> None:
    agent = server.agent()
    try:
        agent.round()
    finally:
        agent.close()


@pytest.mark.parametrize("years", [-10, 10])
def test_a_pc_whose_clock_is_years_off_enrols_with_the_time_of_the_server(server: FakeServer, years: int) -> None:
    true_now = server.machine.clock.now() + timedelta(days=365 * years)
    attempts: list[Enrol] = []

    def enrol(request: Request) -> Reply:
        sent = msgspec.json.decode(request.body, type=Enrol)
        attempts.append(sent)
        if abs(sent.sent_at - true_now) > timedelta(minutes=10):
            return problem_reply(400, "clock.skewed", detail=true_now.isoformat())
        return json_reply(Enrolled(DEVICE, 1, "C", "token", true_now + timedelta(hours=1), true_now))

    server.link.answer("/agent/v1/enrol", enrol)
    _round(server)
    assert len(attempts) == 2


def test_a_token_about_to_expire_is_renewed_before_it_is_used(server: FakeServer) -> None:
    _round(server)
    server.machine.clock.advance(3_500)
    _round(server)
    assert "/agent/v1/renew" in server.link.paths()


def test_a_revoked_device_stops(server: FakeServer) -> None:
    _round(server)
    server.link.answer("/agent/v1/check-in", lambda _: problem_reply(401, "device.revoked"))
    with pytest.raises(RevokedError):
        _round(server)


def test_a_busy_server_is_obeyed(server: FakeServer) -> None:
    _round(server)
    server.link.answer("/agent/v1/check-in", lambda _: problem_reply(503, "busy", headers={"retry-after": "17"}))
    with pytest.raises(UnreachableError) as refused:
        _round(server)
    assert refused.value.retry_after_s == 17


def test_a_refusal_tells_its_reason_and_an_answer_of_somebody_else_is_not_believed(server: FakeServer) -> None:
    server.link.answer(
        "/agent/v1/enrol", lambda _: problem_reply(409, "enrolment.token_used", detail="ask for a new one")
    )
    with pytest.raises(RejectedError, match=r"enrolment.token_used.*ask for a new one"):
        _round(server)
    server.link.answer("/agent/v1/enrol", lambda _: Reply(200, {}, b"<html>"))
    with pytest.raises(UnreachableError, match="not what was expected"):
        _round(server)


def test_a_network_that_is_cut_loses_nothing(server: FakeServer) -> None:
    server.link.cut()
    with pytest.raises(UnreachableError):
        _round(server)
    server.link.mend()
    _round(server)
    assert server.facts["device.id"] == DEVICE


def test_a_counter_is_never_used_twice_whatever_happens(tmp_path: Path) -> None:
    used: list[int] = []
    for _ in range(4):
        store = IdentityStore(tmp_path)
        used += [store.next_counter() for _ in range(70)]
    assert len(set(used)) == len(used)
    assert used == sorted(used)


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = IdentityStore(tmp_path).key()
    assert IdentityStore(tmp_path).key().public == first.public
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(StateError, match="enrol this PC again"):
        IdentityStore(tmp_path).key()


@pytest.mark.parametrize(
    "url", ["http://example.fr", "ftp://127.0.0.1", "https://", "http://127.0.0.1.example.fr", "x"]
)
def test_nothing_is_sent_in_clear_over_a_network(url: str) -> None:
    with pytest.raises(StateError, match="https://"):
        check_url(url)


@pytest.mark.parametrize(
    "text", ["", "server_url = 1", 'server_url = "http://x"', 'server_url = "https://x"\nmore = 1', "= ="]
)
def test_a_configuration_that_cannot_be_used_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "agent.toml").write_text(text)
    with pytest.raises(StateError):
        Home(tmp_path).config()


def test_a_home_without_configuration_or_root_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="write it with server_url"):
        Home(tmp_path).config()
    with pytest.raises(StateError, match="copy it from the server"):
        Home(tmp_path).root()


def test_without_a_token_the_pc_says_that_it_needs_one(server: FakeServer) -> None:
    (server.folder / "agent.toml").write_text('server_url = "http://127.0.0.1:1"\n')
    with pytest.raises(StateError, match="enrolment_token"):
        _round(server)


def test_a_server_that_is_not_there_is_unreachable_and_an_interrupted_link_stays_so() -> None:
    link = HttpLink("http://127.0.0.1:1")
    with pytest.raises(UnreachableError, match="does not answer"):
        link.send(Request("GET", "/"))
    link.interrupt()
    with pytest.raises(UnreachableError, match="stops"):
        link.send(Request("GET", "/"))


@pytest.fixture
def cutting() -> Generator[tuple[str, list[bytes]]]:
    """A server that answers one request on a connection, reads a second one, and cuts the connection."""
    seen: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                for number in range(2):
                    if first := lines.readline():
                        seen.append(first)
                    while lines.readline() not in {b"\r\n", b""}:
                        pass
                    if first and not number:
                        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}", seen
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(10)


def test_a_request_on_a_connection_that_is_cut_is_sent_again_unless_it_is_counted(
    cutting: tuple[str, list[bytes]],
) -> None:
    url, seen = cutting
    link = HttpLink(url)
    for path in ("/1", "/2"):
        assert link.send(Request("POST", path)).status == 200
    with pytest.raises(CutLinkError):
        link.send(Request("POST", "/3", is_counted=True))
    assert [line.split()[1] for line in seen] == [b"/1", b"/2", b"/2", b"/3"]


def test_a_long_poll_that_a_firewall_cuts_is_asked_again_under_another_counter(server: FakeServer) -> None:
    _round(server)
    counters: list[int] = []

    def cut_once(request: Request) -> Reply:
        counters.append(msgspec.json.decode(request.body, type=CheckIn).counter)
        assert request.is_counted
        if len(counters) == 1:
            raise CutLinkError("reset by a firewall")
        return json_reply(CheckInReply(server.machine.clock.now()))

    server.link.answer("/agent/v1/check-in", cut_once)
    _round(server)
    assert counters == sorted(set(counters))
    assert len(counters) == 2
