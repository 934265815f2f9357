"""Windows: what is delivered when, and that an order which waited is still taken."""

import pytest

from canopee_api.errors import InvalidError
from canopee_api.testing import Office, Pc
from canopee_contract.campaign import Ring
from canopee_contract.codec import decode
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.people import CampaignView, CollectRequest
from canopee_contract.practices import Practice, PracticesImport
from canopee_contract.window import DAYS, Window
from canopee_kit.clock import FakeClock
from canopee_trust.dsse import payload_of, read_envelope

ALL: dict[str, object] = {"all": []}
NIGHT = (Window(DAYS, "20:00", "06:00"),)


@pytest.fixture
async def repair(office: Office, clock: FakeClock) -> Office:
    """It is nine o'clock in Paris, thirteen in Réunion and four in Guadeloupe, on a day of winter or of summer."""
    clock.advance((-clock.now().timestamp() + 8 * 3_600) % 86_400)
    await office.publish_pipeline("repair", "action")
    await office.publish_pipeline("probe", approval="none")
    practices = [
        Practice(f"C{number}", "a practice", time_zone=zone)
        for number, zone in enumerate(("Europe/Paris", "Indian/Reunion", "America/Guadeloupe", ""))
    ]
    await office.areas.practices.take_in(PracticesImport(practices), by="test")
    return office


async def _start(office: Office, **changes: object) -> CampaignView:
    now = office.areas.clock.now()
    document = office.sign(office.campaign("repair", ALL, windows=NIGHT, rings=(Ring(10_000, now),), **changes))
    return await office.areas.campaigns.start_signed(document, by="test")


def _order(delivered: DeliveredOrder) -> Order:
    return decode(payload_of(read_envelope(bytes(delivered.order))), Order)


async def _check(*pcs: tuple[Pc, bool]) -> None:
    """Whether each has an order."""
    for pc, is_reached in pcs:
        await pc.renew()
        orders = await pc.orders() if is_reached else (await pc.check_in()).orders
        assert bool(orders) is is_reached


async def test_orders_are_delivered_when_it_is_the_time_where_the_practice_is(
    repair: Office, clock: FakeClock
) -> None:
    pcs = [await repair.pc(practice=f"C{number}") for number in range(4)]
    view = await _start(repair)
    await _check(*zip(pcs, (False, False, True, False), strict=True))
    clock.advance(3_600 * 8.5)  # 16:30 UTC: half past eight in the evening in Réunion only
    await repair.areas.rings.open_windows()
    await _check((pcs[0], False), (pcs[1], True))
    clock.advance(3_600 * 3.5)  # 20:00 UTC
    await repair.areas.rings.open_windows()
    await _check((pcs[0], True), (pcs[3], True))
    assert (await repair.areas.campaigns.view(view.id)).states == {"delivered": 4}


async def test_a_campaign_whose_window_is_shut_says_when_it_opens(repair: Office) -> None:
    await repair.pc()
    view = await _start(repair)
    assert "its window is shut: it opens on" in view.reason
    assert view.windows == NIGHT


async def test_an_order_that_waited_while_the_pc_had_a_later_one_is_still_taken(
    repair: Office, clock: FakeClock
) -> None:
    """A PC takes no number below one that it has had: the order gets a new one."""
    pc = await repair.pc(practice="C0")
    await _start(repair)
    await repair.areas.campaigns.start_collect(CollectRequest("probe", ALL), by="test")
    (probe,) = (await pc.check_in()).orders
    pc.order_seq = _order(probe).seq
    clock.advance(12 * 3_600)
    await repair.areas.rings.open_windows()
    await pc.renew()
    orders = [_order(one) for one in await pc.orders()]
    assert [(one.pipeline.name, one.seq > pc.order_seq) for one in orders] == [("repair", True)]


async def test_a_paused_order_that_others_have_overtaken_is_delivered_after_the_resume(repair: Office) -> None:
    pc, areas = await repair.pc(), repair.areas
    view = await areas.campaigns.start_signed(repair.sign(repair.campaign("repair", ALL)), by="test")
    await areas.rings.pause(view.id, by="test")
    await areas.campaigns.start_collect(CollectRequest("probe", ALL), by="test")
    (probe,) = (await pc.check_in()).orders
    pc.order_seq = _order(probe).seq
    await areas.rings.resume(view.id, by="test")
    assert [_order(one).pipeline.name for one in await pc.orders()] == ["repair"]


async def test_an_opening_is_told_once(repair: Office, clock: FakeClock) -> None:
    await repair.pc(practice="C0")
    await _start(repair)
    assert await repair.areas.rings.open_windows() == 0
    clock.advance(12 * 3_600)
    assert [await repair.areas.rings.open_windows() for _ in range(2)] == [1, 0]
    clock.advance(24 * 3_600)
    assert await repair.areas.rings.open_windows() == 1


async def test_many_orders_that_wait_for_their_window_do_not_hide_one_that_may_go(repair: Office) -> None:
    pc = await repair.pc(practice="C0")
    for _ in range(25):
        await _start(repair)
    await repair.areas.campaigns.start_collect(CollectRequest("probe", ALL), by="test")
    assert [_order(one).pipeline.name for one in await pc.orders()] == ["probe"]
    async with repair.areas.database.transaction() as tx:
        cursor = await tx.execute("SELECT count(*) FROM orders WHERE delivered_at IS NOT NULL")
        assert await cursor.fetchone() == (1,)


async def test_a_document_whose_windows_no_pc_would_take_is_refused(repair: Office) -> None:
    campaign = repair.campaign("repair", ALL, windows=(Window(("mon",), "25:00", "06:00"),))
    with pytest.raises(InvalidError, match="25:00"):
        await repair.areas.campaigns.start_signed(repair.sign(campaign), by="test")
