"""The freeze calendar, as people write it."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_contract.freeze import NewFreeze, span_of, written

CHRISTMAS = datetime(2026, 12, 24)  # noqa: DTZ001  on the wall
MINUTES = st.datetimes(datetime(2001, 1, 1), datetime(2900, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(second=0, microsecond=0)
)


def _span(first: str, last: str, reason: str = "why") -> tuple[datetime, datetime]:
    return span_of(NewFreeze(first, last, reason))


def test_its_last_day_is_part_of_it_and_a_time_is_where_it_ends() -> None:
    assert _span("2026-12-24", "2026-12-26") == (CHRISTMAS, CHRISTMAS + timedelta(days=3))
    assert _span("2026-12-24", "2026-12-24") == (CHRISTMAS, CHRISTMAS + timedelta(days=1))
    assert _span("2026-12-24T18:00", "2026-12-25 06:30") == (
        CHRISTMAS + timedelta(hours=18),
        CHRISTMAS + timedelta(hours=30.5),
    )
    assert _span("2026-12-24T18:00", "2026-12-24")[1] == CHRISTMAS + timedelta(days=1)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-12-26", "2026-12-24", "ends .* before it begins"),
        ("2026-12-24T18:00", "2026-12-24T18:00", "before it begins"),
        ("2026-12-24T18:00", "2026-12-24T18:10", "15 minutes"),
        ("2026-12-24", "2028-12-24", "400 days"),
        ("24/12/2026", "2026-12-26", "'24/12/2026' is not a day"),
        ("2026-02-30", "2026-12-26", "not a day"),
        ("2026-12-24T24:00", "2026-12-26", "not a day"),
        ("2026-12-24", "2026-12-26T10:00Z", "not a day"),
        ("२०२६-12-24", "2026-12-26", "not a day"),
        ("0001-01-01", "0001-01-02", "not a day"),
    ],
)
def test_what_is_no_freeze_is_said(first: str, last: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        _span(first, last)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_freeze_says_why(reason: str) -> None:
    with pytest.raises(ValueError, match="say why"):
        _span("2026-12-24", "2026-12-24", reason)


@given(MINUTES, st.integers(15, 400 * 1_440))
def test_what_is_shown_is_read_again_as_the_same_span(starts: datetime, minutes: int) -> None:
    ends = starts + timedelta(minutes=minutes)
    assert _span(*written(starts, ends)) == (starts, ends)
