"""Weekly windows, by what the clock on the wall shows."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canopee_contract.window import DAYS, Window, fault, is_open, next_opening, opening

MONDAY = datetime(2026, 11, 23)  # noqa: DTZ001  on the wall
NIGHTS = (Window(("mon", "fri"), "20:00", "06:00"),)
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
WINDOWS = st.lists(
    st.builds(Window, st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple), TIMES, TIMES),
    max_size=4,
).map(tuple)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(19.99, False), (20, True), (24 + 5.99, True), (24 + 6, False), (4 * 24 + 23, True), (5 * 24 + 1, True),
     (-1, False), (6 * 24 + 21, False)],
)  # fmt: skip
def test_a_window_that_goes_past_midnight_is_open_on_the_morning_after_its_day(
    hours: float, expected: object
) -> None:
    assert is_open(NIGHTS, MONDAY + timedelta(hours=hours)) is expected


def test_without_windows_it_is_always_open_and_from_and_to_alike_is_a_whole_day() -> None:
    assert is_open((), MONDAY)
    assert opening((Window(("mon",), "12:00", "12:00"),), MONDAY + timedelta(hours=35)) == MONDAY + timedelta(
        hours=12
    )


def test_what_is_not_a_window_is_said() -> None:
    assert fault((Window((), "08:00", "23:00"),))
    assert fault((Window(("mon", "mon"), "08:00", "23:00"),))
    for text in ("8:00", "24:00", "08:60", "08h00", "\u0660\u0668:00", ""):
        assert fault((Window(("mon",), text, "23:00"),))
        assert fault((Window(("mon",), "08:00", text),))
    assert fault(NIGHTS * 21)
    assert not fault(NIGHTS * 20)


@settings(deadline=None, max_examples=50)
@given(WINDOWS, st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001  on the wall
def test_the_next_opening_is_the_first_time_that_is_open_after_one_that_is_not(
    windows: tuple[Window, ...], wall: datetime
) -> None:
    wall = wall.replace(second=0, microsecond=0)
    found = next_opening(windows, wall)
    if not windows:
        assert found is None
        return
    assert found is not None
    assert found > wall
    assert opening(windows, found) is not None
    if not is_open(windows, wall):
        between = [
            wall + timedelta(minutes=minute) for minute in range(0, int((found - wall).total_seconds()) // 60, 13)
        ]
        assert not any(is_open(windows, one) for one in between)


@pytest.mark.parametrize(("zone", "month"), [("Europe/Paris", 3), ("Europe/Paris", 10), ("Indian/Reunion", 3)])
def test_a_night_on_which_summer_time_changes_opens_and_shuts_by_the_wall(zone: str, month: int) -> None:
    """The last Sunday of March and of October 2026: the window from 20:00 to 06:00 lasts 9, 11 or 10 hours."""
    sunday = datetime(2026, month, 29 if month == 3 else 25, tzinfo=UTC)
    instants = [sunday + timedelta(minutes=minute) for minute in range(-12 * 60, 12 * 60)]
    window = (Window(("sat",), "20:00", "06:00"),)
    walls = [one.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for one in instants]
    minutes = sum(is_open(window, wall) for wall in walls)
    assert minutes == {("Europe/Paris", 3): 540, ("Europe/Paris", 10): 660}.get((zone, month), 600)
