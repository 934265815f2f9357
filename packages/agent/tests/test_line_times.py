"""When lines were written, in the formats of the programs that one meets on a PC."""

from datetime import UTC, datetime, timedelta

import pytest

from canopee_agent.errors import StepError
from canopee_agent.line_times import between, given_format, known_format

WRITTEN = datetime(2026, 11, 24, 12)  # noqa: DTZ001  on the wall
EIGHT = datetime(2026, 11, 20, 8, 30, 15)  # noqa: DTZ001


def wall(at: datetime) -> datetime:
    return (at.astimezone(UTC) + timedelta(hours=1)).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("2026-11-20 08:30:15,123 [main] INFO  started", "iso"),
        ("2026-11-20T08:30:15.123456 started", "iso"),
        ("2026-11-20T07:30:15Z started", "iso"),
        ("2026-11-20T09:30:15+02:00 started", "iso"),
        ("[2026-11-20 08:30:15] started", "iso"),
        ("INFO  2026-11-20 08:30:15 started", "iso"),
        ("2026/11/20 08:30:15 [error] 12#0: started", "slashes"),
        ("20/11/2026 08:30:15 démarré", "french"),
        ("20/11/2026 à 08:30:15 démarré", "french"),
        ("[20/11/2026 08h30:15] démarré", "french"),
        ("20-11-2026 08:30:15;démarré", "french"),
        ("20.11.2026 08:30:15 démarré", "french"),
        ("20/11/26 08:30:15 démarré", "french_short"),
        ("11/20/2026 8:30:15 AM started", "american"),
        ("20 Nov 2026 08:30:15,123 started", "named"),
        ("20 novembre 2026 08:30:15 démarré", "named"),
        ("20-nov.-2026 08:30:15 démarré", "named"),
        ('192.0.2.7 - - [20/Nov/2026:08:30:15 +0100] "GET / HTTP/1.1"', "named"),
        ("Nov 20, 2026 8:30:15 AM fr.cabinet.Main start", "java"),
        ("nov. 20, 2026 8:30:15 AM fr.cabinet.Main start", "java"),
        ("Fri Nov 20 08:30:15 2026 started", "ctime"),
        ("Nov 20 08:30:15 pc-1 service[12]: started", "syslog"),
        ("20261120 083015 started", "compact"),
        ("20261120-08:30:15 started", "compact"),
    ],
)
def test_the_time_of_a_line_is_found_whatever_program_wrote_it(line: str, name: str) -> None:
    times = known_format([line, "  at somewhere"], wall, WRITTEN)
    assert times is not None
    assert (times.name, times.read(line)) == (name, EIGHT)


@pytest.mark.parametrize(
    "line",
    [
        "", "no time here", "version 10.2.2026 of 08", "192.168.1.20 08:30:15", "32/11/2026 08:30:15",
        "2026-02-30 08:30:15", "99 foo 2026 08:30:15", "x" * 60 + "2026-11-20 08:30:15",
        "2026-11-20 25:00:00", "tel 0612345678",
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(line: str) -> None:
    times = known_format([line], wall, WRITTEN)
    assert times is None or times.read(line) is None


def test_a_day_and_a_month_are_told_apart_by_those_that_can_be_only_one() -> None:
    american = known_format(["11/02/2026 08:00:00 a", "11/20/2026 08:00:00 b"], wall, WRITTEN)
    assert american is not None
    assert american.read("11/02/2026 08:00:00") == datetime(2026, 11, 2, 8)  # noqa: DTZ001
    french = known_format(["11/02/2026 08:00:00 a", "20/11/2026 08:00:00 b"], wall, WRITTEN)
    assert french is not None
    assert french.read("11/02/2026 08:00:00") == datetime(2026, 2, 11, 8)  # noqa: DTZ001


def test_twelve_by_the_english_clock_is_noon_and_midnight() -> None:
    times = known_format(["11/20/2026 12:00:00 AM"], wall, WRITTEN)
    assert times is not None
    assert times.read("11/20/2026 12:30:00 AM") == datetime(2026, 11, 20, 0, 30)  # noqa: DTZ001
    assert times.read("11/20/2026 12:30:00 PM") == datetime(2026, 11, 20, 12, 30)  # noqa: DTZ001
    assert times.read("11/20/2026 1:30:00 PM") == datetime(2026, 11, 20, 13, 30)  # noqa: DTZ001


def test_a_time_without_year_is_never_later_than_its_file() -> None:
    times = known_format(["Dec 31 23:59:59 pc x"], wall, datetime(2026, 1, 2))  # noqa: DTZ001
    assert times is not None
    assert times.read("Dec 31 23:59:59 pc x") == datetime(2025, 12, 31, 23, 59, 59)  # noqa: DTZ001
    assert times.read("Jan  1 00:00:01 pc x") == datetime(2026, 1, 1, 0, 0, 1)  # noqa: DTZ001


def test_the_format_of_a_file_is_that_of_most_of_its_lines() -> None:
    lines = ["Dump of 20/11/2026 08:00:00", *["2026-11-20 08:30:15 x"] * 5, *["  at y"] * 50]
    times = known_format(lines, wall, WRITTEN)
    assert times is not None
    assert times.name == "iso"


def test_a_given_format_is_read_as_strptime_reads_it() -> None:
    times = given_format("%d-%b-%y %I.%M.%S %p", wall)
    assert times.read("<20-Nov-26 08.30.15 AM> x") == EIGHT
    assert times.read("nothing") is None
    assert times.read("32-Nov-26 08.30.15 AM") is None
    assert given_format("%d/%m/%Y %H:%M:%S%z", wall).read("20/11/2026 07:30:15+0000") == EIGHT


@pytest.mark.parametrize("text", ["%H:%M:%S", "%d/%m %H", "%Y-%m", "%Q", "%", "plain"])
def test_a_given_format_that_tells_no_day_is_refused(text: str) -> None:
    with pytest.raises(StepError, match="time_format"):
        given_format(text, wall)


def test_lines_before_the_first_time_are_kept_and_those_without_follow_the_line_before() -> None:
    times = given_format("%Y-%m-%d", wall)
    lines = ["head", "2026-11-19 a", "  at a", "2026-11-20 b", "  at b", "2026-11-21 c"]
    day = datetime(2026, 11, 20)  # noqa: DTZ001
    found = dict(between(lines, times, day, day + timedelta(days=1)))
    assert [line for line, is_in in found.items() if is_in] == ["head", "2026-11-20 b", "  at b"]
