"""Freezes as instants: where, since when, and what time was not frozen."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_api.orders.freezing import Freezing, Stretch, freezing, is_frozen
from canopee_api.orders.walls import WallClocks
from canopee_api.postgres.freezes import FreezeRow
from canopee_kit.clock import FakeClock

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
WALL = WallClocks("Europe/Paris", FakeClock(EPOCH))


def _wall(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """What a clock on a wall shows in 2026."""
    return datetime(2026, month, day, hour, minute)  # noqa: DTZ001


CHRISTMAS = FreezeRow(
    id="1", starts=_wall(12, 24), ends=_wall(12, 27), reason="Christmas", collects=False,
    created_by="ann", created_at=EPOCH,
)  # fmt: skip
HOURS = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 12)), max_size=6)


def _at(hours: float) -> datetime:
    return EPOCH + timedelta(hours=hours)


def _freezing(*spans: tuple[float, float]) -> Freezing:
    return Freezing([Stretch(_at(first), _at(last), (f"{first}",)) for first, last in spans])


@pytest.mark.parametrize(
    ("zone", "begins"), [("", 23), ("Europe/Paris", 23), ("Indian/Reunion", 20), ("America/Guadeloupe", 28)]
)
def test_each_practice_is_frozen_by_its_own_clock(zone: str, begins: int) -> None:
    begin = datetime(2026, 12, 23, tzinfo=UTC) + timedelta(hours=begins)
    instants = [
        begin - timedelta(seconds=1),
        begin,
        begin + timedelta(days=3, seconds=-1),
        begin + timedelta(days=3),
    ]
    assert [is_frozen(CHRISTMAS, WALL, zone, at) for at in instants] == [False, True, True, False]


def test_a_campaign_waits_from_the_first_practice_to_the_last() -> None:
    (found,) = freezing([CHRISTMAS], WALL, ["Indian/Reunion", "America/Guadeloupe"]).stretches
    assert found.begins == datetime(2026, 12, 23, 20, tzinfo=UTC)
    assert found.ends == datetime(2026, 12, 27, 4, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_frozen_whole_and_one_that_is_skipped_loses_nothing() -> None:
    autumn = msgspec.structs.replace(
        CHRISTMAS,
        starts=_wall(10, 24, 12),
        ends=_wall(10, 25, 2, 30),
    )
    assert is_frozen(autumn, WALL, "", datetime(2026, 10, 25, 1, 29, tzinfo=UTC))
    assert not is_frozen(autumn, WALL, "", datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    spring = msgspec.structs.replace(
        CHRISTMAS,
        starts=_wall(3, 29, 2, 30),
        ends=_wall(3, 29, 12),
    )
    assert is_frozen(spring, WALL, "", datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
    assert not is_frozen(spring, WALL, "", datetime(2026, 3, 29, 0, 29, tzinfo=UTC))


def test_it_counts_neither_before_it_was_entered_nor_after_it_was_removed_nor_for_collections() -> None:
    entered, removed = datetime(2026, 12, 24, 12, tzinfo=UTC), datetime(2026, 12, 25, tzinfo=UTC)
    late = msgspec.structs.replace(CHRISTMAS, created_at=entered, removed_at=removed)
    assert freezing([late], WALL, []).stretches == [Stretch(entered, removed, ("Christmas",))]
    never = msgspec.structs.replace(CHRISTMAS, removed_at=EPOCH)
    assert freezing([never], WALL, []).stretches == []
    assert freezing([CHRISTMAS], WALL, [], kind="collect").stretches == []
    everything = msgspec.structs.replace(CHRISTMAS, collects=True)
    assert len(freezing([everything], WALL, [], kind="collect").stretches) == 1


def test_freezes_that_overlap_end_together_with_both_reasons() -> None:
    found = _freezing((0, 10), (8, 20), (8, 9), (20, 22), (30, 31)).now(_at(9))
    assert found is not None
    assert (found.until, found.reason) == (_at(22), "0; 8; 20")
    assert _freezing((0, 10)).now(_at(10)) is None


def test_time_that_was_frozen_does_not_count() -> None:
    held = _freezing((10, 20), (30, 40))
    assert held.before(_at(25), timedelta(hours=6)) == _at(9)
    assert held.before(_at(35), timedelta(hours=3)) == _at(27)
    assert held.before(_at(45), timedelta(hours=20)) == _at(5)
    assert held.thawed(_at(5), _at(35)) == timedelta(hours=15)
    assert held.after(_at(15), timedelta(0)) == _at(20)
    assert held.after(_at(5), timedelta(hours=5)) == _at(20)
    assert held.after(_at(5), timedelta(hours=16)) == _at(41)


@given(HOURS, st.integers(0, 100), st.integers(0, 60))
def test_time_is_counted_forwards_and_backwards_alike(
    spans: list[tuple[int, int]], start: int, duration: int
) -> None:
    held = _freezing(*((first, first + length) for first, length in spans))
    end = held.after(_at(start), timedelta(hours=duration))
    assert held.thawed(_at(start), end) == timedelta(hours=duration)
    assert held.now(end) is None
    back = held.before(_at(start), timedelta(hours=duration))
    assert held.thawed(back, _at(start)) == timedelta(hours=duration)
    free = [hour for hour in range(start + 200) if held.now(_at(hour)) is None]
    assert held.thawed(_at(0), _at(start + 200)) == timedelta(hours=len(free))
