"""Days when the network, the server or what it says is not as it should be: the agent waits, and loses nothing."""

import base64
import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee_agent.errors import RejectedError, UnreachableError
from canopee_agent.fakes import FakeMachine, json_reply, problem_reply
from canopee_agent.service.agent import Agent
from canopee_agent.service.identity import Identity, IdentityStore
from canopee_agent.service_ports import Reply, Request
from canopee_agent.testing import DEVICE, FakeServer
from canopee_contract.checkin import CheckIn, CheckInReply
from canopee_contract.codec import encode
from canopee_contract.enrolment import Enrol, Renew
from canopee_contract.order import DeliveredOrder
from canopee_contract.pipeline import Step
from canopee_contract.records import RecordsReply
from canopee_contract.report import RunsReply
from canopee_kit.errors import CanopeeError
from canopee_trust.dsse import seal
from canopee_trust.ed25519 import PrivateKey

PREFIX = "/agent/v1/"
HARDWARE = Step("hardware", "collect_hardware")
CALLS = ("check-in", "facts", "runs", "records")
Handler = Callable[[Request], Reply]


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    return FakeServer(FakeMachine("windows"), tmp_path)


def _round(server: FakeServer) -> float:
    agent = server.agent()
    try:
        return agent.round()
    finally:
        agent.close()


def _normal(server: FakeServer, call: str) -> Handler:
    return server.link._handlers[PREFIX + call]  # pyright: ignore[reportPrivateUsage]


def _fails(server: FakeServer) -> CanopeeError:
    with pytest.raises(CanopeeError) as failed:
        _round(server)
    return failed.value


def _heals(server: FakeServer, call: str, *replies: Reply) -> None:
    """Each of these answers to `call` is waited for; then the order runs, and its records arrive once."""
    order_id = server.order(server.publish(HARDWARE))
    normal = _normal(server, call)
    agent = server.agent()
    try:
        for reply in replies:
            server.link.answer(PREFIX + call, lambda _, reply=reply: reply)
            with pytest.raises(UnreachableError):
                agent.round()
        server.link.answer(PREFIX + call, normal)
        agent.round()
    finally:
        agent.close()
    assert (server.reports[order_id].state, len(server.records)) == ("done", 1)


@pytest.mark.parametrize("call", [*CALLS, "enrol", "tuf/"])
def test_a_portal_that_answers_instead_of_the_server_is_waited_for(server: FakeServer, call: str) -> None:
    """A hotel's, a proxy's or a box's page is no refusal of the server: it stopped the agent for good."""
    statuses = (204, 302, 400, 401, 403, 407, 429, 500, 511)
    headers = {"content-type": "text/html"}
    _heals(server, call, *(Reply(status, headers, b"<html>log in</html>") for status in statuses))


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_is_not_the_expected_message_is_waited_for(server: FakeServer, call: str) -> None:
    bodies = (b"", b"{}", b"[]", b"null", b"<html>", b'{"mark":"x"}', b"\xff\xfe", b'{"server_time":"2026-11-24"}')
    _heals(server, call, *(Reply(200, {}, body) for body in bodies))


@pytest.mark.parametrize("call", ["runs", "records"])
def test_a_server_that_acknowledges_nothing_is_asked_once_and_not_for_ever(server: FakeServer, call: str) -> None:
    server.order(server.publish(HARDWARE))
    replies = {"runs": json_reply(RunsReply(())), "records": json_reply(RecordsReply(0, ("accepted",)))}
    server.link.answer(PREFIX + call, lambda _: replies[call])
    _round(server)
    assert server.link.paths().count(PREFIX + call) == 1


WAITS: tuple[tuple[str, int | None, float | None], ...] = (
    ("17", None, 17), ("0", None, 1), ("99999", None, 3_600), ("9" * 400, None, 3_600), ("-5", None, None),
    ("soon", None, None), ("Tue, 24 Nov 2026 08:00:00 GMT", None, None), ("٣", None, None), ("", 7, 7),
    ("", -7, 1), ("", 10**12, 3_600), ("5", 7, 5), ("1.5", 7, 7),
)  # fmt: skip


def test_a_server_may_ask_to_wait_within_bounds(server: FakeServer) -> None:
    """Waiting for 10**12 s raised an error that ended the agent; for 10**9 s, it would have been silent for ever."""
    agent = server.agent()
    for header, asked, expected in WAITS:
        body = encode({"code": "busy", "title": "busy", "status": 503, "retry_after_s": asked})
        reply = Reply(503, {"retry-after": header}, body)
        server.link.answer(PREFIX + "enrol", lambda _, reply=reply: reply)
        with pytest.raises(UnreachableError) as failed:
            agent.round()
        assert failed.value.retry_after_s == expected, (header, asked)
    agent.close()


