import base64

import msgspec
import pytest

from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres.orders import list_runs
from canopee_api.testing import Office, Pc
from canopee_contract.campaign import Ring
from canopee_contract.codec import encode
from canopee_contract.condition import Scalar
from canopee_contract.parameters import ParameterSchema
from canopee_contract.people import CampaignView, CollectRequest
from canopee_contract.report import RunReport, RunReports, RunsReply
from canopee_kit.clock import FakeClock
from canopee_trust.documents import open_order, seal_campaign
from canopee_trust.ed25519 import PrivateKey

WINDOWS: dict[str, object] = {"fact": "os.family", "op": "eq", "value": "windows"}
ALL: dict[str, object] = {"all": []}


async def _start(office: Office, condition: dict[str, object], **changes: object) -> CampaignView:
    campaign = office.campaign("repair", condition, **changes)
    return await office.areas.campaigns.start_signed(office.sign(campaign), by="test")


@pytest.fixture
async def repair(office: Office) -> Office:
    await office.publish_pipeline("repair", "action")
    return office


async def test_only_the_devices_for_which_the_condition_holds_get_an_order(repair: Office) -> None:
    chosen, other = await repair.pc({"os.family": "windows"}), await repair.pc({"os.family": "linux"})
    view = await _start(repair, WINDOWS)
    assert (view.total, view.states) == (1, {"pending": 1})
    assert len(await chosen.orders()) == 1
    assert (await other.check_in()).orders == ()


async def test_an_order_is_signed_for_one_device_and_names_the_document_and_its_place_in_it(
    repair: Office,
) -> None:
    pc = await repair.pc({"os.family": "windows"})
    await _start(repair, WINDOWS)
    delivered = (await pc.orders())[0]
    order = open_order(bytes(delivered.order), repair.areas.trust.policy).order
    assert (order.device_id, order.generation, order.seq) == (pc.id, 1, 1)
    assert order.campaign is not None
    assert order.campaign.ordinal == 1
    assert delivered.document is not None


async def test_orders_are_repeated_until_their_number_is_acknowledged(repair: Office) -> None:
    pc = await repair.pc()
    await _start(repair, ALL)
    assert len(await pc.orders()) == len(await pc.orders()) == 1
    pc.order_seq = 1
    assert (await pc.check_in()).orders == ()


async def test_a_device_that_comes_to_match_later_gets_its_order_then(repair: Office) -> None:
    pc = await repair.pc({"os.family": "linux"})
    view = await _start(repair, WINDOWS)
    assert view.total == 0
    await pc.send_facts({"os.family": "windows"})
    assert len(await pc.orders()) == 1


async def test_facts_left_unconsidered_by_a_crash_are_considered_by_the_next_round(repair: Office) -> None:
    view = await _start(repair, WINDOWS)
    pc = await repair.pc({"os.family": "windows"})
    async with repair.areas.database.transaction() as tx:
        await tx.execute("DELETE FROM orders")
        await tx.execute("UPDATE device_facts SET is_considered = false")
    assert await repair.areas.campaigns.reconsider() == 1
    assert (await repair.areas.campaigns.view(view.id)).total == 1
    assert pc.id


async def test_a_first_round_that_was_interrupted_goes_on_and_gives_nobody_two_orders(repair: Office) -> None:
    for _ in range(3):
        await repair.pc()
    view = await _start(repair, ALL)
    async with repair.areas.database.transaction() as tx:
        await tx.execute(
            """UPDATE campaigns SET is_expanded = false, targets = 1,
                   expanded_to = (SELECT device_id FROM orders ORDER BY device_id LIMIT 1)"""
        )
        await tx.execute("DELETE FROM orders USING campaigns WHERE device_id > expanded_to")
    await repair.areas.campaigns.expand_unfinished()
    assert (await repair.areas.campaigns.view(view.id)).total == 3


async def test_no_more_devices_get_an_order_than_were_approved(repair: Office) -> None:
    for _ in range(3):
        await repair.pc()
    assert (await _start(repair, ALL, max_targets=2)).total == 2


async def test_the_same_document_twice_is_one_campaign(repair: Office) -> None:
    await repair.pc()
    document = repair.sign(repair.campaign("repair", ALL))
    first = await repair.areas.campaigns.start_signed(document, by="test")
    assert (await repair.areas.campaigns.start_signed(document, by="test")).id == first.id
    assert len(await repair.areas.campaigns.views(after="", limit=10)) == 1


async def test_one_byte_changed_in_a_document_is_refused_and_nothing_starts(repair: Office) -> None:
    envelope = msgspec.json.decode(repair.sign(repair.campaign("repair", ALL)))
    payload = base64.b64decode(envelope["payload"])
    for place in range(0, len(payload), 41):
        changed = bytearray(payload)
        changed[place] ^= 1
        spoiled = {**envelope, "payload": base64.b64encode(changed).decode()}
        with pytest.raises((InvalidError, NotFoundError)):
            await repair.areas.campaigns.start_signed(encode(spoiled), by="test")
    assert await repair.areas.campaigns.views(after="", limit=10) == []


