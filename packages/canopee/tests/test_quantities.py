"""Windows and recurrences as people write them."""

import argparse

import pytest

from canopee.errors import UsageError
from canopee.quantities import add_recurrence, byte_count, recurrence, window
from canopee_contract.recurrence import Recurrence
from canopee_contract.window import DAYS, Day, Window


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon-fri 20:00-06:00", DAYS[:5]), ("sat,sun 20:00-06:00", DAYS[5:]), ("20:00 - 06:00", DAYS),
     ("Fri-Mon 20:00-06:00", ("fri", "sat", "sun", "mon"))],
)  # fmt: skip
def test_a_window_is_days_and_two_times(text: str, days: tuple[Day, ...]) -> None:
    assert window(text) == Window(days, "20:00", "06:00")


@pytest.mark.parametrize(
    "text", ["", "lundi 20:00-06:00", "mon 20:00", "mon 8:00-10:00", "mon 08:00-24:00", "mon-wed,tue 08:00-09:00"]
)
def test_what_is_not_one_is_said(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="such as 'mon-fri 20:00-06:00'"):
        window(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2G", 2_000_000_000), ("500M", 500_000_000), ("1.5T", 1_500_000_000_000), ("64kB", 64_000), ("800", 800)],
)
def test_bytes_are_counted_as_networks_do(text: str, expected: int) -> None:
    assert byte_count(text) == expected


@pytest.mark.parametrize("text", ["", "G", "-2G", "2X", "2 G/h", "1.2345G", "1e9", "2GiB"])
def test_what_is_no_number_of_bytes_is_said(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="such as 2G"):
        byte_count(text)


def _asked(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_recurrence(parser)
    return parser.parse_args(given)


def test_a_recurrence_is_an_expression_and_a_jitter() -> None:
    found = recurrence(_asked("--every", " 0  6 * * 1-5 ", "--jitter", "30m"))
    assert found == Recurrence("0 6 * * 1-5", 1_800)
    assert recurrence(_asked()) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [(("--every", "*/5 * * * *"), "once an hour"), (("--every", "0 * * * *", "--jitter", "2h"), "jitter"),
     (("--jitter", "30m"), "--every"), (("--every", "daily"), "0 6")],
)  # fmt: skip
def test_what_is_no_recurrence_is_said(given: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        recurrence(_asked(*given))