def test_the_next_check_in_comes_within_bounds(server: FakeServer) -> None:
    now = server.machine.clock.now()
    for next_in_s, least, most in ((-5, 0, 0), (0, 0, 0), (10, 10, 20), (10**12, 3_600, 7_200)):
        reply = json_reply(CheckInReply(server_time=now, next_in_s=next_in_s))
        server.link.answer(PREFIX + "check-in", lambda _, reply=reply: reply)
        assert least <= _round(server) <= most


def _running(server: FakeServer, code: str, call: str = "check-in", status: int = 400) -> Agent:
    """An agent whose server refuses a call with `code`, and which is told to stop as soon as it was refused."""
    agent = server.agent()

    def refuse(_: Request) -> Reply:
        agent.stop()
        return problem_reply(status, code)

    server.link.answer(PREFIX + call, refuse)
    return agent


@pytest.mark.parametrize("call", CALLS)
def test_a_refusal_by_the_server_does_not_end_an_enrolled_agent(server: FakeServer, call: str) -> None:
    server.order(server.publish(HARDWARE))
    agent = _running(server, "batch.malformed", call)
    try:
        agent.run()
    finally:
        agent.close()
    assert server.link.paths().count(PREFIX + call) == 1


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("check-in", "device.revoked"), ("facts", "device.unknown"),
        ("runs", "device.revoked"), ("records", "device.unknown"),
    ],
)  # fmt: skip
def test_the_end_of_its_enrolment_is_not_believed_for_ever_whatever_call_tells_it(
    server: FakeServer, call: str, code: str
) -> None:
    """A server that lies, once, to the whole fleet must not end it: the agent asks again, every hour."""
    server.order(server.publish(HARDWARE))
    agent = _running(server, code, call, 401)
    try:
        agent.run()
    finally:
        agent.close()
    assert server.link.paths().count(PREFIX + call) == 1


def test_a_pc_that_the_server_does_not_want_to_enrol_says_why_and_ends(server: FakeServer) -> None:
    agent = _running(server, "enrolment.token_used", "enrol", 409)
    try:
        with pytest.raises(RejectedError, match=r"enrolment\.token_used"):
            agent.run()
    finally:
        agent.close()


def test_an_agent_that_was_told_to_stop_does_not_begin(server: FakeServer) -> None:
    agent = server.agent()
    agent.stop()
    agent.run()
    agent.close()
    assert server.link.paths() == []


def test_an_enrolment_whose_answer_was_lost_is_asked_again_with_the_same_key_and_token(server: FakeServer) -> None:
    attempts: list[Enrol] = []
    normal = _normal(server, "enrol")

    def enrol(request: Request) -> Reply:
        attempts.append(msgspec.json.decode(request.body, type=Enrol))
        if len(attempts) == 1:
            raise UnreachableError("the answer was lost")
        return normal(request)

    server.link.answer(PREFIX + "enrol", enrol)
    assert isinstance(_fails(server), UnreachableError)
    _round(server)
    first, second = attempts
    assert (first.public_key, first.token, first.fingerprint) == (
        second.public_key,
        second.token,
        second.fingerprint,
    )
    assert first.nonce != second.nonce


def test_an_identity_is_kept_before_it_is_used(server: FakeServer) -> None:
    server.link.answer(PREFIX + "check-in", lambda _: problem_reply(503, "busy"))
    for _ in range(3):
        assert isinstance(_fails(server), UnreachableError)
    assert server.link.paths().count(PREFIX + "enrol") == 1
    identity = IdentityStore(server.folder / "state").read()
    assert identity is not None
    assert identity.device_id == DEVICE


def test_counters_grow_over_check_ins_renewals_and_restarts(server: FakeServer) -> None:
    seen: list[int] = []
    for call, kind in (("check-in", CheckIn), ("renew", Renew)):
        normal = _normal(server, call)

        def note(request: Request, kind: Any = kind, normal: Handler = normal) -> Reply:  # noqa: ANN401
            seen.append(msgspec.json.decode(request.body, type=kind).counter)
            return normal(request)

        server.link.answer(PREFIX + call, note)
    for _ in range(5):
        _round(server)
        server.machine.clock.advance(3_500)
    assert len(seen) >= 9
    assert all(later > earlier for earlier, later in itertools.pairwise(seen))


