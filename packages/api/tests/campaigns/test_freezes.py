"""The freeze calendar: what waits, where and until when, that nothing is lost by it, nor silence counted."""

from datetime import timedelta

import msgspec
import pytest

from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres.accounts import list_audit
from canopee_api.testing import Office, Pc
from canopee_contract.campaign import Campaign, Ring, Rollout
from canopee_contract.codec import decode
from canopee_contract.freeze import Freeze, NewFreeze
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.people import CampaignView, CollectRequest
from canopee_contract.practices import Practice, PracticesImport
from canopee_kit.clock import FakeClock
from canopee_trust.dsse import payload_of, read_envelope

ALL: dict[str, object] = {"all": []}
ZONES = ("Europe/Paris", "Indian/Reunion", "America/Guadeloupe", "")
HALT_SOON = Rollout(advance_after_s=0, max_silent_pct=0, silent_after_s=3_600, min_runs=1)


@pytest.fixture
async def repair(office: Office, clock: FakeClock) -> Office:
    """It is noon in UTC; practices in four time zones, one of which has none of its own."""
    clock.advance((-clock.now().timestamp() + 12 * 3_600) % 86_400)
    await office.publish_pipeline("repair", "action")
    await office.publish_pipeline("probe", approval="none")
    practices = [Practice(f"C{number}", "a practice", time_zone=zone) for number, zone in enumerate(ZONES)]
    await office.areas.practices.take_in(PracticesImport(practices), by="test")
    return office


def _day(clock: FakeClock, days: int) -> str:
    return (clock.now() + timedelta(days=days)).date().isoformat()


async def _freeze(
    office: Office, first: str, last: str, reason: str = "invoicing", *, collects: bool = False
) -> Freeze:
    return await office.areas.freezes.add(NewFreeze(first, last, reason, collects), by="ann")


async def _today(office: Office, clock: FakeClock, *, collects: bool = False) -> Freeze:
    """From now on, everywhere, until the end of tomorrow."""
    return await _freeze(office, _day(clock, -1), _day(clock, 1), collects=collects)


def _campaign(office: Office, **changes: object) -> Campaign:
    now = office.areas.clock.now()
    return office.campaign("repair", ALL, rings=(Ring(10_000, now),), **changes)


async def _start(office: Office, **changes: object) -> CampaignView:
    return await office.areas.campaigns.start_signed(office.sign(_campaign(office, **changes)), by="test")


async def _look(office: Office) -> None:
    """One round of what is done again and again."""
    await office.areas.rings.advance()
    await office.areas.rings.open_windows()
    await office.areas.freezes.look()


def _order(delivered: DeliveredOrder) -> Order:
    return decode(payload_of(read_envelope(bytes(delivered.order))), Order)


async def _has(pc: Pc) -> list[str]:
    """What it is given at once."""
    await pc.renew()
    return [_order(one).pipeline.name for one in (await pc.check_in()).orders]


async def _gets(pc: Pc) -> list[str]:
    """What it is given, as soon as its process has heard of it."""
    await pc.renew()
    return [_order(one).pipeline.name for one in await pc.orders()]


async def test_no_action_is_made_while_it_is_frozen_and_collections_go_on(
    repair: Office, clock: FakeClock
) -> None:
    pc, areas = await repair.pc(practice="C0"), repair.areas
    await _today(repair, clock)
    view = await _start(repair)
    await _look(repair)
    await areas.campaigns.start_collect(CollectRequest("probe", ALL), by="test")
    assert (view.states, await _gets(pc)) == ({"waiting": 1}, ["probe"])
    assert view.frozen is not None
    assert view.frozen.reason == "invoicing"
    until = f"{_day(clock, 2)} 04:00"  # UTC: midnight in Guadeloupe
    assert f"{view.frozen.until:%Y-%m-%d %H:%M}" == until
    assert view.reason.startswith(f"frozen until {_day(clock, 2)} 0")
    assert view.reason.endswith("Europe/Paris time: invoicing")


async def test_collections_wait_too_when_it_is_said(repair: Office, clock: FakeClock) -> None:
    pc = await repair.pc()
    await _today(repair, clock, collects=True)
    view = await repair.areas.campaigns.start_collect(CollectRequest("probe", ALL), by="test")
    assert (view.states, await _has(pc)) == ({"waiting": 1}, [])


