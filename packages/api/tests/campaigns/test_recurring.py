"""Campaigns that recur: one order a PC and occurrence, by the clock on the wall of its practice."""

import asyncio
from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from canopee_api.errors import ConflictError, InvalidError
from canopee_api.postgres.storage import delete_orders
from canopee_api.testing import Office, Pc
from canopee_contract.campaign import Ring, Rollout, ring_position
from canopee_contract.codec import decode, encode
from canopee_contract.order import Order
from canopee_contract.people import CampaignView, CollectRequest
from canopee_contract.practices import Practice, PracticesImport
from canopee_contract.recurrence import Recurrence, delay, written
from canopee_contract.report import RunReport, RunReports, RunsReply
from canopee_kit.clock import FakeClock
from canopee_trust.dsse import payload_of, read_envelope

ALL: dict[str, object] = {"all": []}
EVERY_DAY, HOURLY = Recurrence("0 10 * * *"), Recurrence("0 * * * *")
HOUR, DAY = 3_600, 86_400


@pytest.fixture
async def repair(office: Office, clock: FakeClock) -> Office:
    """It is nine o'clock in Réunion (C0) and one in Guadeloupe (C1), where there is no summer time."""
    clock.set_wall((clock.now() + timedelta(days=1)).replace(hour=5, minute=0, second=0, microsecond=0))
    await office.publish_pipeline("repair", "action")
    await office.publish_pipeline("probe", approval="none")
    zones = enumerate(("Indian/Reunion", "America/Guadeloupe"))
    practices = [Practice(f"C{number}", "a practice", time_zone=zone) for number, zone in zones]
    await office.areas.practices.take_in(PracticesImport(practices), by="test")
    return office


async def _start(office: Office, recurrence: Recurrence = EVERY_DAY, **changes: object) -> CampaignView:
    now = office.areas.clock.now()
    document = {"condition": ALL, "rings": (Ring(10_000, now),), "recurrence": recurrence, **changes}
    sealed = office.sign(msgspec.structs.replace(office.campaign("repair", ALL), **document))
    return await office.areas.campaigns.start_signed(sealed, by="ann")


async def _states(office: Office, view: CampaignView) -> dict[str, int]:
    """Those of a campaign, which add up, ring by ring too."""
    found = await office.areas.campaigns.view(view.id)
    by_ring: Counter[str] = Counter()
    for ring in found.rings:
        by_ring.update(ring.states)
    assert (sum(found.states.values()), dict(by_ring)) == (found.total, found.states)
    return found.states


async def _orders(pc: Pc) -> list[Order]:
    """What it is given now."""
    await pc.renew()
    found = [decode(payload_of(read_envelope(bytes(one.order))), Order) for one in (await pc.check_in()).orders]
    pc.order_seq = max([pc.order_seq, *(one.seq for one in found)])
    return found


async def _order(pc: Pc) -> Order:
    await pc.renew()
    await pc.orders()
    (order,) = await _orders(pc)
    return order


async def _run(office: Office, pc: Pc, state: str = "done") -> Order:
    order = await _order(pc)
    report = RunReport(order.order_id, order.seq, "done", "0" * 64, "repair@1", "0.1.0", office.areas.clock.now())
    report = decode(encode(report).replace(b'"done"', f'"{state}"'.encode()), RunReport)
    await pc.post("runs", encode(RunReports((report,))), RunsReply)
    return order


def _named(order: Order) -> str:
    assert order.campaign is not None
    return order.campaign.occurrence


async def test_until_its_first_occurrence_has_come_devices_wait_and_it_says_when(repair: Office) -> None:
    await repair.pc(practice="C0")
    view = await _start(repair)
    assert await repair.areas.recurring.tend() == 0
    assert await _states(repair, view) == {"waiting": 1}
    found = await repair.areas.campaigns.view(view.id)
    assert "next occurrence" in found.reason
    assert (found.recurrence, found.state) == (EVERY_DAY, "running")


