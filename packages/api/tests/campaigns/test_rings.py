"""Campaigns that go ring by ring: real orders, real reports, a clock of our own."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres.rings import resume
from canopee_api.testing import Office, Pc, until
from canopee_contract.campaign import Ring, Rollout, ring_position
from canopee_contract.codec import decode, encode
from canopee_contract.order import Order
from canopee_contract.people import CampaignView
from canopee_contract.report import RunReport, RunReports, RunsReply
from canopee_kit.clock import FakeClock
from canopee_kit.ids import new_id
from canopee_trust.dsse import payload_of, read_envelope

ALL: dict[str, object] = {"all": []}
ROLLOUT = Rollout(advance_after_s=600, min_runs=3, max_failed_pct=20, silent_after_s=3_600, max_silent_pct=50)


@pytest.fixture
async def repair(office: Office) -> Office:
    await office.publish_pipeline("repair", "action")
    return office


async def _fleet(office: Office, size: int) -> list[Pc]:
    """PCs in the order of their places in the rings."""
    return sorted([await office.pc() for _ in range(size)], key=lambda pc: ring_position(pc.id))


def _rings(office: Office, *last: Pc) -> tuple[Ring, ...]:
    """Rings that end with these PCs; the last one is the whole fleet."""
    now = office.areas.clock.now()
    bounds = [*(ring_position(pc.id) + 1 for pc in last), 10_000]
    return tuple(Ring(bound, now) for bound in bounds)


async def _start(office: Office, **changes: object) -> CampaignView:
    document = office.sign(office.campaign("repair", ALL, **changes))
    return await office.areas.campaigns.start_signed(document, by="test")


async def _view(office: Office, view: CampaignView) -> CampaignView:
    found = await office.areas.campaigns.view(view.id)
    by_ring: Counter[str] = Counter()
    for ring in found.rings:
        by_ring.update(ring.states)
    assert (sum(found.states.values()), dict(by_ring)) == (found.total, found.states)
    return found


async def _run(office: Office, pcs: list[Pc], state: str = "done") -> None:
    """Each takes its newest order, and reports how it ended."""
    for pc in pcs:
        (delivered, *_) = await pc.orders()
        order = decode(payload_of(read_envelope(bytes(delivered.order))), Order)
        report = RunReport(order.order_id, order.seq, "done", "", "repair@1", "0.1.0", office.areas.clock.now())
        sent = encode(RunReports((report,))).replace(b'"state":"done"', f'"state":"{state}"'.encode())
        assert (await pc.post("runs", sent, RunsReply)).verdicts[0].verdict == "accepted"
        pc.order_seq = order.seq


async def test_only_the_first_ring_gets_orders_and_the_others_are_counted_as_waiting(repair: Office) -> None:
    fleet = await _fleet(repair, 5)
    view = await _start(repair, rings=_rings(repair, fleet[1]), rollout=ROLLOUT)
    assert (view.total, view.states) == (5, {"pending": 2, "waiting": 3})
    assert [(ring.is_open, ring.states) for ring in view.rings] == [
        (True, {"pending": 2}),
        (False, {"waiting": 3}),
    ]
    assert (await fleet[2].check_in()).orders == ()


async def test_a_ring_opens_when_the_one_before_went_well_for_long_enough(
    repair: Office, clock: FakeClock
) -> None:
    fleet = await _fleet(repair, 5)
    view = await _start(repair, rings=_rings(repair, fleet[1], fleet[2]), rollout=ROLLOUT)
    await _run(repair, fleet[:2])
    assert await repair.areas.rings.advance() == 0
    assert "10 min to go" in (await _view(repair, view)).reason
    clock.advance(600)
    assert await repair.areas.rings.advance() == 1
    assert await repair.areas.rings.advance() == 0
    clock.advance(600)
    assert await repair.areas.rings.advance() == 0
    assert (await _view(repair, view)).reason == "2 of 3 PCs have answered, and 80 % are needed"
    await _run(repair, fleet[2:3])
    assert await repair.areas.rings.advance() == 2
    assert [ring.is_open for ring in (await _view(repair, view)).rings] == [True] * 3
    await _run(repair, fleet[3:])
    assert (await _view(repair, view)).states == {"done": 5}


async def test_failures_halt_it_in_their_ring_and_a_resume_goes_on_to_the_end(
    repair: Office, clock: FakeClock
) -> None:
    fleet = await _fleet(repair, 8)
    view = await _start(repair, rings=_rings(repair, fleet[3]), rollout=ROLLOUT)
    await _run(repair, fleet[:3])
    await _run(repair, fleet[3:4], "failed")
    clock.advance(600)
    assert await repair.areas.rings.advance() == 0
    halted = await _view(repair, view)
    assert (halted.state, halted.reason) == ("halted", "1 of 4 runs failed (25.0 %): more than 20 %")
    assert halted.states == {"done": 3, "failed": 1, "waiting": 4}
    clock.advance(1_200)
    assert await repair.areas.rings.advance() == 0
    await repair.areas.rings.resume(view.id, by="test")
    assert (await _view(repair, view)).state == "running"
    assert await repair.areas.rings.advance() == 4
    await _run(repair, fleet[4:])
    assert (await _view(repair, view)).states == {"done": 7, "failed": 1}
    async with repair.areas.database.transaction() as tx:
        found = await tx.execute("SELECT action, actor FROM audit WHERE action LIKE 'campaign.%' ORDER BY n")
        actions = [tuple(row) for row in await found.fetchall()]
    assert actions == [
        ("campaign.start", "test"), ("campaign.halt", "canopee"), ("campaign.resume", "test"),
        ("campaign.ring", "canopee"),
    ]  # fmt: skip


async def test_silence_halts_it_once_the_pcs_had_time_to_answer(repair: Office, clock: FakeClock) -> None:
    fleet = await _fleet(repair, 4)
    view = await _start(repair, rings=_rings(repair, fleet[3]), rollout=ROLLOUT)
    for pc in fleet:
        assert len(await pc.orders()) == 1
    await _run(repair, fleet[:1])
    clock.advance(3_500)
    await repair.areas.rings.advance()
    assert (await _view(repair, view)).state == "running"
    clock.advance(200)
    await repair.areas.rings.advance()
    assert (await _view(repair, view)).reason == "3 of 4 PCs have not answered within 1 h: more than 50 %"


async def test_a_pause_delivers_nothing_and_a_resume_delivers_what_waited(repair: Office) -> None:
    fleet = await _fleet(repair, 3)
    view = await _start(repair, rings=_rings(repair, fleet[1]))
    assert len(await fleet[0].orders()) == 1
    await repair.areas.rings.pause(view.id, by="test")
    assert (await _view(repair, view)).state == "paused"
    assert (await fleet[1].check_in()).orders == ()
    late = await repair.pc()
    assert len(await fleet[0].orders()) == 1, "what a PC has is not taken from it"
    await repair.areas.rings.advance()
    assert (await _view(repair, view)).states["waiting"] == 2
    await repair.areas.rings.resume(view.id, by="test")
    assert len(await fleet[1].orders()) == 1
    await repair.areas.rings.advance()
    assert len(await fleet[2].orders()) == len(await late.orders()) == 1


async def test_a_stop_leaves_no_order_to_deliver_and_nobody_waiting(repair: Office, clock: FakeClock) -> None:
    fleet = await _fleet(repair, 4)
    view = await _start(repair, rings=_rings(repair, fleet[1]), rollout=ROLLOUT)
    await _run(repair, fleet[:1])
    await repair.areas.campaigns.stop(view.id, by="test")
    clock.advance(6_000)
    assert await repair.areas.rings.advance() == 0
    stopped = await _view(repair, view)
    assert (stopped.state, stopped.states) == ("aborted", {"done": 1, "cancelled": 3})
    for pc in fleet[1:]:
        await pc.renew()
        assert (await pc.check_in()).orders == ()
    for change in (repair.areas.rings.pause, repair.areas.rings.resume):
        with pytest.raises(ConflictError, match="is over, or was stopped"):
            await change(view.id, by="test")


async def test_pilots_come_first_wherever_their_place_is(repair: Office) -> None:
    fleet = await _fleet(repair, 4)
    view = await _start(repair, rings=_rings(repair, fleet[0]), pilots=(fleet[3].id,), rollout=ROLLOUT)
    assert (view.states, view.pilots) == ({"pending": 2, "waiting": 2}, 1)
    assert len(await fleet[3].orders()) == 1


async def test_a_ring_whose_hour_has_not_come_stays_shut(repair: Office, clock: FakeClock) -> None:
    fleet = await _fleet(repair, 2)
    now = clock.now()
    rings = (
        Ring(ring_position(fleet[0].id) + 1, now + timedelta(hours=1)),
        Ring(10_000, now + timedelta(hours=2)),
    )
    view = await _start(repair, rings=rings)
    assert view.states == {"waiting": 2}
    assert await repair.areas.rings.advance() == 0
    clock.advance(3_600)
    assert await repair.areas.rings.advance() == 1
    await fleet[0].renew()
    order = decode(payload_of(read_envelope(bytes((await fleet[0].orders())[0].order))), Order)
    assert order.not_before == rings[0].not_before
    clock.advance(3_600)
    assert await repair.areas.rings.advance() == 1
    assert (await _view(repair, view)).total == 2


async def test_a_pc_that_comes_later_joins_its_ring_or_waits_for_it(repair: Office) -> None:
    now = repair.areas.clock.now()
    view = await _start(repair, rings=(Ring(5_000, now), Ring(10_000, now)), rollout=ROLLOUT)
    fleet = await _fleet(repair, 8)
    first = [pc for pc in fleet if ring_position(pc.id) < 5_000]
    assert (await _view(repair, view)).states == {
        state: count for state, count in (("pending", len(first)), ("waiting", 8 - len(first))) if count
    }


async def test_a_pc_that_waited_and_gets_its_order_by_new_facts_is_counted_once(repair: Office) -> None:
    (pc,) = await _fleet(repair, 1)
    view = await _start(repair)
    await repair.areas.rings.pause(view.id, by="test")
    late = await repair.pc()
    assert (await _view(repair, view)).states == {"pending": 1, "waiting": 1}
    async with repair.areas.database.transaction() as tx:
        assert await resume(
            tx, view.id, now=repair.areas.clock.now()
        )  # its process died before it gave what waits
    await late.send_facts({"os.family": "windows"})
    assert (await _view(repair, view)).states == {"pending": 2}
    assert len(await pc.orders()) == len(await late.orders()) == 1


async def test_no_more_orders_are_made_than_were_approved_however_many_rings_open(
    repair: Office, clock: FakeClock
) -> None:
    fleet = await _fleet(repair, 4)
    view = await _start(repair, rings=_rings(repair, fleet[0]), rollout=ROLLOUT, max_targets=3)
    await _run(repair, fleet[:1])
    clock.advance(600)
    assert await repair.areas.rings.advance() == 2
    assert await repair.areas.rings.advance() == 0
    assert (await _view(repair, view)).states == {"done": 1, "pending": 2, "waiting": 1}


async def test_two_processes_that_advance_at_once_open_a_ring_once(repair: Office, clock: FakeClock) -> None:
    fleet = await _fleet(repair, 6)
    view = await _start(repair, rings=_rings(repair, fleet[1], fleet[3]), rollout=ROLLOUT)
    await _run(repair, fleet[:2])
    clock.advance(600)

    made = await asyncio.gather(*(repair.areas.rings.advance() for _ in range(4)))
    assert sum(made) == 2
    assert [ring.is_open for ring in (await _view(repair, view)).rings] == [True, True, False]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rollout": Rollout(max_failed_pct=101)}, "campaign.rollout"),
        ({"rollout": Rollout(advance_after_s=-1)}, "campaign.rollout"),
        ({"rollout": Rollout(orders_per_min=0)}, "campaign.rollout"),
        ({"pilots": ("everybody",)}, "campaign.pilots"),
    ],
)
async def test_a_document_that_makes_no_sense_is_refused(
    repair: Office, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await _start(repair, **changes)
    assert refused.value.reason == reason


async def test_what_is_not_held_cannot_be_resumed_and_what_is_not_there_cannot_be_paused(repair: Office) -> None:
    view = await _start(repair)
    with pytest.raises(ConflictError, match="neither paused nor halted"):
        await repair.areas.rings.resume(view.id, by="test")
    await repair.areas.rings.pause(view.id, by="test")
    with pytest.raises(ConflictError, match="paused already"):
        await repair.areas.rings.pause(view.id, by="test")
    with pytest.raises(NotFoundError):
        await repair.areas.rings.pause(new_id(repair.areas.clock.now()), by="test")


async def test_a_resumed_campaign_wakes_the_pcs_that_asked_in_vain_meanwhile(repair: Office) -> None:
    (pc,) = await _fleet(repair, 1)
    view = await _start(repair)
    await repair.areas.rings.pause(view.id, by="test")
    assert (await pc.check_in()).orders == ()
    device = repair.areas.fleet.get(pc.id)
    assert device is not None
    await repair.areas.rings.resume(view.id, by="test")
    await until(lambda: device.order_head == 1)
    assert len(await pc.orders()) == 1


async def test_no_more_orders_are_made_in_a_minute_than_its_pace_by_however_many_processes(
    repair: Office, clock: FakeClock
) -> None:
    await _fleet(repair, 7)
    view = await _start(repair, rollout=Rollout(orders_per_min=3))
    assert (view.states, view.reason) == (
        {"pending": 3, "waiting": 4},
        "waits for its pace: 3 of 3 orders this minute",
    )
    await asyncio.gather(*(repair.areas.rings.advance() for _ in range(3)))
    late = await repair.pc()
    assert (await _view(repair, view)).states == {"pending": 3, "waiting": 5}
    clock.advance(60)
    assert sum(await asyncio.gather(*(repair.areas.rings.advance() for _ in range(3)))) == 3
    clock.advance(60)
    await repair.areas.rings.advance()
    assert ((await _view(repair, view)).states, (await _view(repair, view)).reason) == ({"pending": 8}, "")
    assert len(await late.orders()) == 1