async def test_an_order_made_before_is_not_delivered_and_each_practice_goes_by_its_own_clock(
    repair: Office, clock: FakeClock
) -> None:
    pcs = [await repair.pc(practice=f"C{number}") for number in range(4)]
    await _start(repair)
    await _freeze(repair, f"{_day(clock, 0)}T00:00", f"{_day(clock, 0)}T20:00")
    assert [await _has(pc) for pc in pcs] == [[], [], [], []]
    clock.advance(4.5 * 3_600)  # 16:30 UTC: half past eight in the evening in Réunion only
    await _look(repair)
    assert [await _gets(pcs[1]), *[await _has(pcs[n]) for n in (0, 2, 3)]] == [["repair"], [], [], []]
    clock.advance(4 * 3_600)
    await _look(repair)
    assert [await _gets(pcs[0]), await _gets(pcs[3]), await _has(pcs[2])] == [["repair"], ["repair"], []]
    clock.advance(4 * 3_600)
    await _look(repair)
    assert await _gets(pcs[2]) == ["repair"]


async def test_an_order_that_collections_have_overtaken_meanwhile_is_still_taken(
    repair: Office, clock: FakeClock
) -> None:
    """A PC takes no number below one that it has had."""
    pc = await repair.pc(practice="C0")
    await _start(repair)
    freeze = await _today(repair, clock)
    await repair.areas.campaigns.start_collect(CollectRequest("probe", ALL), by="test")
    (probe,) = await pc.orders()
    pc.order_seq = _order(probe).seq
    await repair.areas.freezes.remove(freeze.id, by="bob")
    orders = [_order(one) for one in await pc.orders()]
    assert [(one.pipeline.name, one.seq > pc.order_seq) for one in orders] == [("repair", True)]


async def test_the_end_of_a_freeze_is_told_once_for_each_time_zone(repair: Office, clock: FakeClock) -> None:
    await repair.pc(practice="C0")
    await _start(repair)
    await _freeze(repair, f"{_day(clock, 0)}T00:00", f"{_day(clock, 0)}T20:00")
    told = list[int]()
    for _ in range(28):
        told.append(await repair.areas.freezes.look())
        clock.advance(1_800)
    assert (sum(told), max(told)) == (3, 1)


async def test_an_emergency_goes_through_and_its_document_says_so(repair: Office, clock: FakeClock) -> None:
    pc = await repair.pc()
    await _today(repair, clock, collects=True)
    view = await _start(repair, through_freezes=True)
    assert (view.through_freezes, view.frozen, await _gets(pc)) == (True, None, ["repair"])
    plain = msgspec.to_builtins(_campaign(repair))
    assert "through_freezes" not in plain  # PCs of before take it


async def test_a_list_says_of_each_campaign_whether_it_is_frozen(repair: Office, clock: FakeClock) -> None:
    await repair.pc()
    await _today(repair, clock)
    held, through = await _start(repair), await _start(repair, through_freezes=True)
    listed = await repair.areas.campaigns.views(after="", limit=10)
    assert {one.id: one.frozen is not None for one in listed} == {held.id: True, through.id: False}


async def test_an_order_that_was_handed_out_before_and_got_lost_is_handed_out_again(
    repair: Office, clock: FakeClock
) -> None:
    """Else a collection of a higher number, which goes on, would make it one that no PC takes any more."""
    pc = await repair.pc()
    await _start(repair)
    assert await _gets(pc) == ["repair"]
    await _today(repair, clock)
    assert await _gets(pc) == ["repair"]


async def test_no_ring_opens_while_it_is_frozen_nor_by_hand(repair: Office, clock: FakeClock) -> None:
    await repair.pc()
    rings = (Ring(1, clock.now()), Ring(10_000, clock.now()))
    document = repair.campaign("repair", ALL, rings=rings, rollout=Rollout(advance_after_s=0))
    view = await repair.areas.campaigns.start_signed(repair.sign(document), by="test")
    freeze = await _today(repair, clock)
    await _look(repair)
    with pytest.raises(ConflictError, match=r"frozen until .* no ring opens before"):
        await repair.areas.actions.promote(view.id, by="ann")
    assert [ring.is_open for ring in (await repair.areas.campaigns.view(view.id)).rings] == [True, False]
    await repair.areas.freezes.remove(freeze.id, by="ann")
    await _look(repair)
    assert [ring.is_open for ring in (await repair.areas.campaigns.view(view.id)).rings] == [True, True]


async def test_a_ring_does_not_grow_old_while_it_is_frozen(repair: Office, clock: FakeClock) -> None:
    await repair.pc()
    rings = (Ring(1, clock.now()), Ring(10_000, clock.now()))
    document = repair.campaign("repair", ALL, rings=rings, rollout=Rollout(advance_after_s=3_600))
    view = await repair.areas.campaigns.start_signed(repair.sign(document), by="test")
    clock.advance(1_800)
    freeze = await _today(repair, clock)
    clock.advance(24 * 3_600)
    await repair.areas.freezes.remove(freeze.id, by="ann")
    for seconds, is_open in ((0, False), (1_799, False), (1, True)):
        clock.advance(seconds)
        await _look(repair)
        assert (await repair.areas.campaigns.view(view.id)).rings[1].is_open is is_open


