import asyncio
import sys

import msgspec
import pytest

from canopee_api.live.fleet import LiveDevice, LiveFleet
from canopee_api.postgres.devices import LiveRow

ROW = LiveRow("a", 1, "active", 10, 100.0, "0.1.0", "f" * 16, 3)
LONG_S = 60.0


@pytest.fixture
def fleet() -> LiveFleet:
    fleet = LiveFleet()
    for name in ("a", "b", "c"):
        fleet.put(msgspec.structs.replace(ROW, id=name))
    return fleet


def _a(fleet: LiveFleet) -> LiveDevice:
    device = fleet.get("a")
    assert device is not None
    return device


async def _waiting(fleet: LiveFleet, device_id: str, seconds: float = LONG_S) -> "asyncio.Task[bool]":
    task = asyncio.create_task(fleet.wait(device_id, seconds))
    await asyncio.sleep(0)
    return task


def test_what_the_database_says_later_never_takes_counter_presence_or_orders_back(fleet: LiveFleet) -> None:
    fleet.see(_a(fleet), counter=50, agent_version="0.2.0", now=500.0)
    fleet.give_order("a", 9)
    fleet.put(msgspec.structs.replace(ROW, generation=2, state="revoked", facts_hash="0" * 16))
    held = _a(fleet)
    assert (held.counter, held.last_seen, held.order_head, held.agent_version) == (50, 500.0, 9, "0.2.0")
    assert (held.generation, held.state, held.facts_hash) == (2, "revoked", "0" * 16)


def test_a_row_of_another_process_raises_counter_and_orders(fleet: LiveFleet) -> None:
    fleet.put(msgspec.structs.replace(ROW, counter=90, order_head=7))
    assert (_a(fleet).counter, _a(fleet).order_head) == (90, 7)


@pytest.mark.parametrize(("counter", "version"), [(11, "0.2.0"), (10, "0.1.0"), (9, "0.1.0")])
def test_the_agent_version_is_that_of_the_last_call_whichever_process_took_it(
    fleet: LiveFleet, counter: int, version: str
) -> None:
    fleet.put(msgspec.structs.replace(ROW, counter=counter, agent_version="0.2.0"))
    assert _a(fleet).agent_version == version


def test_an_agent_that_went_back_to_the_version_that_this_process_knew_is_written_again(fleet: LiveFleet) -> None:
    fleet.put(msgspec.structs.replace(ROW, counter=11, agent_version="0.2.0"))
    fleet.see(_a(fleet), counter=12, agent_version="0.1.0", now=200.0)
    assert fleet.take_updated() == {"a": "0.1.0"}


def test_a_version_that_a_later_call_elsewhere_has_overtaken_is_not_written(fleet: LiveFleet) -> None:
    fleet.see(_a(fleet), counter=11, agent_version="0.2.0", now=200.0)
    fleet.put(msgspec.structs.replace(ROW, counter=12, agent_version="0.3.0"))
    assert fleet.take_updated() == {}


@pytest.mark.parametrize("counter", [10, 9, 0, -1])
def test_a_counter_that_was_used_is_not_seen_and_changes_nothing(fleet: LiveFleet, counter: int) -> None:
    assert not fleet.see(_a(fleet), counter=counter, agent_version="9.9.9", now=999.0)
    assert (_a(fleet).counter, _a(fleet).last_seen, _a(fleet).agent_version) == (10, 100.0, "0.1.0")
    assert (fleet.take_seen(9), fleet.take_updated()) == ([], {})


def test_the_presence_of_each_device_is_written_once_by_id_and_in_slices(fleet: LiveFleet) -> None:
    for counter, name in enumerate("cabacb", start=11):
        device = fleet.get(name)
        assert device is not None
        fleet.see(device, counter=counter, agent_version="0.1.0", now=200.0)
    slices = [[one.id for one in fleet.take_seen(2)] for _ in range(3)]
    assert [len(ids) for ids in slices] == [2, 1, 0]
    assert all(ids == sorted(ids) for ids in slices)
    assert sorted(slices[0] + slices[1]) == ["a", "b", "c"]


def test_what_could_not_be_written_is_written_next_time_and_newer_news_win(fleet: LiveFleet) -> None:
    fleet.see(_a(fleet), counter=11, agent_version="0.2.0", now=200.0)
    seen, updated = fleet.take_seen(9), fleet.take_updated()
    assert updated == {"a": "0.2.0"}
    fleet.see(_a(fleet), counter=12, agent_version="0.3.0", now=201.0)
    fleet.put_back(seen, updated)
    assert [device.id for device in fleet.take_seen(9)] == ["a"]
    assert fleet.take_updated() == {"a": "0.3.0"}


def test_a_version_of_any_length_takes_a_bounded_place(fleet: LiveFleet) -> None:
    fleet.see(_a(fleet), counter=11, agent_version="9" * 100_000, now=200.0)
    assert len(_a(fleet).agent_version) == 255
    assert len(fleet.take_updated()["a"]) == 255


def test_a_device_takes_a_few_hundred_bytes(fleet: LiveFleet) -> None:
    assert sys.getsizeof(_a(fleet)) < 300


def test_an_order_for_a_device_that_is_not_known_is_left_to_the_database(fleet: LiveFleet) -> None:
    fleet.give_order("nobody", 1)
    assert (fleet.get("nobody"), len(fleet)) == (None, 3)


async def test_an_order_wakes_its_device_and_no_other(fleet: LiveFleet) -> None:
    a, b = await _waiting(fleet, "a"), await _waiting(fleet, "b")
    fleet.give_order("a", 4)
    assert await a is False
    assert not b.done()
    fleet.close()
    assert await b is False


async def test_an_order_that_is_not_newer_wakes_nobody(fleet: LiveFleet) -> None:
    waiting = await _waiting(fleet, "a")
    fleet.give_order("a", 3)
    fleet.give_order("a", 1)
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_a_second_call_takes_the_place_of_the_first_which_is_told_to_end(fleet: LiveFleet) -> None:
    first = await _waiting(fleet, "a")
    second = await _waiting(fleet, "a")
    assert await first is True
    fleet.wake("a")
    assert await second is False


async def test_newer_metadata_wake_everybody_and_older_ones_nobody(fleet: LiveFleet) -> None:
    fleet.raise_trust(2)
    waiting = [await _waiting(fleet, name) for name in "abc"]
    fleet.raise_trust(2)
    fleet.raise_trust(1)
    await asyncio.sleep(0)
    assert (fleet.trust_version, [task.done() for task in waiting]) == (2, [False] * 3)
    fleet.raise_trust(3)
    assert await asyncio.gather(*waiting) == [False] * 3


async def test_a_wait_ends_after_its_seconds_and_leaves_nothing_behind(fleet: LiveFleet) -> None:
    assert await fleet.wait("a", 0.001) is True
    fleet.wake("a")
    assert await fleet.wait("a", 0.001) is True


async def test_a_call_that_went_away_does_not_take_the_wake_up_of_the_next(fleet: LiveFleet) -> None:
    gone = await _waiting(fleet, "a")
    gone.cancel()
    await asyncio.wait([gone])
    following = await _waiting(fleet, "a")
    fleet.give_order("a", 4)
    assert await following is False


async def test_once_the_process_stops_nobody_waits_any_more(fleet: LiveFleet) -> None:
    fleet.close()
    assert fleet.is_closing
    assert await asyncio.wait_for(fleet.wait("a", LONG_S), 5) is True
