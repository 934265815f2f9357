"""Occurrences, by what the clock on the wall shows."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canopee_contract.recurrence import (
    Recurrence,
    delay,
    due,
    fault,
    following,
    latest,
    number_of,
    occurrence_of,
    recurs_at,
    written,
)

MONDAY = datetime(2026, 11, 23)  # noqa: DTZ001  on the wall
WORKDAYS = Recurrence("0 6 * * 1-5")
DEVICE = "01890a5d-ac96-774b-bcce-b302099a8057"


def _listed(low: int, high: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """A field, and what it stands for."""
    numbers = st.lists(st.integers(low, high), min_size=1, max_size=4, unique=True).map(
        lambda found: (",".join(map(str, found)), frozenset(found))
    )
    ranges = st.tuples(st.integers(low, high), st.integers(low, high), st.integers(1, 9)).map(
        lambda one: (
            f"{min(one[:2])}-{max(one[:2])}/{one[2]}",
            frozenset(range(min(one[:2]), max(one[:2]) + 1, one[2])),
        )
    )
    every = st.integers(1, 9).map(lambda step: (f"*/{step}", frozenset(range(low, high + 1, step))))
    return st.one_of(numbers, ranges, every, st.just(("*", frozenset(range(low, high + 1)))))


@settings(deadline=None, max_examples=100)
@given(
    st.integers(0, 59), _listed(0, 23), _listed(0, 6), _listed(1, 12),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001  on the wall
)  # fmt: skip
def test_the_next_and_the_newest_are_those_that_a_look_at_every_hour_finds(
    minute: int, hours: tuple[str, frozenset[int]], weekdays: tuple[str, frozenset[int]],
    months: tuple[str, frozenset[int]], wall: datetime,
) -> None:  # fmt: skip
    recurrence = Recurrence(f"{minute} {hours[0]} * {months[0]} {weekdays[0]}")
    assert not fault(recurrence)

    def is_one(at: datetime) -> bool:
        return at.hour in hours[1] and at.month in months[1] and at.isoweekday() % 7 in weekdays[1]

    first = wall.replace(minute=minute, second=0, microsecond=0)
    for found, step in ((following(recurrence, wall), 1), (latest(recurrence, wall), -1)):
        at = first
        while not (is_one(at) and (at > wall if step > 0 else at <= wall)):
            at += timedelta(hours=step)
        assert found == at
        assert recurs_at(recurrence, at)
    assert is_one(first) is recurs_at(recurrence, first)


@pytest.mark.parametrize(
    ("every", "said"),
    [
        ("0 6 * *", "weekday"), ("0  6 * * *", "weekday"), ("@daily", "weekday"), ("", "weekday"),
        ("*/5 * * * *", "minute is one"), ("0,30 6 * * *", "minute is one"), ("60 6 * * *", "minute"),
        ("0 24 * * *", "hour"), ("0 6-5 * * *", "rising"), ("0 6/2 * * *", "step"), ("0 */0 * * *", "step"),
        ("0 6 0 * *", "day"), ("0 6 * 13 *", "month"), ("0 6 * * 8", "weekday"), ("0 6 * * MON", "weekday"),
        ("0 6 1 * 1", "one is `*`"), ("0 6 31 2,4 *", "never comes"), ("0 \u0666 * * *", "hour"),
        ("0 6,, * * *", "hour"), ("0 " + "6," * 200 + "6 * * *", "weekday"), ("0 6 L * *", "day"),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_said(every: str, said: str) -> None:
    assert said in fault(Recurrence(every))


def test_a_jitter_is_no_longer_than_the_shortest_time_between_two_occurrences() -> None:
    for hours, longest in (("6", 86_400), ("6,18", 43_200), ("22,1", 10_800), ("*", 3_600), ("*/5", 14_400)):
        assert not fault(Recurrence(f"0 {hours} * * *", longest))
        assert fault(Recurrence(f"0 {hours} * * *", longest + 1))
    assert fault(Recurrence("0 6 * * *", -1))


def test_a_text_is_read_as_it_is_written_and_in_no_other_form() -> None:
    at = MONDAY + timedelta(hours=6)
    assert occurrence_of(written(at)) == at
    assert number_of(at + timedelta(hours=1)) == number_of(at) + 60
    for text in ("", "2026-11-23T06:00:00", "2026-11-23T06:00Z", "2026-11-23 06:00", "2026-W48-1T06:00", "x"):
        assert occurrence_of(text) is None


def test_sunday_is_0_or_7_and_a_month_may_be_long_to_come() -> None:
    sunday = datetime(2026, 11, 22, 6)  # noqa: DTZ001  on the wall
    assert recurs_at(Recurrence("0 6 * * 0"), sunday)
    assert recurs_at(Recurrence("0 6 * * 7"), sunday)
    assert recurs_at(Recurrence("0 6 * * 5-7"), sunday)
    assert following(Recurrence("0 6 22 11 *"), sunday) == sunday.replace(year=2027)
    assert latest(Recurrence("0 6 29 2 *"), sunday) is None
    assert following(Recurrence("0 6 29 2 *"), sunday) is None


def test_a_device_has_its_own_place_within_the_jitter_which_changes_with_the_occurrence() -> None:
    recurrence = Recurrence("0 * * * *", 3_600)
    ids = [f"{number:08}-ac96-774b-bcce-b302099a8057" for number in range(500)]
    places = [delay(recurrence, one, "2026-11-23T06:00").total_seconds() for one in ids]
    assert len(set(places)) > 400
    assert 0 <= min(places) < 100
    assert 3_500 < max(places) < 3_600
    assert places != [delay(recurrence, one, "2026-11-23T07:00").total_seconds() for one in ids]
    for number in range(0, 7_200, 60):
        wall = MONDAY + timedelta(hours=6, seconds=number)
        found = due(recurrence, ids[0], wall)
        assert found is not None
        assert found + delay(recurrence, ids[0], written(found)) <= wall


@pytest.mark.parametrize("zone", ["Europe/Paris", "Australia/Lord_Howe"])
@pytest.mark.parametrize("every", ["30 2 * * *", "0 2 * * 0", "0 3 * * *", "15 1,2 * * *"])
@pytest.mark.parametrize("month", [3, 4, 10])
def test_where_summer_time_begins_or_ends_each_occurrence_comes_once(zone: str, every: str, month: int) -> None:
    """A PC that looks at its clock every quarter of an hour, and runs what is due and newer than its last."""
    recurrence, runs = Recurrence(every), list[datetime]()
    start = datetime(2026, month, 1, tzinfo=UTC)
    for number in range(31 * 24 * 4):
        wall = (start + timedelta(minutes=15 * number)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        found = due(recurrence, DEVICE, wall)
        if found is not None and (not runs or found > runs[-1]):
            runs.append(found)
    expected = runs[:1]
    while (after := following(recurrence, expected[-1])) is not None and after <= runs[-1]:
        expected.append(after)
    if every != "15 1,2 * * *":  # there, two may come at one instant, and the newest is done
        assert runs == expected
    assert len(runs) == len(set(runs))
    assert len(expected) - len(runs) <= 1


def test_what_the_interface_is_held_to_is_true_here_too() -> None:
    """`ihm/src/app/features/rollouts/cron.spec.ts` reads the same file."""
    told = msgspec.json.decode(Path(__file__).with_name("occurrences.json").read_bytes())
    for one in told["comes"]:
        for wall, comes in pairwise([one["wall"], *one["next"]]):
            found = following(Recurrence(one["every"]), datetime.fromisoformat(wall))
            assert (found and written(found)) == comes, one
    assert [every for every in told["refused"] if not fault(Recurrence(every))] == []
    for one in told["longest_jitter"]:
        assert not fault(Recurrence(one["every"], one["s"]))
        assert fault(Recurrence(one["every"], one["s"] + 1))
