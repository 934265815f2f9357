"""What a hostile answer, a lying clock or a spoiled disk must not do to the agent: one test for each fault found."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from canopee_agent.errors import RejectedError, RevokedError, StateError, UnreachableError
from canopee_agent.fakes import FakeMachine, FakeProgram, json_reply, problem_reply
from canopee_agent.service.agent import Agent
from canopee_agent.service_ports import Reply
from canopee_agent.testing import DEVICE, FakeServer
from canopee_contract.campaign import Ring
from canopee_contract.codec import encode
from canopee_contract.enrolment import Enrolled
from canopee_contract.order import ORDER_TYPE, DeliveredOrder
from canopee_contract.pipeline import PipelineRef, Step
from canopee_contract.records import RecordsReply
from canopee_contract.report import RunReport, RunsReply, RunVerdict
from canopee_kit.errors import TemporaryError
from canopee_kit.ids import new_id
from canopee_trust.dsse import payload_of, read_envelope, seal
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.repository import RoleKeys, make_root, sign

REPAIR = r"C:\Program Files\Cabinet\repair.exe"
PROGRAM = Step("repair", "run_program", {"argv": [REPAIR]})
HARDWARE = Step("hardware", "collect_hardware")


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    machine = FakeMachine("windows")
    machine.programs.install(REPAIR, FakeProgram(output=b"repaired"))
    return FakeServer(machine, tmp_path)


@pytest.fixture
def start(server: FakeServer) -> Iterator[Callable[[], Agent]]:
    """Starts an agent on the server's home; the one before is closed."""
    running: list[Agent] = []

    def begin() -> Agent:
        for agent in running:
            agent.close()
        running[:] = [server.agent()]
        return running[0]

    yield begin
    for agent in running:
        agent.close()


def _action(server: FakeServer, **changes: object) -> tuple[PipelineRef, bytes]:
    ref = server.publish(PROGRAM, kind="action")
    return ref, server.sign(server.campaign(ref, **changes))


def _report(server: FakeServer, agent: Agent, order_id: str) -> RunReport:
    agent.round()
    return server.reports[order_id]


def _again(server: FakeServer) -> None:
    """Publish the newest time, as an honest API does."""
    server.publisher.now = server.machine.clock.now()
    server.publisher.serve()


