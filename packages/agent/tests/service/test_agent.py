"""Orders from end to end, on an in-memory machine: what runs, and every refusal by its name."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee_agent.engine.journal import Journal
from canopee_agent.errors import UnreachableError
from canopee_agent.fakes import FakeMachine, FakeProgram
from canopee_agent.testing import DEVICE, FakeServer
from canopee_contract.campaign import Ring
from canopee_contract.codec import encode
from canopee_contract.facts import FactSources, RegistryFact
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.parameters import ParameterSchema
from canopee_contract.pipeline import PipelineRef, Step
from canopee_contract.raw import NULL
from canopee_contract.report import RunReport
from canopee_contract.trust_policy import TrustedKey
from canopee_contract.window import Window
from canopee_kit.ids import new_id
from canopee_trust.dsse import payload_of, read_envelope
from canopee_trust.ed25519 import PrivateKey

KEY = r"HKLM\SOFTWARE\Éditeur\Cabinet"
REPAIR = r"C:\Program Files\Cabinet\repair.exe"
HARDWARE = Step("hardware", "collect_hardware")
PROGRAM = Step("repair", "run_program", {"argv": [REPAIR]})


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    machine = FakeMachine("windows")
    machine.registry.set(KEY, "Version", "8.1.0")
    machine.programs.install(REPAIR, FakeProgram(output=b"repaired"))
    return FakeServer(machine, tmp_path)


def _run(server: FakeServer) -> None:
    agent = server.agent()
    try:
        agent.round()
    finally:
        agent.close()


def _after(server: FakeServer, order_id: str) -> RunReport:
    _run(server)
    return server.reports[order_id]


def _action(server: FakeServer, **changes: Any) -> tuple[PipelineRef, bytes]:  # noqa: ANN401
    ref = server.publish(PROGRAM, kind="action")
    return ref, server.sign(server.campaign(ref, **changes))


def test_a_signed_collection_runs_and_its_records_arrive(server: FakeServer) -> None:
    report = _after(server, server.order(server.publish(HARDWARE)))
    assert (report.state, report.code, [step.state for step in report.steps]) == ("done", "", ["done"])
    assert [record.dataset for record in server.records] == ["collect_hardware"]
    assert server.records[0].order_id == report.order_id


def test_an_approved_action_runs_its_program_once_however_often_it_is_delivered(server: FakeServer) -> None:
    ref, document = _action(server)
    order_id = server.order(ref, document=document)
    for _ in range(3):
        assert _after(server, order_id).state == "done"
    assert server.machine.programs.runs == [(REPAIR,)]


def test_facts_are_sent_when_they_change_and_not_otherwise(server: FakeServer) -> None:
    sources = FactSources(spec=1, version=1, sources=(RegistryFact("product.version", KEY, "Version"),))
    server.publish_facts(encode(sources))
    _run(server)
    assert (server.facts["product.version"], server.facts["device.id"]) == ("8.1.0", DEVICE)
    before = server.link.paths().count("/agent/v1/facts")
    _run(server)
    assert server.link.paths().count("/agent/v1/facts") <= before + 1


def test_a_condition_that_does_not_hold_on_the_pc_skips_the_run(server: FakeServer) -> None:
    ref, document = _action(server, condition={"fact": "os.family", "op": "eq", "value": "linux"})
    report = _after(server, server.order(ref, document=document))
    assert (report.state, report.code) == ("skipped", "condition_false")
    assert server.machine.programs.runs == []


def _spoil(envelope: msgspec.Raw) -> msgspec.Raw:
    document = msgspec.json.decode(envelope)
    payload = bytearray(base64.b64decode(document["payload"]))
    payload[payload.index(b'"issued_at"') if b'"issued_at"' in payload else payload.index(b'"reason":"') + 10] ^= 1
    return msgspec.Raw(encode({**document, "payload": base64.b64encode(payload).decode()}))


def test_one_byte_changed_in_an_order_is_refused(server: FakeServer) -> None:
    order_id = server.order(server.publish(HARDWARE), parameters={})
    delivered = server.orders[0]
    payload = base64.b64decode(msgspec.json.decode(delivered.order)["payload"])
    spoiled = payload.replace(b'"seq":1', b'"seq":2')
    envelope = {**msgspec.json.decode(delivered.order), "payload": base64.b64encode(spoiled).decode()}
    server.orders[0] = DeliveredOrder(msgspec.Raw(encode(envelope)), NULL)
    report = _after(server, order_id)
    assert (report.state, report.code) == ("failed", "refused.order_signature")
    assert server.records == []


def test_one_byte_changed_in_a_campaign_document_is_refused(server: FakeServer) -> None:
    ref, document = _action(server)
    order_id = server.order(ref, document=document)
    server.orders[0] = DeliveredOrder(server.orders[0].order, _spoil(msgspec.Raw(document)))
    assert _after(server, order_id).code == "refused.campaign_signature"
    assert server.machine.programs.runs == []


def test_one_byte_changed_in_a_published_pipeline_is_refused(server: FakeServer) -> None:
    order_id = server.order(server.publish(HARDWARE))
    name = next(name for name in server.publisher.files if name.endswith("probe.1.json"))
    server.publisher.files[name] = server.publisher.files[name].replace(b"probe", b"prove")
    assert _after(server, order_id).code == "refused.pipeline_hash"
    assert server.records == []


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets", "collect"])
def test_one_byte_changed_in_tuf_metadata_is_refused(server: FakeServer, role: str) -> None:
    order_id = server.order(server.publish(HARDWARE))
    for name, content in list(server.publisher.files.items()):
        if name.endswith(f"{role}.json"):
            server.publisher.files[name] = content.replace(b'"sig":"', b'"sig":"0', 1)
    _run(server)
    report = server.reports[order_id]
    assert report.code in {"refused.metadata", "refused.pipeline"}
    assert server.records == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"device_id": "01890a5d-ac96-774b-bcce-000000000000"}, "device"),
        ({"generation": 2}, "generation"),
        ({"epoch": 2}, "epoch"),
        ({"parameters": {"other": 1}}, "parameters"),
    ],
)
def test_an_order_for_somebody_else_or_outside_its_schema_is_refused(
    server: FakeServer, changes: dict[str, Any], reason: str
) -> None:
    report = _after(server, server.order(server.publish(HARDWARE), **changes))
    assert (report.state, report.code) == ("failed", f"refused.{reason}")


def test_an_order_signed_by_a_stranger_is_refused(server: FakeServer) -> None:
    order_id = server.order(server.publish(HARDWARE), key=PrivateKey.generate())
    assert _after(server, order_id).code == "refused.order_signature"


def test_an_order_of_a_pipeline_with_other_bytes_is_refused(server: FakeServer) -> None:
    ref = msgspec.structs.replace(server.publish(HARDWARE), sha256="0" * 64)
    assert _after(server, server.order(ref)).code == "refused.pipeline_hash"


def test_an_order_of_a_pipeline_that_nobody_published_is_refused(server: FakeServer) -> None:
    ref = msgspec.structs.replace(server.publish(HARDWARE), path="pipelines/collect/other.1.json")
    assert _after(server, server.order(ref)).code == "refused.pipeline"


def test_an_order_that_is_too_old_is_expired_and_one_that_is_early_is_refused(server: FakeServer) -> None:
    ref = server.publish(HARDWARE)
    late = server.order(ref, expires_at=server.now)
    early = server.order(ref, not_before=server.now + timedelta(hours=1))
    _run(server)
    assert (server.reports[late].state, server.reports[early].code) == ("expired", "refused.not_yet")


def test_an_action_without_a_campaign_is_refused(server: FakeServer) -> None:
    assert _after(server, server.order(server.publish(PROGRAM, kind="action"))).code == "refused.approval"


def test_a_collect_that_acts_is_refused(server: FakeServer) -> None:
    assert _after(server, server.order(server.publish(PROGRAM))).code == "refused.kind"


def test_a_step_kind_that_this_agent_does_not_know_is_refused(server: FakeServer) -> None:
    assert _after(server, server.order(server.publish(Step("x", "make_coffee")))).code == "refused.step_kind"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"max_targets": 0}, "ordinal"),
        ({"parameters": {"x": 1}}, "campaign_parameters"),
    ],
)
def test_an_order_that_its_campaign_does_not_cover_is_refused(
    server: FakeServer, changes: dict[str, Any], reason: str
) -> None:
    ref, document = _action(server, **changes)
    assert _after(server, server.order(ref, document=document)).code == f"refused.{reason}"


def test_a_campaign_outside_its_dates_is_refused(server: FakeServer) -> None:
    ref, document = _action(server, not_before=server.now + timedelta(days=1))
    assert _after(server, server.order(ref, document=document)).code == "refused.campaign_window"


def test_a_device_that_no_ring_reaches_is_refused(server: FakeServer) -> None:
    ref, document = _action(server, rings=(Ring(1, server.now),))
    assert _after(server, server.order(ref, document=document)).code == "refused.ring"


def test_a_pilot_runs_what_no_ring_would_bring_it_yet_and_another_device_does_not(server: FakeServer) -> None:
    rings = (Ring(1, server.now), Ring(10_000, server.now + timedelta(days=1)))
    ref, document = _action(server, rings=rings, pilots=(DEVICE,))
    assert _after(server, server.order(ref, document=document)).state == "done"
    other = server.sign(server.campaign(ref, rings=rings, pilots=(new_id(server.now),)))
    assert _after(server, server.order(ref, document=other)).code == "refused.ring"


def test_a_ring_that_was_not_reached_is_refused(server: FakeServer) -> None:
    ref, document = _action(server, rings=(Ring(10_000, server.now + timedelta(days=1)),))
    assert _after(server, server.order(ref, document=document)).code == "refused.ring"


def test_an_order_that_names_another_document_is_refused(server: FakeServer) -> None:
    ref, document = _action(server)
    order_id = server.order(ref, document=document)
    other = server.sign(server.campaign(ref, reason="another"))
    server.orders[0] = DeliveredOrder(server.orders[0].order, msgspec.Raw(other))
    assert _after(server, order_id).code == "refused.campaign_hash"


def test_a_document_that_approves_another_pipeline_is_refused(server: FakeServer) -> None:
    ref = server.publish(PROGRAM, kind="action")
    other = msgspec.structs.replace(ref, version=2)
    document = server.sign(server.campaign(other))
    assert _after(server, server.order(ref, document=document)).code == "refused.campaign_pipeline"


def test_a_document_signed_by_a_stranger_is_refused(server: FakeServer) -> None:
    ref = server.publish(PROGRAM, kind="action")
    document = server.sign(server.campaign(ref), PrivateKey.generate())
    assert _after(server, server.order(ref, document=document)).code == "refused.campaign_signature"


def test_one_approver_signing_twice_is_one_approver(server: FakeServer) -> None:
    server.publish_policy(action_approvals=2)
    ref = server.publish(PROGRAM, kind="action")
    document = server.sign(server.campaign(ref), server.approvers[0], server.approvers[0])
    assert _after(server, server.order(ref, document=document)).code == "refused.campaign_signature"


def test_the_author_of_a_pipeline_cannot_be_its_only_approver(server: FakeServer) -> None:
    author = server.publisher.keys["action"]
    server.approvers[0] = author
    server.publish_policy()
    ref, document = _action(server)
    assert _after(server, server.order(ref, document=document)).code == "refused.author"


def test_a_development_key_is_refused_unless_the_local_policy_accepts_it(server: FakeServer) -> None:
    ref = server.publish(HARDWARE)
    key = server.director.public
    server.publish_policy(directors=(TrustedKey(key.keyid, key.base64, "lab", lab=True),))
    assert _after(server, server.order(ref)).code == "refused.lab_key"
    (server.folder / "policy.toml").write_text("accept_lab_keys = true\n")
    assert _after(server, server.order(ref)).state == "done"


@pytest.mark.parametrize(
    ("policy", "reason"),
    [("enabled = false\n", "disabled"), ('step_kinds = ["read_registry"]\n', "policy_step_kind")],
)
def test_the_local_policy_has_the_last_word(server: FakeServer, policy: str, reason: str) -> None:
    (server.folder / "policy.toml").write_text(policy)
    assert _after(server, server.order(server.publish(HARDWARE))).code == f"refused.{reason}"


def test_a_program_outside_the_roots_of_the_local_policy_does_not_run(server: FakeServer) -> None:
    (server.folder / "policy.toml").write_text("")
    ref, document = _action(server)
    report = _after(server, server.order(ref, document=document))
    assert (report.state, report.steps[0].code) == ("failed", "step.denied")
    assert server.machine.programs.runs == []


def test_with_metadata_out_of_date_nothing_acts_any_more_and_collections_go_on(server: FakeServer) -> None:
    collect = server.publish(HARDWARE)
    act, document = _action(server, not_after=server.now + timedelta(days=90))
    server.machine.clock.advance(60 * 86_400)
    until = server.now + timedelta(days=90)
    acted = server.order(act, document=document, expires_at=until)
    collected = server.order(collect, expires_at=until)
    _run(server)
    assert server.reports[acted].code == "refused.metadata_expired"
    assert server.reports[collected].state == "done"


def test_parameters_reach_the_step_as_whole_values(server: FakeServer) -> None:
    step = Step("repair", "run_program", {"argv": [REPAIR, {"$param": "mode"}]})
    schema = {"mode": ParameterSchema("string", enum=("fast & loose",))}
    ref = server.publish(step, kind="action", parameters=schema)
    parameters = {"mode": "fast & loose"}
    document = server.sign(server.campaign(ref, parameters=parameters))
    assert _after(server, server.order(ref, document=document, parameters=parameters)).state == "done"
    assert server.machine.programs.runs == [(REPAIR, "fast & loose")]


def test_a_crash_in_the_middle_of_a_step_is_unknown_and_never_runs_again(server: FakeServer) -> None:
    ref, document = _action(server)
    order_id = server.order(ref, document=document)
    journal = Journal(server.folder / "state" / "journal.db", server.machine.clock)
    _begin_and_die(server, journal, order_id)
    report = _after(server, order_id)
    assert (report.state, report.code) == ("unknown", "crashed")
    assert server.machine.programs.runs == []


def _begin_and_die(server: FakeServer, journal: Journal, order_id: str) -> None:
    """What a kill in the middle of a run leaves on disk."""
    delivered = server.orders[0]
    order = msgspec.json.decode(payload_of(read_envelope(bytes(delivered.order))), type=Order)
    assert order.order_id == order_id
    assert journal.accept(order, "0" * 64, delivered)
    journal.begin(order_id, server.now)
    journal.close()


def test_an_order_stored_before_a_crash_that_had_not_begun_is_run_afterwards(server: FakeServer) -> None:
    order_id = server.order(server.publish(HARDWARE))
    _run_nothing(server)
    journal = Journal(server.folder / "state" / "journal.db", server.machine.clock)
    delivered = server.orders.pop()
    order = msgspec.json.decode(payload_of(read_envelope(bytes(delivered.order))), type=Order)
    journal.accept(order, "0" * 64, delivered)
    journal.close()
    assert _after(server, order_id).state == "done"


def _run_nothing(server: FakeServer) -> None:
    """Enrol only, so that identity and metadata are there."""
    held, server.orders = server.orders, []
    _run(server)
    server.orders = held


def test_reports_and_records_wait_for_the_network_and_are_sent_once(server: FakeServer) -> None:
    order_id = server.order(server.publish(HARDWARE))
    taken = server.link.answer

    def refuse(_: object) -> Any:  # noqa: ANN401
        raise UnreachableError("cut")

    taken("/agent/v1/runs", refuse)
    with pytest.raises(UnreachableError):
        _run(server)
    assert server.reports == {}
    taken("/agent/v1/runs", server._take_runs)  # pyright: ignore[reportPrivateUsage]
    assert _after(server, order_id).state == "done"
    assert len(server.records) == 1


def test_a_stop_of_everything_keeps_orders_from_beginning_until_the_server_says_otherwise(
    server: FakeServer,
) -> None:
    ref, document = _action(server)
    server.lies["is_stopped"] = True
    order_id = server.order(ref, document=document)
    for _ in range(2):
        _run(server)
    assert (server.reports, server.machine.programs.runs) == ({}, [])
    server.lies.clear()
    assert _after(server, order_id).state == "done"


def test_what_was_held_when_everything_was_stopped_does_not_begin_at_a_restart(server: FakeServer) -> None:
    ref, document = _action(server)
    order_id = server.order(ref, document=document)

    def away(_: object) -> Any:  # noqa: ANN401
        raise UnreachableError("away")

    path = f"/agent/v1/tuf/targets/pipelines/action/{ref.sha256}.probe.1.json"
    server.link.answer(path, away)
    _run(server)  # taken in charge, and its pipeline cannot be fetched
    server.link.answer(path, server.link.handler("/agent/v1/tuf/"))
    server.orders.clear()
    server.lies["is_stopped"] = True
    for _ in range(2):
        _run(server)
    assert (server.reports, server.machine.programs.runs) == ({}, [])
    server.lies.clear()
    assert _after(server, order_id).state == "done"


def test_after_a_long_run_the_server_is_asked_again_before_another_order_begins(server: FakeServer) -> None:
    server.machine.programs.install(REPAIR, FakeProgram(output=b"repaired", duration_s=120))
    ref = server.publish(msgspec.structs.replace(PROGRAM, timeout_s=300), kind="action")
    first, second = (server.order(ref, document=server.sign(server.campaign(ref))) for _ in range(2))
    _run(server)
    assert set(server.reports) == {first}
    server.lies["is_stopped"] = True
    _run(server)
    assert set(server.reports) == {first}
    server.lies.clear()
    _run(server)
    assert set(server.reports) == {first, second}


def test_an_order_outside_its_window_waits_here_and_runs_when_it_opens(server: FakeServer) -> None:
    """On a Tuesday, 09:00 on the wall."""
    ref, document = _action(server, windows=(Window(("tue",), "20:00", "22:00"),))
    order_id = server.order(ref, document=document, expires_at=server.now + timedelta(days=7))
    _run(server)
    server.orders.clear()
    server.machine.clock.advance(10.9 * 3_600)
    _run(server)
    assert (server.reports, server.machine.programs.runs) == ({}, [])
    server.machine.clock.advance(0.2 * 3_600)
    assert _after(server, order_id).state == "done"


def test_an_order_whose_window_never_opened_expires(server: FakeServer) -> None:
    ref, document = _action(server, windows=(Window(("sat",), "20:00", "22:00"),))
    order_id = server.order(ref, document=document)
    _run(server)
    server.machine.clock.advance(25 * 3_600)
    assert _after(server, order_id).state == "expired"


def test_an_order_that_may_not_run_is_refused_at_once_also_outside_its_window(server: FakeServer) -> None:
    ref, document = _action(server, windows=(Window(("sat",), "20:00", "22:00"),), max_targets=0)
    assert _after(server, server.order(ref, document=document)).code == "refused.ordinal"


def test_a_campaign_that_a_newer_one_has_ended_is_refused_and_a_still_newer_one_is_not(server: FakeServer) -> None:
    ref, old = _action(server)
    server.machine.clock.advance(1)
    server.now = server.machine.clock.now()
    assert (
        _after(server, server.order(ref, document=server.sign(server.campaign(ref, supersedes=True)))).state
        == "done"
    )
    server.orders.clear()
    assert _after(server, server.order(ref, document=old)).code == "refused.superseded"
    other = server.publish(PROGRAM, kind="action", name="other")
    assert _after(server, server.order(other, document=server.sign(server.campaign(other)))).state == "done"
    server.machine.clock.advance(1)
    server.now = server.machine.clock.now()
    assert _after(server, server.order(ref, document=server.sign(server.campaign(ref)))).state == "done"