@pytest.mark.parametrize("what", ["freeze", "stop of everything"])
async def test_right_after_what_made_it_wait_only_the_time_before_counts_as_silence(
    repair: Office, clock: FakeClock, what: str
) -> None:
    pc = await repair.pc(practice="C0")
    view = await _start(repair, rollout=HALT_SOON)
    assert await _gets(pc) == ["repair"]
    clock.advance(1_800)
    if what == "freeze":
        freeze = await _today(repair, clock)
        clock.advance(24 * 3_600)
        await repair.areas.freezes.remove(freeze.id, by="ann")
    else:
        await repair.areas.emergency_stop.stop("8.2 breaks printing", by="ann")
        clock.advance(24 * 3_600)
        await repair.areas.emergency_stop.resume(by="ann")
    await _look(repair)
    assert (await repair.areas.campaigns.view(view.id)).state == "running"
    clock.advance(1_801)
    await _look(repair)
    assert (await repair.areas.campaigns.view(view.id)).state == "halted"


async def test_what_waits_at_once_for_a_freeze_and_for_a_stop_has_waited_once(
    repair: Office, clock: FakeClock
) -> None:
    pc = await repair.pc(practice="C0")
    view = await _start(repair, rollout=HALT_SOON)
    assert await _gets(pc) == ["repair"]
    freeze = await _today(repair, clock)
    clock.advance(3_600)
    await repair.areas.emergency_stop.stop("8.2 breaks printing", by="ann")
    clock.advance(3_600)
    await repair.areas.freezes.remove(freeze.id, by="ann")
    clock.advance(3_600)
    await repair.areas.emergency_stop.resume(by="ann")
    for seconds, state in ((3_599, "running"), (2, "halted")):
        clock.advance(seconds)
        await _look(repair)
        assert (await repair.areas.campaigns.view(view.id)).state == state


async def test_the_calendar_is_listed_and_audited_and_what_is_removed_stays_in_all_of_it(
    repair: Office, clock: FakeClock
) -> None:
    freezes = repair.areas.freezes
    later = await _freeze(repair, _day(clock, 30), _day(clock, 31), "Christmas")
    clock.advance(1)
    now = await _today(repair, clock)
    assert (later.state, now.state, now.from_, now.to) == ("ahead", "now", _day(clock, -1), _day(clock, 1))
    removed = await freezes.remove(later.id, by="bob")
    assert removed.state == "removed"
    with pytest.raises(ConflictError, match="was removed"):
        await freezes.remove(later.id, by="bob")
    listed = await freezes.page(is_all=False, after="", limit=100)
    every = await freezes.page(is_all=True, after="", limit=1)
    assert ([one.id for one in listed.items], [one.id for one in every.items]) == ([now.id], [later.id])
    assert [one.id for one in (await freezes.page(is_all=True, after=every.next or "", limit=1)).items] == [now.id]
    async with repair.areas.database.transaction() as tx:
        audit = [(row.actor, row.action, row.object) for row in await list_audit(tx, after=0, limit=3)]
        coming = await freezes.coming(tx)
    assert audit == [
        ("bob", "freeze.remove", later.id), ("ann", "freeze.add", now.id), ("ann", "freeze.add", later.id)
    ]  # fmt: skip
    assert [one.id for one in coming] == [now.id]


async def test_what_is_over_or_unknown_is_refused(repair: Office, clock: FakeClock) -> None:
    with pytest.raises(InvalidError, match="over already"):
        await _freeze(repair, _day(clock, -5), _day(clock, -4))
    with pytest.raises(InvalidError, match="before it begins"):
        await _freeze(repair, _day(clock, 5), _day(clock, 4))
    for unknown in ("x", "01890a5d-ac96-774b-bcce-b302099a8057"):
        with pytest.raises(NotFoundError, match="no freeze"):
            await repair.areas.freezes.remove(unknown, by="ann")


async def test_a_freeze_that_is_entered_with_a_start_in_the_past_forgives_no_silence_of_before(
    repair: Office, clock: FakeClock
) -> None:
    pc = await repair.pc(practice="C0")
    view = await _start(repair, rollout=HALT_SOON)
    assert await _gets(pc) == ["repair"]
    clock.advance(2 * 3_600)
    freeze = await _freeze(repair, _day(clock, -1), _day(clock, 1))
    await repair.areas.freezes.remove(freeze.id, by="ann")
    await _look(repair)
    assert (await repair.areas.campaigns.view(view.id)).state == "halted"