async def test_a_device_has_one_order_an_occurrence_made_once_by_however_many_processes(
    repair: Office, clock: FakeClock
) -> None:
    pc, areas = await repair.pc(practice="C0"), repair.areas
    view = await _start(repair)
    wall = areas.recurring.wall_of("Indian/Reunion")
    clock.advance(HOUR)
    assert sum(await asyncio.gather(*(areas.recurring.tend() for _ in range(3)))) == 1
    first = await _run(repair, pc)
    assert _named(first) == written(wall + timedelta(hours=1))
    assert await areas.recurring.tend() == 0
    assert await _states(repair, view) == {"done": 1}
    clock.advance(DAY)
    assert await areas.recurring.tend() == 1
    assert await _states(repair, view) == {"pending": 1}
    second = await _run(repair, pc, "failed")
    assert _named(second) == written(wall + timedelta(days=1, hours=1))
    assert first.campaign is not None
    assert second.campaign is not None
    assert (first.campaign.ordinal, second.campaign.ordinal) == (1, 1)
    told = await areas.recurring.occurrences(view.id, before="", limit=10)
    assert [(one.id, one.states) for one in told] == [
        (_named(second), {"failed": 1}),
        (_named(first), {"done": 1}),
    ]
    (older,) = await areas.recurring.occurrences(view.id, before=_named(second), limit=10)
    assert older.id == _named(first)


async def test_each_practice_has_its_own_hour(repair: Office, clock: FakeClock) -> None:
    reunion, guadeloupe = await repair.pc(practice="C0"), await repair.pc(practice="C1")
    view = await _start(repair)
    clock.advance(HOUR)
    await repair.areas.recurring.tend()
    assert await _states(repair, view) == {"pending": 1, "waiting": 1}
    early = await _run(repair, reunion)
    clock.advance(8 * HOUR)
    await repair.areas.recurring.tend()
    late = await _run(repair, guadeloupe)
    assert _named(early) == _named(late)
    (told,) = await repair.areas.recurring.occurrences(view.id, before="", limit=10)
    assert (told.total, told.states) == (2, {"done": 2})


async def test_a_pc_that_was_off_has_the_newest_occurrence_only_and_the_others_are_expired(
    repair: Office, clock: FakeClock
) -> None:
    pc = await repair.pc(practice="C0")
    view = await _start(repair, HOURLY)
    for _ in range(3):
        clock.advance(HOUR)
        await repair.areas.recurring.tend()
    wall = repair.areas.recurring.wall_of("Indian/Reunion")
    order = await _order(pc)
    assert _named(order) == written(wall)
    assert order.expires_at == clock.now() + timedelta(hours=1)
    told = await repair.areas.recurring.occurrences(view.id, before="", limit=10)
    assert [one.states for one in told] == [{"delivered": 1}, {"expired": 1}, {"expired": 1}]
    clock.advance(5 * HOUR)  # nobody tended meanwhile: what was missed is not made up for
    assert await repair.areas.recurring.tend() == 1


async def test_an_order_is_made_when_the_place_of_its_pc_in_the_jitter_has_come(
    repair: Office, clock: FakeClock
) -> None:
    recurrence = Recurrence("0 10 * * *", 3_600)
    pcs = [await repair.pc(practice="C0") for _ in range(4)]
    await _start(repair, recurrence)
    label = written(repair.areas.recurring.wall_of("Indian/Reunion") + timedelta(hours=1))
    clock.advance(HOUR)
    passed = 0.0
    for late in sorted(delay(recurrence, pc.id, label).total_seconds() for pc in pcs):
        clock.advance(late - passed - 1)
        before = await repair.areas.recurring.tend()
        clock.advance(1)
        assert (before, await repair.areas.recurring.tend()) == (0, 1)
        passed = late


async def test_a_device_that_matches_no_more_leaves_and_one_that_comes_has_the_current_occurrence(
    repair: Office, clock: FakeClock
) -> None:
    condition = {"fact": "os.family", "op": "eq", "value": "windows"}
    stays = await repair.pc({"os.family": "windows"}, practice="C0")
    leaves = await repair.pc({"os.family": "windows"}, practice="C0")
    view = await _start(repair, HOURLY, condition=condition)
    clock.advance(HOUR)
    assert await repair.areas.recurring.tend() == 2
    await leaves.renew()
    await leaves.send_facts({"os.family": "linux"})
    clock.advance(HOUR)
    assert await repair.areas.recurring.tend() == 1
    assert await _states(repair, view) == {"pending": 1}
    await repair.pc({"os.family": "windows"}, practice="C0")
    await leaves.renew()
    await leaves.send_facts({"os.family": "windows"})
    await repair.areas.campaigns.reconsider()
    assert await repair.areas.recurring.tend() == 2
    assert await _states(repair, view) == {"pending": 3}
    assert _named(await _order(stays)) == _named(await _order(leaves))