@pytest.mark.parametrize("bounds", [(), (5_000, 5_000), (5_000, 1_000), (0,), (10_001,)])
async def test_rings_that_no_pc_would_accept_are_refused_before_anything_starts(
    repair: Office, bounds: tuple[int, ...]
) -> None:
    now = repair.areas.clock.now()
    rings = tuple(Ring(bound, now) for bound in bounds)
    document = repair.sign(repair.campaign("repair", {"all": []}, rings=rings))
    with pytest.raises(InvalidError):
        await repair.areas.campaigns.start_signed(document, by="test")


async def test_a_document_signed_by_a_stranger_is_refused(repair: Office) -> None:
    document = seal_campaign(repair.campaign("repair", ALL), [PrivateKey.generate()])
    with pytest.raises(InvalidError) as refused:
        await repair.areas.campaigns.start_signed(document, by="test")
    assert refused.value.reason == "campaign.threshold"


async def test_a_campaign_that_is_over_is_refused(repair: Office, clock: FakeClock) -> None:
    with pytest.raises(InvalidError) as refused:
        await _start(repair, ALL, not_after=clock.now())
    assert refused.value.reason == "campaign.over"


async def test_a_collect_that_needs_no_approval_starts_by_a_request(office: Office) -> None:
    await office.publish_pipeline("inventory", approval="none")
    await office.pc()
    view = await office.areas.campaigns.start_collect(CollectRequest("inventory", ALL), by="test")
    assert (view.total, view.pipeline, view.state) == (1, "inventory@1", "running")


async def test_a_pipeline_that_needs_approval_does_not_start_by_a_request(repair: Office) -> None:
    with pytest.raises(ConflictError, match="signed by approvers"):
        await repair.areas.campaigns.start_collect(CollectRequest("repair", ALL), by="test")


async def test_parameters_outside_the_signed_schema_are_refused(office: Office) -> None:
    schema = {"channel": ParameterSchema("string", enum=("stable",))}
    await office.publish_pipeline("inventory", approval="none", parameters=schema)
    given: list[dict[str, Scalar]] = [{"channel": "pilot"}, {"other": 1}, {}]
    for parameters in given:
        request = CollectRequest("inventory", ALL, parameters)
        with pytest.raises(InvalidError) as refused:
            await office.areas.campaigns.start_collect(request, by="test")
        assert refused.value.at == "$.parameters"


async def test_an_unknown_pipeline_is_not_found(office: Office) -> None:
    with pytest.raises(NotFoundError):
        await office.areas.campaigns.start_collect(CollectRequest("nothing@3", ALL), by="test")


async def _report(office: Office, pc: Pc, **changes: object) -> RunsReply:
    delivered = (await pc.orders())[0]
    order = open_order(bytes(delivered.order), office.areas.trust.policy).order
    values = {
        "order_id": order.order_id, "seq": order.seq, "state": "done", "order_sha256": "", "pipeline": "repair@1",
        "agent_version": "0.1.0", "finished_at": office.areas.clock.now(), **changes,
    }  # fmt: skip
    return await pc.post("runs", encode({"reports": [values]}), RunsReply)


async def test_a_run_report_ends_its_order(repair: Office) -> None:
    pc = await repair.pc()
    view = await _start(repair, ALL)
    assert (await _report(repair, pc)).verdicts[0].verdict == "accepted"
    assert (await repair.areas.campaigns.view(view.id)).states == {"done": 1}
    assert (await pc.check_in()).orders == ()


async def test_a_report_sent_twice_is_a_duplicate_and_changes_nothing(repair: Office) -> None:
    pc = await repair.pc()
    await _start(repair, ALL)
    delivered = (await pc.orders())[0]
    order = open_order(bytes(delivered.order), repair.areas.trust.policy).order
    report = RunReport(order.order_id, 1, "done", "", "repair@1", "0.1.0", repair.areas.clock.now())
    verdicts = [
        (await pc.post("runs", encode(RunReports((report,))), RunsReply)).verdicts[0].verdict for _ in range(2)
    ]
    assert verdicts == ["accepted", "duplicate"]


async def test_a_report_of_another_device_s_order_is_rejected(repair: Office) -> None:
    pc, other = await repair.pc(), await repair.pc()
    await _start(repair, ALL)
    delivered = (await pc.orders())[0]
    order = open_order(bytes(delivered.order), repair.areas.trust.policy).order
    report = RunReport(order.order_id, 1, "done", "", "repair@1", "0.1.0", repair.areas.clock.now())
    reply = await other.post("runs", encode(RunReports((report,))), RunsReply)
    assert (reply.verdicts[0].verdict, reply.verdicts[0].code) == ("rejected", "run.unknown_order")
    async with repair.areas.database.transaction() as tx:
        assert await list_runs(tx, device="", pipeline="", campaign="", state="", after="", limit=9) == []


async def test_an_expired_order_is_not_delivered_and_is_shown_so(repair: Office, clock: FakeClock) -> None:
    pc = await repair.pc()
    view = await _start(repair, ALL)
    clock.advance(8 * 86_400)
    await pc.renew()
    assert (await pc.check_in()).orders == ()
    view = await repair.areas.campaigns.view(view.id)
    assert (view.total, view.states) == (1, {"expired": 1})
