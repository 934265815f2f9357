"""A campaign under way: promoted, retried, taken back; its devices, causes and history."""

from datetime import timedelta

import msgspec
import pytest

from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres.campaign_devices import Wanted
from canopee_api.testing import Office, Pc
from canopee_contract.campaign import Campaign, Ring, Rollout, ring_position
from canopee_contract.codec import decode, encode
from canopee_contract.order import Order
from canopee_contract.people import CampaignView, CollectRequest
from canopee_contract.pipeline import Pipeline, Step, target_path
from canopee_contract.report import RunReport, RunReports, RunsReply, RunState, StepReport
from canopee_kit.clock import FakeClock
from canopee_trust.dsse import payload_of, read_envelope

ALL: dict[str, object] = {"all": []}


@pytest.fixture
async def repair(office: Office) -> Office:
    await office.publish_pipeline("repair", "action")
    return office


async def _fleet(office: Office, size: int) -> list[Pc]:
    return sorted([await office.pc() for _ in range(size)], key=lambda pc: ring_position(pc.id))


async def _start(office: Office, name: str = "repair", **changes: object) -> CampaignView:
    document = office.sign(office.campaign(name, ALL, **changes))
    return await office.areas.campaigns.start_signed(document, by="test")


async def _named(office: Office, called: str, **changes: object) -> CampaignView:
    document = msgspec.structs.replace(office.campaign("repair", ALL, **changes), name=called)
    return await office.areas.campaigns.start_signed(office.sign(document), by="test")


async def _run(office: Office, pc: Pc, state: RunState = "done", step: StepReport | None = None) -> None:
    """It takes its newest order, and reports how it ended."""
    delivered = (await pc.orders())[-1]
    order = decode(payload_of(read_envelope(bytes(delivered.order))), Order)
    pc.order_seq = order.seq
    report = RunReport(
        order_id=order.order_id, seq=order.seq, state=state, order_sha256="0" * 64, pipeline="repair@1",
        agent_version="0.1.0", finished_at=office.areas.clock.now(), code=step.code if step else "",
        detail=f"{step.id}: {step.detail}" if step else "", steps=(step,) if step else (),
    )  # fmt: skip
    await pc.post("runs", encode(RunReports((report,))), RunsReply)


async def test_a_ring_is_opened_by_hand_before_the_shares_say_so_but_not_before_its_signed_date(
    repair: Office, clock: FakeClock
) -> None:
    fleet, now = await _fleet(repair, 3), repair.areas.clock.now()
    bounds = [ring_position(pc.id) + 1 for pc in fleet]
    rings = (Ring(bounds[0], now), Ring(bounds[1], now), Ring(10_000, now + timedelta(hours=1)))
    view = await _start(repair, rings=rings, rollout=Rollout(advance_after_s=3_600))
    assert view.states == {"pending": 1, "waiting": 2}
    promoted = await repair.areas.actions.promote(view.id, by="anna")
    assert (promoted.states, [ring.is_open for ring in promoted.rings]) == (
        {"pending": 2, "waiting": 1}, [True, True, False]
    )  # fmt: skip
    with pytest.raises(ConflictError, match="that date is signed"):
        await repair.areas.actions.promote(view.id, by="anna")
    clock.advance(3_600)
    await repair.areas.rings.pause(view.id, by="anna")
    with pytest.raises(ConflictError, match="resume it first"):
        await repair.areas.actions.promote(view.id, by="anna")
    await repair.areas.rings.resume(view.id, by="anna")
    assert (await repair.areas.actions.promote(view.id, by="anna")).states == {"pending": 3}
    with pytest.raises(ConflictError, match="all of its rings are open"):
        await repair.areas.actions.promote(view.id, by="anna")
    await repair.areas.campaigns.stop(view.id, by="anna")
    with pytest.raises(ConflictError, match="over"):
        await repair.areas.actions.promote(view.id, by="anna")
    with pytest.raises(NotFoundError):
        await repair.areas.actions.promote("x", by="anna")


