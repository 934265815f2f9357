"""Two clocks: which of them counts, and what is remembered of both."""

from datetime import UTC, datetime, timedelta

from canopee_agent.engine.clocks import Clocks, LatestClock
from canopee_kit.clock import FakeClock
from canopee_trust.floor import MemoryFloor

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _clocks(told: datetime, floor: MemoryFloor | None = None) -> Clocks:
    return Clocks(FakeClock(NOW), lambda: told, floor or MemoryFloor())


def test_messages_follow_the_server_and_actions_both_clocks() -> None:
    for told in (NOW - HOUR, NOW, NOW + HOUR):
        clocks = _clocks(told)
        assert (clocks.now(), clocks.earliest(), clocks.latest()) == (told, min(NOW, told), max(NOW, told))


def test_what_expires_does_so_by_the_clock_that_is_ahead() -> None:
    assert LatestClock(_clocks(NOW - HOUR)).now() == NOW
    assert LatestClock(_clocks(NOW + HOUR)).now() == NOW + HOUR


def test_an_hour_that_both_had_reached_is_remembered_and_one_that_only_one_had_is_not() -> None:
    floor = MemoryFloor()
    _clocks(NOW + 1_000 * HOUR, floor).note()
    reached = Clocks(FakeClock(NOW - 500 * HOUR), lambda: NOW - 500 * HOUR, floor)
    assert reached.earliest() == reached.latest() == NOW.replace(minute=0)


def test_a_clock_that_was_in_the_future_once_leaves_no_trace() -> None:
    floor = MemoryFloor()
    Clocks(FakeClock(NOW + 9_000 * HOUR), lambda: NOW, floor).note()
    assert _clocks(NOW, floor).latest() == NOW
