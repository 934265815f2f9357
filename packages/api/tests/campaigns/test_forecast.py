"""When a campaign would be through: rings, pace, windows and freezes, without any database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_api.campaigns.forecast import Stage, Way
from canopee_api.campaigns.pace import Pace, pace_of
from canopee_api.orders.freezing import Freezing, Stretch
from canopee_api.orders.walls import WallClocks
from canopee_contract.campaign import Rollout
from canopee_contract.window import DAYS, Window
from canopee_kit.clock import FakeClock

NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
"""In Paris, a Monday."""
NIGHT = (Window(DAYS, "20:00", "06:00"),)
HOURLY = Rollout(advance_after_s=3_600)


def _at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def _way(*, windows: Sequence[Window] = (), frozen: Sequence[tuple[float, float]] = (), ends: float = 720) -> Way:
    freezing = Freezing([Stretch(_at(first), _at(last)) for first, last in frozen])
    return Way(windows, freezing, WallClocks("Europe/Paris", FakeClock(NOON)), _at(ends))


def _stages(*devices: int, every: float = 0) -> list[Stage]:
    return [Stage(_at(every * place), number) for place, number in enumerate(devices)]


def test_without_anything_that_holds_it_every_pc_has_its_order_at_once() -> None:
    assert _way().through(_stages(500), None, Pace(), NOON) == NOON
    assert _way().opens(NOON) == NOON


def test_each_ring_stands_alone_and_waits_for_its_date() -> None:
    assert _way().through(_stages(1, 10, 100), HOURLY, Pace(), NOON) == _at(2)
    assert _way().through(_stages(1, 10, 100, every=5), HOURLY, Pace(), NOON) == _at(10)
    assert _way().through(_stages(1, 10, 0), HOURLY, Pace(), NOON) == _at(1)


@pytest.mark.parametrize(
    ("pace", "orders", "minutes"),
    [
        (Pace(), 1_000, 0),
        (Pace(10), 10, 0),
        (Pace(10), 11, 1),
        (Pace(10, 100), 100, 9),
        (Pace(10, 100), 101, 60),
        (Pace(10, 100), 250, 124),
        (Pace(10, 100), 0, 0),
    ],
)
def test_a_pace_makes_the_first_orders_at_once_and_the_others_minute_by_minute(
    pace: Pace, orders: int, minutes: int
) -> None:
    assert pace.lasts(orders) == timedelta(minutes=minutes)


def test_bytes_of_an_hour_are_orders_of_an_hour_spread_over_its_minutes() -> None:
    assert pace_of(Rollout(bytes_per_hour=2_000_000_000), 48_000_000) == Pace(1, 41)
    assert pace_of(Rollout(bytes_per_hour=6_100), 1) == Pace(102, 6_100)
    assert pace_of(Rollout(bytes_per_hour=6_100, orders_per_min=5), 1) == Pace(5, 6_100)
    assert pace_of(Rollout(bytes_per_hour=6_100), 0) == Pace()
    assert pace_of(None, 5) == Pace()


def test_it_waits_for_its_window_by_the_usual_clock_and_the_next_ring_for_the_answers() -> None:
    way = _way(windows=NIGHT)
    assert (way.opens(NOON), way.opens(_at(10))) == (_at(8), _at(10))
    assert way.through(_stages(1, 10), HOURLY, Pace(), NOON) == _at(8)
    assert way.through(_stages(1, 10), Rollout(advance_after_s=0), Pace(), _at(19)) == _at(32)


def test_frozen_time_neither_delivers_nor_lets_a_ring_grow_old() -> None:
    assert _way(frozen=[(0, 24)]).opens(NOON) == _at(24)
    assert _way(frozen=[(0.5, 24)]).through(_stages(1, 10), HOURLY, Pace(), NOON) == _at(24.5)
    assert _way(frozen=[(1, 24)]).through(_stages(180), HOURLY, Pace(1), NOON) == _at(24 + 119 / 60)


def test_a_window_that_opens_while_it_is_frozen_is_looked_past() -> None:
    assert _way(windows=NIGHT, frozen=[(7, 30)]).opens(NOON) == _at(32)


def test_what_does_not_end_in_time_is_not_foretold() -> None:
    assert _way(ends=5, windows=NIGHT).through(_stages(1), None, Pace(), NOON) is None
    assert _way(ends=48, frozen=[(-1, 72)]).opens(NOON) is None
    nights_that_are_frozen = [(7 + 24 * day, 19 + 24 * day) for day in range(40)]
    assert _way(windows=NIGHT, frozen=nights_that_are_frozen).opens(NOON) is None


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 30)), max_size=4), st.lists(st.integers(0, 50), min_size=1),
    st.integers(0, 5), st.sampled_from([(), NIGHT]),
)  # fmt: skip
def test_nothing_that_holds_it_back_ever_makes_it_sooner(
    spans: list[tuple[int, int]], devices: list[int], per_min: int, windows: Sequence[Window]
) -> None:
    frozen = [(float(first), float(first + length)) for first, length in spans]
    stages = _stages(*devices)
    free = _way().through(stages, HOURLY, Pace(), NOON)
    held = _way(windows=windows, frozen=frozen).through(stages, HOURLY, Pace(per_min), NOON)
    assert free is not None
    assert held is None or held >= free
