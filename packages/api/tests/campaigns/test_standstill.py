"""The emergency stop: what is stopped, who hears of it, and that nothing is lost by it."""

import asyncio

import pytest

from canopee_api.app import running
from canopee_api.errors import ConflictError, InvalidError
from canopee_api.orders.delivery import Delivery
from canopee_api.orders.walls import WallClocks
from canopee_api.postgres.accounts import list_audit
from canopee_api.settings import Settings
from canopee_api.testing import Office, until
from canopee_contract.people import CampaignView, CollectRequest
from canopee_kit.clock import FakeClock

ALL: dict[str, object] = {"all": []}


@pytest.fixture
async def probe(office: Office) -> Office:
    await office.publish_pipeline("probe", approval="none")
    return office


async def _collect(office: Office) -> CampaignView:
    return await office.areas.campaigns.start_collect(CollectRequest("probe", ALL), by="test")


async def test_no_order_is_delivered_or_made_until_somebody_says_to_go_on(probe: Office) -> None:
    areas, pc = probe.areas, await probe.pc()
    before = await _collect(probe)
    await areas.emergency_stop.stop("8.2 breaks printing", by="ann")
    during = await _collect(probe)
    reply = await pc.check_in()
    assert (reply.is_stopped, reply.orders) == (True, ())
    assert (await areas.campaigns.view(before.id)).states == {"pending": 1}
    assert (during.states, await areas.rings.advance()) == ({"waiting": 1}, 0)
    await areas.emergency_stop.resume(by="bob")
    await areas.rings.advance()
    reply = await pc.check_in(wait_s=20)
    assert (reply.is_stopped, len(reply.orders)) == (False, 2)


async def test_whoever_watches_hears_of_a_stop_and_of_its_end(probe: Office) -> None:
    areas = probe.areas
    watcher = areas.watchers.watch("ann")
    await watcher.ready()
    held = await areas.emergency_stop.stop("8.2 breaks printing", by="ann")
    assert "stop" in {one.topic for one in await watcher.next()}
    assert await areas.emergency_stop.held() == held
    await areas.emergency_stop.resume(by="bob")
    assert "stop" in {one.topic for one in await watcher.next()}
    assert await areas.emergency_stop.held() is None
    watcher.leave()


async def test_an_order_whose_delivery_was_lost_is_not_sent_again_before_the_end_of_the_stop(
    probe: Office,
) -> None:
    pc = await probe.pc()
    await _collect(probe)
    assert len(await pc.orders()) == 1  # and never arrived
    await probe.areas.emergency_stop.stop("why", by="ann")
    assert (await pc.check_in()).orders == ()
    await probe.areas.emergency_stop.resume(by="ann")
    assert len(await pc.orders()) == 1


async def test_a_long_poll_is_answered_at_once_by_a_stop_and_the_next_one_waits(probe: Office) -> None:
    pc, fleet = await probe.pc(), probe.areas.fleet
    waiting = asyncio.create_task(pc.check_in(wait_s=60, trust_version=fleet.trust_version))
    await until(lambda: fleet.is_waiting(pc.id))
    await probe.areas.emergency_stop.stop("why", by="ann")
    assert (await asyncio.wait_for(waiting, 20)).is_stopped
    waiting = asyncio.create_task(pc.check_in(wait_s=60, trust_version=fleet.trust_version))
    await until(lambda: fleet.is_waiting(pc.id))
    await probe.areas.emergency_stop.resume(by="ann")
    assert not (await asyncio.wait_for(waiting, 20)).is_stopped


async def test_the_campaigns_and_the_status_say_why_and_a_second_stop_changes_nothing(probe: Office) -> None:
    stop, _ = probe.areas.emergency_stop, await probe.pc()
    view = await _collect(probe)
    first = await stop.stop("8.2 breaks printing", by="ann")
    assert await stop.stop("me too", by="bob") == first
    assert "by ann: 8.2 breaks printing" in (await probe.areas.campaigns.view(view.id)).reason
    assert await stop.resume(by="bob") == first
    with pytest.raises(ConflictError, match="nothing is stopped"):
        await stop.resume(by="bob")
    async with probe.areas.database.transaction() as tx:
        audit = [(row.actor, row.action) for row in await list_audit(tx, after=0, limit=2)]
    assert audit == [("bob", "fleet.resume"), ("ann", "fleet.stop")]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
async def test_a_stop_says_why(office: Office, reason: str) -> None:
    with pytest.raises(InvalidError, match="say why"):
        await office.areas.emergency_stop.stop(reason, by="ann")


async def test_a_process_that_starts_or_listens_elsewhere_tells_the_stop_too(
    probe: Office, settings: Settings, clock: FakeClock
) -> None:
    async with running(settings, settings.database_url, clock) as other:
        await probe.areas.emergency_stop.stop("why", by="ann")
        await until(lambda: other.fleet.is_stopped)
    async with running(settings, settings.database_url, clock) as restarted:
        assert restarted.fleet.is_stopped


async def test_an_order_that_is_announced_while_the_database_is_asked_is_not_forgotten(probe: Office) -> None:
    """The query was before the end of the stop, its announcement before the answer."""
    areas, pc = probe.areas, await probe.pc()
    await _collect(probe)
    await areas.emergency_stop.stop("why", by="ann")
    device = areas.fleet.get(pc.id)
    assert device is not None
    head = device.order_head
    delivery = Delivery(areas.database, areas.fleet, WallClocks("Europe/Paris", areas.clock), areas.clock)
    asking = asyncio.ensure_future(delivery.orders_for(device, after=0))
    await asyncio.sleep(0)
    areas.fleet.give_order(pc.id, head)
    assert (await asking, device.order_head) == ((), head)
