"""Orders on their way to many devices that ask at the same time."""

import asyncio
import random

import msgspec
import pytest

from canopee_api.doors.areas import Areas
from canopee_api.errors import BusyError
from canopee_api.live.fleet import LiveDevice
from canopee_api.orders.delivery import MAX_DELIVERED, Delivery
from canopee_api.orders.walls import WallClocks
from canopee_api.postgres.database import Database
from canopee_api.testing import Office, Pc, until
from canopee_contract.codec import decode, encode
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.report import RunReport, RunReports, RunsReply
from canopee_trust.dsse import payload_of, read_envelope


def device_of(areas: Areas, pc: Pc) -> LiveDevice:
    device = areas.fleet.get(pc.id)
    assert device is not None
    return device


def read(delivered: DeliveredOrder) -> Order:
    """The order inside the signed envelope."""
    return decode(payload_of(read_envelope(bytes(delivered.order))), Order)


async def campaigns(office: Office, count: int) -> None:
    """Start some for every PC; returns once the process has heard of all their orders."""
    await office.publish_pipeline("repair", "action")
    for _ in range(count):
        await office.areas.campaigns.start_signed(office.sign(office.campaign("repair", {"all": []})), by="test")
    await until(lambda: all(device.order_head == count for device in office.areas.fleet))


async def test_devices_that_ask_at_once_get_each_their_own_orders_in_order(office: Office) -> None:
    fleet = [await office.pc() for _ in range(7)]
    await campaigns(office, 3)
    random.Random(5).shuffle(fleet)
    delivery = office.areas.delivery
    found = await asyncio.gather(
        *(delivery.orders_for(device_of(office.areas, pc), after=place % 4) for place, pc in enumerate(fleet))
    )
    for place, (pc, orders) in enumerate(zip(fleet, found, strict=True)):
        assert [(read(one).device_id, read(one).seq) for one in orders] == [
            (pc.id, seq) for seq in range(place % 4 + 1, 4)
        ]


async def test_the_same_device_may_ask_twice_at_once(office: Office) -> None:
    pc = await office.pc()
    await campaigns(office, 2)
    device = device_of(office.areas, pc)
    first, second = await asyncio.gather(
        office.areas.delivery.orders_for(device, after=0), office.areas.delivery.orders_for(device, after=1)
    )
    assert ([read(one).seq for one in first], [read(one).seq for one in second]) == ([1, 2], [2])


async def test_more_devices_than_one_query_takes_are_all_answered(office: Office) -> None:
    pc = await office.pc()
    await campaigns(office, 1)
    device = device_of(office.areas, pc)
    asked = [msgspec.structs.replace(device, generation=device.generation + place % 2) for place in range(450)]
    found = await asyncio.gather(*(office.areas.delivery.orders_for(one, after=0) for one in asked))
    assert [len(orders) for orders in found] == [1, 0] * 225


async def test_a_device_gets_so_many_orders_at_once_and_the_others_when_it_asks_again(office: Office) -> None:
    pc = await office.pc()
    await campaigns(office, MAX_DELIVERED + 2)
    device, delivery = device_of(office.areas, pc), office.areas.delivery
    first = await delivery.orders_for(device, after=0)
    second = await delivery.orders_for(device, after=len(first))
    assert (len(first), len(second)) == (MAX_DELIVERED, 2)


async def test_an_order_that_has_ended_is_not_delivered_again_and_not_looked_for_again(office: Office) -> None:
    pc = await office.pc()
    await campaigns(office, 1)
    device, delivery = device_of(office.areas, pc), office.areas.delivery
    (delivered,) = await delivery.orders_for(device, after=0)
    now, order = office.areas.clock.now(), read(delivered)
    report = RunReport(
        order_id=order.order_id, seq=order.seq, state="done", order_sha256="0" * 64, pipeline="repair@1",
        agent_version="0.1.0", finished_at=now,
    )  # fmt: skip
    await pc.post("runs", encode(RunReports((report,))), RunsReply)
    assert await delivery.orders_for(device, after=0) == ()
    assert device.order_head == 0


async def test_when_the_database_does_not_answer_everybody_who_asks_learns_it_and_may_ask_again(
    office: Office,
) -> None:
    fleet = [await office.pc() for _ in range(3)]
    await campaigns(office, 1)
    devices = [device_of(office.areas, pc) for pc in fleet]
    closed = Database(office.areas.database.address, size=1)
    delivery = Delivery(
        closed, office.areas.fleet, WallClocks("Europe/Paris", office.areas.clock), office.areas.clock
    )
    for _ in range(2):
        found = await asyncio.gather(
            *(delivery.orders_for(device, after=0) for device in devices), return_exceptions=True
        )
        assert [type(one) for one in found] == [BusyError] * 3


async def test_a_call_that_was_given_up_does_not_keep_the_others_waiting(office: Office) -> None:
    fleet = [await office.pc() for _ in range(3)]
    await campaigns(office, 1)
    calls = [
        asyncio.ensure_future(office.areas.delivery.orders_for(device_of(office.areas, pc), after=0))
        for pc in fleet
    ]
    await asyncio.sleep(0)
    calls[1].cancel()
    first, second, third = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(second, asyncio.CancelledError)
    assert [len(one) for one in (first, third) if isinstance(one, tuple)] == [1, 1]


@pytest.mark.parametrize("state", ["suspect", "revoked"])
async def test_a_device_that_is_not_trusted_gets_nothing(office: Office, state: str) -> None:
    pc = await office.pc()
    await campaigns(office, 1)
    device = msgspec.structs.replace(device_of(office.areas, pc), state=state)
    assert await office.areas.delivery.orders_for(device, after=0) == ()
