"""Durations and parts of the fleet as people write them."""

import argparse
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee.errors import UsageError
from canopee.quantities import basis_points, duration, seconds


@given(st.integers(1, 10_000))
def test_every_part_of_the_fleet_that_is_written_with_two_digits_is_read_exactly(share: int) -> None:
    whole, hundredths = divmod(share, 100)
    assert basis_points(f"{whole}.{hundredths:02}%") == share
    assert basis_points(f"{share / 100:g}%") == share
    assert basis_points(f"{share / 100:.2f} %") == share


@pytest.mark.parametrize(
    "text",
    ["", "%", "10", "0%", "0.00%", "100.01%", "101%", "-1%", "1e1%", ".5%", "1,5%", "0.001%", "\u0661%", "nan%"],
)
def test_what_is_no_part_of_the_fleet_is_said(text: str) -> None:
    with pytest.raises(UsageError, match=r"0\.01% to 100%"):
        basis_points(text)


@pytest.mark.parametrize(
    ("text", "length"),
    [("90", 90), ("90s", 90), ("5m", 300), ("12h", 43_200), ("30d", 2_592_000), ("2w", 1_209_600), ("0", 0)],
)
def test_a_duration_is_a_number_and_its_unit(text: str, length: int) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "d", "1.5h", "-1h", "1 h", "1y", "1hh", "\u0663d", "3651d", "999999999w"])
def test_what_is_no_duration_or_too_long_to_mean_anything_is_said(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"is not a duration|more than ten years"):
        duration(text)


@given(st.from_regex(r"[0-9]{1,9}[smhdw]?", fullmatch=True))
def test_every_duration_that_is_accepted_can_be_added_to_a_date(text: str) -> None:
    try:
        length = duration(text)
    except argparse.ArgumentTypeError:
        return
    assert timedelta(0) <= timedelta(seconds=length) <= timedelta(days=3_650)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "-1", "", "x", "1e300"])
def test_a_wait_that_would_never_end_is_said(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not a number of seconds"):
        seconds(text)


def test_a_wait_may_be_part_of_a_second_or_none() -> None:
    assert (seconds("0.5"), seconds("0"), seconds("1e2")) == (0.5, 0.0, 100.0)