async def test_failures_are_tried_again_by_a_new_document_that_lists_only_them(repair: Office) -> None:
    fleet = await _fleet(repair, 4)
    view = await _start(repair)
    with pytest.raises(ConflictError, match="no run of it has failed"):
        await repair.areas.actions.retry(view.id, by="anna")
    for pc, state in zip(fleet, ("done", "failed", "unknown", "skipped"), strict=True):
        await _run(repair, pc, state)
    proposed = await repair.areas.actions.retry(view.id, by="anna")
    assert proposed.campaign is None
    assert proposed.draft is not None
    document = msgspec.json.decode(proposed.draft.document, type=Campaign)
    failed = sorted([fleet[1].id, fleet[2].id])
    assert document.condition == {"all": [{"fact": "device.id", "op": "in", "value": failed}, ALL]}
    signed = await repair.areas.campaign_drafts.sign(proposed.draft.id, repair.sign(document), by="bob")
    assert signed.state == "ready"
    again = await repair.areas.campaign_drafts.start(proposed.draft.id, by="bob")
    assert (again.total, proposed.devices) == (2, 2)
    assert (await repair.areas.campaigns.view(view.id)).states == {
        "done": 1, "failed": 1, "unknown": 1, "skipped": 1
    }  # fmt: skip


async def test_a_collect_that_needs_no_approval_is_tried_again_at_once(office: Office) -> None:
    await office.publish_pipeline("look", approval="none")
    good, bad = await office.pc(), await office.pc()
    view = await office.areas.campaigns.start_collect(CollectRequest("look", ALL), by="anna")
    await _run(office, good)
    await _run(office, bad, "failed")
    proposed = await office.areas.actions.retry(view.id, by="anna")
    assert proposed.draft is None
    assert proposed.campaign is not None
    assert proposed.campaign.states == {"pending": 1}
    assert len(await bad.orders()) == 1


async def test_the_version_before_goes_to_the_devices_that_have_had_this_one(repair: Office) -> None:
    newer = Pipeline(
        spec=1,
        name="repair",
        version=2,
        kind="action",
        title="repair",
        steps=(Step(id="only", use="run_program"),),
    )
    await repair.publish({target_path("action", "repair", 2): encode(newer)})
    fleet = await _fleet(repair, 4)
    view = await _start(repair, name="repair@2")
    await _run(repair, fleet[0])
    await _run(repair, fleet[1], "failed")
    await _run(repair, fleet[2], "skipped")
    with pytest.raises(ConflictError, match="pause or abort it first"):
        await repair.areas.actions.go_back(view.id, None, by="anna")
    await repair.areas.campaigns.stop(view.id, by="anna")
    proposed = await repair.areas.actions.go_back(view.id, None, by="anna")
    assert proposed.draft is not None
    document = msgspec.json.decode(proposed.draft.document, type=Campaign)
    assert (document.pipeline.version, proposed.devices) == (1, 2)
    assert document.condition["value"] == sorted([fleet[0].id, fleet[1].id])
    assert proposed.draft.state == "awaiting"
    wider = await repair.areas.actions.go_back(view.id, ALL, by="anna")
    assert wider.devices == 4
    old = await _start(repair, name="repair@1")
    await repair.areas.campaigns.stop(old.id, by="anna")
    with pytest.raises(NotFoundError, match="no version of repair before 1"):
        await repair.areas.actions.go_back(old.id, ALL, by="anna")