async def test_rings_say_who_has_joined_and_a_halt_holds_every_later_occurrence(
    repair: Office, clock: FakeClock
) -> None:
    pcs = sorted([await repair.pc(practice="C0") for _ in range(3)], key=lambda pc: ring_position(pc.id))
    now, areas = clock.now(), repair.areas
    rings = (Ring(ring_position(pcs[0].id) + 1, now), Ring(10_000, now))
    rollout = Rollout(advance_after_s=0, min_runs=1, min_answered_pct=100, max_failed_pct=40)
    view = await _start(repair, HOURLY, rings=rings, rollout=rollout)
    clock.advance(HOUR)
    assert await areas.recurring.tend() == 1
    await _run(repair, pcs[0])
    await areas.rings.advance()
    assert await areas.recurring.tend() == 2
    clock.advance(HOUR)
    assert await areas.recurring.tend() == 3
    for pc in pcs[:2]:
        await _run(repair, pc, "failed")
    await areas.rings.advance()
    assert (await areas.campaigns.view(view.id)).state == "halted"
    clock.advance(HOUR)
    assert await areas.recurring.tend() == 0
    await areas.rings.resume(view.id, by="ann")
    assert await areas.recurring.tend() == 3
    await areas.campaigns.stop(view.id, by="ann")
    clock.advance(HOUR)
    assert await areas.recurring.tend() == 0


async def test_no_more_devices_than_were_approved_and_the_same_ones_each_time(
    repair: Office, clock: FakeClock
) -> None:
    for _ in range(3):
        await repair.pc(practice="C0")
    view = await _start(repair, HOURLY, max_targets=2)
    for _ in range(2):
        clock.advance(HOUR)
        assert await repair.areas.recurring.tend() == 2
        assert await _states(repair, view) == {"pending": 2, "waiting": 1}


async def test_a_pace_holds_for_the_orders_of_an_occurrence(repair: Office, clock: FakeClock) -> None:
    for _ in range(3):
        await repair.pc(practice="C0")
    await _start(repair, HOURLY, rollout=Rollout(orders_per_min=2))
    clock.advance(HOUR)
    assert [await repair.areas.recurring.tend() for _ in range(2)] == [2, 0]
    clock.advance(60)
    assert await repair.areas.recurring.tend() == 1


async def test_a_collection_without_approval_recurs_too_and_its_orders_name_no_document(
    repair: Office, clock: FakeClock
) -> None:
    pc, campaigns = await repair.pc(practice="C0"), repair.areas.campaigns
    asked = CollectRequest("probe", ALL, expires_in_s=7 * DAY, recurrence=EVERY_DAY)
    view = await campaigns.start_collect(asked, by="ann")
    for hours in (1, 24):
        clock.advance(hours * HOUR)
        await repair.areas.recurring.tend()
        assert (await _run(repair, pc)).campaign is None
    assert len(await repair.areas.recurring.occurrences(view.id, before="", limit=10)) == 2


@pytest.mark.parametrize(
    ("recurrence", "lasts_s", "said"),
    [
        (Recurrence("*/5 * * * *"), DAY, "minute is one"),
        (Recurrence("0 10 * * *", 2 * DAY), DAY, "jitter"),
        (Recurrence("0 10 1 1 *"), DAY, "does not come before"),
    ],
)
async def test_a_recurrence_that_would_never_come_or_cannot_be_read_is_refused(
    repair: Office, clock: FakeClock, recurrence: Recurrence, lasts_s: int, said: str
) -> None:
    with pytest.raises(InvalidError, match=said):
        await _start(repair, recurrence, not_after=clock.now() + timedelta(seconds=lasts_s))
    asked = CollectRequest("probe", ALL, expires_in_s=lasts_s, recurrence=recurrence)
    with pytest.raises(InvalidError, match=said):
        await repair.areas.campaigns.start_collect(asked, by="ann")


async def test_a_campaign_that_does_not_recur_has_no_occurrences(repair: Office) -> None:
    sealed = repair.sign(repair.campaign("repair", ALL))
    view = await repair.areas.campaigns.start_signed(sealed, by="ann")
    with pytest.raises(ConflictError, match="does not recur"):
        await repair.areas.recurring.occurrences(view.id, before="", limit=10)


async def test_orders_of_former_occurrences_are_kept_for_a_month_and_current_ones_as_long_as_it_lasts(
    repair: Office, clock: FakeClock
) -> None:
    pc = await repair.pc(practice="C0")
    view = await _start(repair, not_after=clock.now() + timedelta(days=90))
    for _ in range(2):
        clock.advance(DAY)
        await repair.areas.recurring.tend()
        await _run(repair, pc)
    for days, expected in ((30, 2), (33, 1), (80, 1)):
        async with repair.areas.database.transaction() as tx:
            await delete_orders(tx, clock.now() + timedelta(days=days), days=365)
        assert len(await repair.areas.recurring.occurrences(view.id, before="", limit=10)) == expected