def test_a_campaign_runs_once_on_a_pc_however_often_the_online_key_orders_it(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    ref, document = _action(server)
    agent = start()
    assert _report(server, agent, server.order(ref, document=document)).state == "done"
    assert _report(server, agent, server.order(ref, document=document)).code == "refused.repeated"
    assert len(server.machine.programs.runs) == 1


def test_another_document_of_the_same_pipeline_runs_again(server: FakeServer, start: Callable[[], Agent]) -> None:
    ref, first = _action(server)
    second = server.sign(server.campaign(ref, reason="once more"))
    agent = start()
    for document in (first, second):
        assert _report(server, agent, server.order(ref, document=document)).state == "done"


def test_a_server_that_turns_its_clock_back_does_not_revive_a_campaign(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    ref, document = _action(server)
    agent = start()
    agent.round()
    server.machine.clock.advance(30 * 86_400)
    _again(server)
    server.lies["server_time"] = server.now + timedelta(hours=1)
    assert _report(server, agent, server.order(ref, document=document)).code == "refused.clock"
    assert server.machine.programs.runs == []


def test_a_pc_an_hour_off_acts_and_one_that_is_days_off_says_that_its_clock_is_wrong(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    true_now = server.now
    ref = server.publish(PROGRAM, kind="action")
    server.lies["server_time"] = true_now
    codes: list[str] = []
    for hours in (-1, 1, 100):
        server.machine.clock.set_wall(true_now + timedelta(hours=hours))
        end = true_now + timedelta(days=3)
        document = server.sign(server.campaign(ref, reason=str(hours), not_after=end))
        codes.append(_report(server, start(), server.order(ref, document=document, expires_at=end)).code)
    assert codes == ["", "", "refused.clock"]


def test_two_clocks_in_the_past_are_not_believed_below_the_hour_they_had_reached(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    ref, document = _action(server)
    server.machine.clock.advance(30 * 86_400)
    _again(server)
    start().round()
    server.machine.clock.set_wall(server.now + timedelta(hours=1))
    assert _report(server, start(), server.order(ref, document=document)).code == "refused.clock"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-24T08:00:00"])
def test_an_impossible_time_is_not_followed(server: FakeServer, start: Callable[[], Agent], text: str) -> None:
    agent = start()
    agent.round()
    server.link.answer("/agent/v1/check-in", lambda _: Reply(200, {}, b'{"server_time":"%s"}' % text.encode()))
    with pytest.raises(UnreachableError):
        agent.round()
    server.listen()
    agent.round()


@pytest.mark.parametrize("detail", ["", "soon", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00"])
def test_a_skew_that_cannot_be_read_is_a_declared_failure(
    server: FakeServer, start: Callable[[], Agent], detail: str
) -> None:
    server.link.answer("/agent/v1/enrol", lambda _: problem_reply(400, "clock.skewed", detail=detail))
    with pytest.raises((UnreachableError, RejectedError)):
        start().round()


def test_an_order_whose_dates_have_no_zone_is_refused_and_blocks_nothing(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    ref = server.publish(HARDWARE)
    server.order(ref)
    content = payload_of(read_envelope(bytes(server.orders.pop().order)))
    naive = content.replace(server.now.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), b"2026-11-24T08:00:00")
    assert naive != content
    server.orders.append(DeliveredOrder(msgspec.Raw(seal(ORDER_TYPE, naive, [server.director]))))
    good = server.order(ref)
    assert _report(server, start(), good).state == "done"


@pytest.mark.parametrize("order_id", ["", "../../x", "a" * 500_000, "01890A5D-AC96-774B-BCCE-B302099A8057"])
def test_an_order_whose_id_is_no_uuid_is_neither_run_nor_reported(
    server: FakeServer, start: Callable[[], Agent], order_id: str
) -> None:
    server.order(server.publish(HARDWARE), order_id=order_id)
    start().round()
    assert (server.reports, server.records) == ({}, [])


def test_an_unsigned_order_does_not_end_the_one_that_waits_under_its_id(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    order_id = server.order(server.publish(HARDWARE))
    name = next(name for name in server.publisher.files if name.endswith("probe.1.json"))
    server.link.answer(f"/agent/v1/tuf/{name}", lambda _: problem_reply(503, "busy"))
    agent = start()
    agent.round()
    content = payload_of(read_envelope(bytes(server.orders.pop().order)))
    server.orders.append(DeliveredOrder(msgspec.Raw(seal(ORDER_TYPE, content, [PrivateKey.generate()]))))
    agent.round()
    assert server.reports == {}
    server.orders.clear()
    server.link.answer(f"/agent/v1/tuf/{name}", lambda _: Reply(200, {}, server.publisher.files[name]))
    assert _report(server, agent, order_id).state == "done"


def test_an_order_is_not_run_by_a_name_that_is_not_its_own(server: FakeServer, start: Callable[[], Agent]) -> None:
    ref = msgspec.structs.replace(server.publish(HARDWARE), name="harmless")
    assert _report(server, start(), server.order(ref)).code == "refused.pipeline"


def test_rings_that_do_not_rise_are_refused(server: FakeServer, start: Callable[[], Agent]) -> None:
    ref, document = _action(server, rings=(Ring(10_000, server.now), Ring(100, server.now + timedelta(days=9))))
    assert _report(server, start(), server.order(ref, document=document)).code == "refused.campaign"


def test_true_is_not_the_1_that_was_approved(server: FakeServer, start: Callable[[], Agent]) -> None:
    ref, document = _action(server, parameters={"x": 1})
    order_id = server.order(ref, document=document, parameters={"x": True})
    assert _report(server, start(), order_id).state == "failed"


@pytest.mark.parametrize("lost", [["journal.db"], ["journal.db", "floor.db"], ["journal.db", "floor.copy.db"]])
def test_an_order_does_not_run_again_when_a_memory_is_lost(
    server: FakeServer, start: Callable[[], Agent], lost: list[str]
) -> None:
    order_id, (ref, document) = server.order(server.publish(HARDWARE)), _action(server)
    server.order(ref, document=document)
    assert _report(server, start(), order_id).state == "done"
    records = len(server.records)
    start().close()
    for name in lost:
        (server.folder / "state" / name).unlink()
    server.order(ref, document=document)
    start().round()
    assert (len(server.machine.programs.runs), len(server.records)) == (1, records)


def test_a_pc_that_lost_every_memory_runs_nothing_until_it_is_enrolled_again(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    ref = server.publish(HARDWARE)
    start().round()
    start().close()
    state = server.folder / "state"
    for name in ("journal.db", "floor.db", "floor.copy.db"):
        (state / name).unlink()
    assert _report(server, start(), server.order(ref)).code == "refused.state_lost"
    (state / "identity.json").unlink()
    server.give_token()
    assert _report(server, start(), server.order(ref)).state == "done"


def test_numbers_spent_by_a_stolen_key_do_not_block_the_policy_that_replaces_it(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    ref, agent = server.publish(HARDWARE), start()
    assert _report(server, agent, server.order(ref, seq=2**53 - 1)).state == "done"
    server.publish_policy(epoch=2)
    assert _report(server, agent, server.order(ref, epoch=2)).state == "done"


def test_versions_spent_by_stolen_keys_do_not_block_the_root_that_replaces_them(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    agent, publisher = start(), server.publisher
    publisher.version = 2**52
    publisher.serve()
    agent.round()
    publisher.version = 10
    for role in ("snapshot", "timestamp"):
        publisher.keys[role] = PrivateKey.generate()
    roles = {role: RoleKeys((key.public,)) for role, key in publisher.keys.items()}
    root = sign(make_root(roles, now=publisher.now, version=2), publisher.keys["root"])
    publisher.files["metadata/2.root.json"] = root
    assert _report(server, agent, server.order(server.publish(HARDWARE))).state == "done"


def test_actions_stop_when_metadata_expire_under_a_running_agent(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    end = server.now + timedelta(days=60)
    ref, document = _action(server, not_after=end)
    agent = start()
    agent.round()
    server.lies["trust_version"] = 0
    server.machine.clock.advance(8 * 86_400)
    order_id = server.order(ref, document=document, expires_at=end)
    assert _report(server, agent, order_id).code == "refused.metadata_expired"


def test_collections_go_on_when_only_the_offline_roles_have_expired(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    ref, agent = server.publish(HARDWARE), start()
    server.machine.clock.advance(200 * 86_400)
    _again(server)
    end = server.machine.clock.now() + timedelta(days=1)
    assert _report(server, agent, server.order(ref, expires_at=end)).state == "done"


def test_reports_that_nobody_acknowledges_are_sent_once_a_round(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    server.link.answer("/agent/v1/runs", lambda _: json_reply(RunsReply((RunVerdict("other", "accepted"),))))
    server.order(server.publish(HARDWARE))
    start().round()
    assert server.link.paths().count("/agent/v1/runs") == 1


def test_records_that_nobody_acknowledges_are_sent_once_a_round(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    server.link.answer("/agent/v1/records", lambda _: json_reply(RecordsReply(0, ())))
    server.order(server.publish(HARDWARE))
    start().round()
    assert server.link.paths().count("/agent/v1/records") == 1


def test_reports_that_are_refused_do_not_keep_the_agent_from_checking_in(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    order_id = server.order(server.publish(HARDWARE))
    server.link.answer("/agent/v1/runs", lambda _: problem_reply(413, "too_large"))
    agent = start()
    agent.round()
    agent.round()
    assert server.link.paths().count("/agent/v1/check-in") == 2
    server.listen()
    assert _report(server, agent, order_id).state == "done"


@pytest.mark.parametrize(
    "changes", [{"generation": 2**62}, {"generation": 0}, {"device_id": "../x"}, {"token": "a\r\nx: y"}]
)
def test_an_identity_that_cannot_be_used_is_not_stored(
    server: FakeServer, start: Callable[[], Agent], changes: dict[str, object]
) -> None:
    good = Enrolled(DEVICE, 1, "C", "token", server.now + timedelta(hours=1), server.now)
    answer = json_reply(msgspec.structs.replace(good, **changes))
    server.link.answer("/agent/v1/enrol", lambda _: answer)
    with pytest.raises(UnreachableError):
        start().round()
    server.listen()
    start().round()
    assert server.facts["device.id"] == DEVICE


@pytest.mark.parametrize("status", [200, 302, 403, 407, 500])
def test_a_page_of_a_captive_portal_is_a_passing_trouble(
    server: FakeServer, start: Callable[[], Agent], status: int
) -> None:
    agent = start()
    agent.round()
    server.link.answer("/agent/v1/check-in", lambda _: Reply(status, {}, b"<html>please log in</html>"))
    with pytest.raises(TemporaryError):
        agent.round()


def test_an_answer_nested_without_end_is_a_passing_trouble(server: FakeServer, start: Callable[[], Agent]) -> None:
    agent = start()
    agent.round()
    body = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    server.link.answer("/agent/v1/check-in", lambda _: Reply(200, {}, body))
    with pytest.raises(UnreachableError):
        agent.round()


@pytest.mark.parametrize("asked", ["9" * 400, "86400000"])
def test_a_wait_is_an_hour_at_most(server: FakeServer, start: Callable[[], Agent], asked: str) -> None:
    agent = start()
    agent.round()
    server.lies["next_in_s"] = 10**9
    assert agent.round() <= 2 * 3_600
    server.link.answer("/agent/v1/check-in", lambda _: problem_reply(503, "busy", headers={"retry-after": asked}))
    with pytest.raises(UnreachableError) as refused:
        agent.round()
    assert refused.value.retry_after_s == 3_600


@pytest.mark.parametrize("code", ["device.revoked", "whatever"])
def test_no_answer_ends_the_agent(server: FakeServer, start: Callable[[], Agent], code: str) -> None:
    agent = start()
    agent.round()

    def refuse(_: object) -> Reply:
        agent.stop()
        return problem_reply(401, code)

    server.link.answer("/agent/v1/check-in", refuse)
    agent.run()
    assert server.link.is_interrupted


def test_a_state_that_somebody_must_repair_ends_the_agent(server: FakeServer, start: Callable[[], Agent]) -> None:
    (server.folder / "agent.toml").write_text('server_url = "http://127.0.0.1:1"\n')
    with pytest.raises(StateError, match="enrolment_token"):
        start().run()


def test_a_revocation_is_still_told_to_whoever_runs_one_round(
    server: FakeServer, start: Callable[[], Agent]
) -> None:
    agent = start()
    agent.round()
    server.link.answer("/agent/v1/check-in", lambda _: problem_reply(401, "device.revoked"))
    with pytest.raises(RevokedError):
        agent.round()


def test_a_hundred_orders_are_taken_from_one_answer(server: FakeServer, start: Callable[[], Agent]) -> None:
    bad = seal(ORDER_TYPE, encode({"order_id": new_id(datetime(2026, 1, 1, tzinfo=UTC))}), [PrivateKey.generate()])
    server.orders += [DeliveredOrder(msgspec.Raw(bad))] * 100
    order_id, agent = server.order(server.publish(HARDWARE)), start()
    agent.round()
    assert order_id not in server.reports
    del server.orders[:1]
    assert _report(server, agent, order_id).state == "done"