async def test_failures_are_grouped_by_step_and_code_and_lead_to_their_devices(repair: Office) -> None:
    fleet = await _fleet(repair, 6)
    view = await _start(repair)
    full = StepReport("only", "run_program", "failed", "step.no_space", "C: is full")
    exit_1 = StepReport("only", "run_program", "failed", "step.exit_code", "it ended with 1")
    for pc in fleet[:3]:
        await _run(repair, pc, "failed", full)
    await _run(repair, fleet[3], "failed", exit_1)
    await _run(repair, fleet[4], "failed")
    await _run(repair, fleet[5])
    causes = await repair.areas.progress.failures(view.id)
    assert [(one.step, one.code, one.detail, one.devices) for one in causes] == [
        ("only", "step.no_space", "C: is full", 3), ("", "", "", 1), ("only", "step.exit_code", "it ended with 1", 1),
    ]  # fmt: skip
    assert {one.id for one in causes[0].samples} == {pc.id for pc in fleet[:3]}
    assert causes[0].samples[0].hostname == "ACCUEIL-01"
    wanted = Wanted(step="only", code="step.no_space")
    found = await repair.areas.progress.devices(view.id, wanted, after="", limit=9)
    assert [one.id for one in found] == sorted(pc.id for pc in fleet[:3])
    assert (found[0].state, found[0].step, found[0].detail) == ("failed", "only", "C: is full")


async def test_the_pages_of_devices_hold_each_once_those_that_wait_too(repair: Office) -> None:
    fleet, now = await _fleet(repair, 5), repair.areas.clock.now()
    rings = (Ring(ring_position(fleet[1].id) + 1, now), Ring(10_000, now + timedelta(hours=1)))
    view = await _start(repair, rings=rings)
    await _run(repair, fleet[0])
    found = list[str]()
    progress, after = repair.areas.progress, ""
    while page := await progress.devices(view.id, Wanted(), after=after, limit=2):
        found += [one.id for one in page]
        after = page[-1].id
    assert found == sorted(pc.id for pc in fleet)
    for wanted, ids in (
        (Wanted(states=["waiting"]), fleet[2:]), (Wanted(states=["done", "pending"]), fleet[:2]),
        (Wanted(ring=0), fleet[:2]), (Wanted(q="accueil"), fleet), (Wanted(q="%"), []),
    ):  # fmt: skip
        rows = await progress.devices(view.id, wanted, after="", limit=9)
        assert [one.id for one in rows] == sorted(pc.id for pc in ids)
    with pytest.raises(InvalidError, match="is none of"):
        await progress.devices(view.id, Wanted(states=["x"]), after="", limit=9)


async def test_the_list_of_campaigns_is_filtered_by_the_very_state_that_it_shows(
    repair: Office, clock: FakeClock
) -> None:
    await repair.publish_pipeline("look", approval="none")
    pc = await repair.pc()
    areas = repair.areas
    views = {name: await _named(repair, name) for name in ("running", "paused", "aborted")}
    await areas.rings.pause(views["paused"].id, by="test")
    await areas.campaigns.stop(views["aborted"].id, by="test")
    once = await areas.campaigns.start_collect(CollectRequest("look", ALL, name="look"), by="test")
    over = await _named(repair, "over", not_after=clock.now() + timedelta(hours=1))
    clock.advance(3_700)
    gone = await repair.pc()
    revoked = await areas.campaigns.start_collect(
        CollectRequest("look", {"fact": "device.id", "op": "eq", "value": gone.id}, name="revoked"), by="test"
    )
    await areas.enrolment.revoke(gone.id, by="test")
    assert once.states == {"pending": 1}
    shown = await areas.campaigns.views(after="", limit=99)
    assert {view.name: view.state for view in shown} == {
        "running": "running", "paused": "paused", "aborted": "aborted", "look": "running", "over": "finished",
        "revoked": "finished",
    }  # fmt: skip
    assert (pc.id, over.id, revoked.id) == (pc.id, over.id, revoked.id)
    for state in ("running", "paused", "halted", "finished", "aborted"):
        found = await areas.campaigns.views(after="", limit=99, states=[state])
        assert [view.id for view in found] == [view.id for view in shown if view.state == state]
    for pipeline, names in (
        ("look", {"look", "revoked"}),
        ("look@1", {"look", "revoked"}),
        ("look@2", set[str]()),
    ):
        found = await areas.campaigns.views(after="", limit=99, pipeline=pipeline)
        assert {view.name for view in found} == names
    running = await areas.campaigns.views(after="", limit=99, states=["running"], pipeline="look")
    assert [view.name for view in running] == ["look"]