@pytest.mark.parametrize("code", ["token.expired", "token.malformed"])
def test_a_token_refused_by_the_server_is_renewed_once(server: FakeServer, code: str) -> None:
    _round(server)
    answers = [problem_reply(401, code)]
    normal = _normal(server, "check-in")
    server.link.answer(PREFIX + "check-in", lambda request: answers.pop() if answers else normal(request))
    _round(server)
    assert server.link.paths().count(PREFIX + "renew") == 1
    server.link.answer(PREFIX + "check-in", lambda _: problem_reply(401, code))
    assert isinstance(_fails(server), RejectedError)
    assert server.link.paths().count(PREFIX + "renew") == 2


def test_a_renewed_token_is_the_one_that_is_used_and_kept(server: FakeServer) -> None:
    _round(server)
    expires_at = server.machine.clock.now() + timedelta(hours=9)
    renewed = {"token": "renewed", "token_expires_at": expires_at, "server_time": expires_at}
    server.link.answer(PREFIX + "renew", lambda _: json_reply(renewed))
    server.machine.clock.advance(3_600)
    _round(server)
    assert server.link.requests[-1].headers["authorization"] == "Bearer renewed"
    identity = IdentityStore(server.folder / "state").read()
    assert identity is not None
    assert (identity.token, identity.token_expires_at) == ("renewed", expires_at)


@pytest.mark.parametrize("detail", ["", "monday", "2026-11-24T08:00:00", "9" * 50, "0001-01-01"])
def test_a_clock_problem_that_does_not_tell_the_time_is_a_refusal(server: FakeServer, detail: str) -> None:
    server.link.answer(PREFIX + "enrol", lambda _: problem_reply(400, "clock.skewed", detail=detail))
    assert isinstance(_fails(server), RejectedError)
    assert len(server.link.paths()) == 1


def test_a_clock_that_is_still_wrong_after_its_correction_is_corrected_once_only(server: FakeServer) -> None:
    detail = "2030-01-01T00:00:00+00:00"
    server.link.answer(PREFIX + "enrol", lambda _: problem_reply(400, "clock.skewed", detail=detail))
    assert isinstance(_fails(server), RejectedError)
    assert len(server.link.paths()) == 2


def _garbage(payload: bytes) -> DeliveredOrder:
    return DeliveredOrder(
        msgspec.Raw(seal("application/vnd.canopee.order.v1+json", payload, [PrivateKey.generate()]))
    )


def _order_text(server: FakeServer, **changes: Any) -> bytes:  # noqa: ANN401
    server.order(server.publish(HARDWARE))
    envelope = msgspec.json.decode(server.orders.pop().order)
    return encode({**msgspec.json.decode(base64.b64decode(envelope["payload"])), **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"order_id": "x\0y"}, {"order_id": "not an id"}, {"order_id": "x" * 500_000}, {"seq": "1"},
        {"expires_at": "2026-11-24T08:00:00"}, {"pipeline": None},
    ],
    ids=["nul", "no id", "huge", "type", "local time", "no pipeline"],
)  # fmt: skip
def test_an_order_of_a_stranger_that_cannot_be_named_leaves_no_report_to_choke_on(
    server: FakeServer, changes: dict[str, Any]
) -> None:
    """A report with such a name would be refused by an honest server, with all those that wait behind it."""
    server.orders.append(_garbage(_order_text(server, **changes)))
    good = server.order(server.publish(HARDWARE, name="other"))
    _round(server)
    assert list(server.reports) == [good]


@pytest.mark.parametrize("text", ["x" * 700_000, "\x1b[31m" * 1_000])
def test_what_an_order_says_comes_back_cut_and_clean_in_its_report(server: FakeServer, text: str) -> None:
    ref = msgspec.structs.replace(server.publish(HARDWARE), path=text, name=text)
    order_id = server.order(ref)
    _round(server)
    report = server.reports[order_id]
    assert (report.state, report.code) == ("failed", "refused.pipeline")
    assert len(encode(report)) < 20_000
    assert "\x1b" not in report.detail


def test_an_identity_that_cannot_be_read_is_said_and_not_replaced(tmp_path: Path) -> None:
    store = IdentityStore(tmp_path)
    store.write(Identity("d", 1, "p", "t", FakeMachine().clock.now()))
    (tmp_path / "identity.json").write_bytes(b"{")
    with pytest.raises(CanopeeError, match="enrol this PC again"):
        IdentityStore(tmp_path).read()
    for content in (b"", b"x", b"\0\0\0"):
        (tmp_path / "counter").write_bytes(content)
        with pytest.raises(CanopeeError, match="enrol this PC again"):
            IdentityStore(tmp_path)


def test_a_counter_is_reserved_on_disk_before_it_is_used(tmp_path: Path) -> None:
    store = IdentityStore(tmp_path)
    for _ in range(200):
        number = store.next_counter()
        assert int((tmp_path / "counter").read_bytes()) >= number
