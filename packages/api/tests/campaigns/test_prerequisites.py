"""Campaigns that come after others: who waits for what, and until when."""

import msgspec
import pytest

from canopee_api.errors import InvalidError
from canopee_api.testing import Office, Pc
from canopee_contract.campaign import Prerequisite, Ring, Rollout, ring_position
from canopee_contract.codec import decode, encode
from canopee_contract.order import Order
from canopee_contract.people import CampaignView
from canopee_contract.recurrence import Recurrence
from canopee_contract.report import RunReport, RunReports, RunsReply
from canopee_contract.rollouts import CampaignRequest
from canopee_kit.clock import FakeClock
from canopee_trust.dsse import payload_of, read_envelope

ALL: dict[str, object] = {"all": []}
AFTER = (Prerequisite("action", "prepare", 1),)


@pytest.fixture
async def repair(office: Office) -> Office:
    for name in ("prepare", "repair"):
        await office.publish_pipeline(name, "action")
    return office


async def _start(office: Office, pipeline: str = "repair", **changes: object) -> CampaignView:
    campaign = msgspec.structs.replace(office.campaign(pipeline, ALL), **changes)
    return await office.areas.campaigns.start_signed(office.sign(campaign), by="ann")


async def _run(office: Office, pc: Pc, state: str = "done") -> None:
    """It takes its orders, and reports how each ended."""
    for delivered in await pc.orders():
        order = decode(payload_of(read_envelope(bytes(delivered.order))), Order)
        pc.order_seq = max(pc.order_seq, order.seq)
        report = RunReport(order.order_id, order.seq, "done", "0" * 64, "x@1", "0.1.0", office.areas.clock.now())
        told = decode(encode(report).replace(b'"done"', f'"{state}"'.encode()), RunReport)
        await pc.post("runs", encode(RunReports((told,))), RunsReply)


async def _view(office: Office, view: CampaignView) -> CampaignView:
    found = await office.areas.campaigns.view(view.id)
    assert sum(found.states.values()) == found.total
    return found


async def test_who_lacks_it_waits_and_joins_when_its_run_was_done(repair: Office) -> None:
    ready, late = await repair.pc(), await repair.pc()
    await _start(repair, "prepare")
    await _run(repair, ready)
    view = await _start(repair, after=AFTER)
    assert (view.states, view.lacking, view.after) == ({"pending": 1, "waiting": 1}, 1, AFTER)
    assert view.reason == "1 PCs wait for prepare ≥ 1"
    assert (view.reason_code, view.reason_params) == ("prerequisite", {"n": 1, "pipelines": "prepare ≥ 1"})
    assert await repair.areas.rings.advance() == 0
    await _run(repair, late)
    assert await repair.areas.rings.advance() == 1
    found = await _view(repair, view)
    assert (found.states, found.lacking, found.reason) == ({"pending": 2}, 0, "")


@pytest.mark.parametrize("state", ["failed", "skipped", "unknown"])
async def test_a_run_that_was_not_done_does_not_count(repair: Office, state: str) -> None:
    pc = await repair.pc()
    await _start(repair, "prepare")
    await _run(repair, pc, state)
    assert (await _start(repair, after=AFTER)).lacking == 1


async def test_a_pc_that_was_enrolled_again_has_done_nothing(repair: Office) -> None:
    """Its memory may be another: it would refuse, and a refusal is a failure."""
    pc = await repair.pc()
    await _start(repair, "prepare")
    await _run(repair, pc)
    async with repair.areas.database.transaction() as tx:
        await tx.execute("UPDATE devices SET generation = generation + 1")
    assert (await _start(repair, after=AFTER)).states == {"waiting": 1}


async def test_those_who_wait_hold_up_no_ring(repair: Office, clock: FakeClock) -> None:
    pcs = sorted([await repair.pc() for _ in range(3)], key=lambda pc: ring_position(pc.id))
    await _start(repair, "prepare")
    for pc in pcs[1:]:
        await _run(repair, pc)
    rings = (Ring(ring_position(pcs[1].id) + 1, clock.now()), Ring(10_000, clock.now()))
    view = await _start(repair, after=AFTER, rings=rings, rollout=Rollout(advance_after_s=0, min_answered_pct=100))
    assert view.states == {"waiting": 2, "pending": 1}
    await _run(repair, pcs[1])
    assert await repair.areas.rings.advance() == 1
    assert (await _view(repair, view)).states == {"waiting": 1, "done": 1, "pending": 1}


async def test_of_a_campaign_that_recurs_too_the_first_order_waits_for_it(
    repair: Office, clock: FakeClock
) -> None:
    pc, recurring = await repair.pc(), repair.areas.recurring
    await _start(repair, after=AFTER, recurrence=Recurrence("0 * * * *"))
    clock.advance(3_600)
    assert await recurring.tend() == 0
    await _start(repair, "prepare")
    await pc.renew()
    await _run(repair, pc)
    assert await recurring.tend() == 1


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ((Prerequisite("action", "prepare", 2),), "prepare ≥ 2 is published"),
        ((Prerequisite("collect", "prepare", 1),), "prepare ≥ 1 is published"),
        ((Prerequisite("action", "nothing", 1),), "nothing ≥ 1"),
        ((Prerequisite("action", "prepare", 0),), "prepare ≥ 0"),
        ((Prerequisite("action", "repair", 1),), "after itself"),
        (AFTER * 2, "each once"),
    ],
)
async def test_what_would_wait_for_ever_is_refused(
    repair: Office, after: tuple[Prerequisite, ...], said: str
) -> None:
    with pytest.raises(InvalidError, match=said):
        await _start(repair, after=after)


async def test_a_request_names_pipelines_and_the_preview_counts_who_would_wait(repair: Office) -> None:
    ready, _ = await repair.pc(), await repair.pc()
    await _start(repair, "prepare")
    await _run(repair, ready)
    asked = CampaignRequest(
        pipeline="repair", condition=ALL, after=("prepare@1",), reason="why", expires_in_s=86_400
    )
    assert (await repair.areas.previews.preview(asked)).lacking == 1
    draft = await repair.areas.campaign_drafts.compose(asked, by="ann")
    assert '"after":[{"kind":"action","pipeline":"prepare","version":1}]' in draft.document
    for text in ("nothing", "prepare@x", "prepare@", "@1", "prepare@99999999999"):
        with pytest.raises(InvalidError, match=r"is no pipeline|is published"):
            await repair.areas.previews.preview(msgspec.structs.replace(asked, after=(text,)))
