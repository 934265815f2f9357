"""Recurrence: again and again, at hours of some days, by the clock on the wall of the PC.

An occurrence is what that clock shows, without zone: `2026-11-23T06:00`. It has come when the clock shows it or later,
and a PC runs none that is not after the last one that it ran: one in the hour that summer time skips comes when that
hour is over, and one in the hour that comes twice comes once.
"""

import hashlib
import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import msgspec

LONGEST_DAYS = 400
"""How far occurrences are looked for, in either direction: no campaign lasts longer."""
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_PART = re.compile(r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?")
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LONGEST_TEXT = 200
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  on the wall


class Recurrence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a campaign is done again."""

    every: str
    """`minute hour day month weekday`, as of cron, so that `0 6 * * 1-5` is 06:00 from Monday to Friday.

    The minute is one number; the others are `*`, or numbers, ranges (`8-18`) and steps (`*/2`, `8-18/2`) with commas.
    Sunday is 0 or 7. One of day and weekday is `*`.
    """
    jitter_s: int = 0
    """Each PC begins later, by less than so many seconds; no longer than the shortest time between two occurrences."""


class _Times(NamedTuple):
    minute: int
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """Monday is 0."""


def fault(recurrence: Recurrence) -> str:
    """What is wrong with it, as a sentence; empty when nothing is."""
    try:
        times = _read(recurrence.every)
    except ValueError as error:
        return str(error)
    longest = _shortest_gap_s(times.hours)
    if not 0 <= recurrence.jitter_s <= longest:
        return f"its jitter is 0 to {longest} s, the shortest time between two occurrences"
    return ""


def occurrence_of(text: str) -> datetime | None:
    """The time on the wall that a text is, written as `written` does; `None` for any other text."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is None and written(found) == text else None


def written(occurrence: datetime) -> str:
    """`2026-11-23T06:00`: texts are in the order of time."""
    return occurrence.isoformat(timespec="minutes")


def number_of(occurrence: datetime) -> int:
    """Minutes on the wall since 1970: an occurrence as a number that rises."""
    return (occurrence - _EPOCH) // timedelta(minutes=1)


def recurs_at(recurrence: Recurrence, wall: datetime) -> bool:
    """Whether a time on the wall, to the second, is an occurrence."""
    times = _read(recurrence.every)
    is_hour = wall.hour in times.hours and (wall.minute, wall.second, wall.microsecond) == (times.minute, 0, 0)
    return is_hour and _is_day(times, wall.date())


def latest(recurrence: Recurrence, wall: datetime) -> datetime | None:
    """The newest occurrence that has come at a time on the wall; `None` when there was none in 400 days."""
    return _search(_read(recurrence.every), wall, forwards=False)


def following(recurrence: Recurrence, wall: datetime) -> datetime | None:
    """The next occurrence after a time on the wall; `None` when there is none in 400 days."""
    return _search(_read(recurrence.every), wall, forwards=True)


def delay(recurrence: Recurrence, device_id: str, occurrence: str) -> timedelta:
    """How long after an occurrence a device begins: below `jitter_s`, from SHA-256 of both: nobody chooses it."""
    if not recurrence.jitter_s:
        return timedelta(0)
    digest = hashlib.sha256(f"{device_id}{occurrence}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:4], "big") % recurrence.jitter_s)


def due(recurrence: Recurrence, device_id: str, wall: datetime) -> datetime | None:
    """The newest occurrence that has come for a device, its delay included; `None` as for `latest`."""
    found = latest(recurrence, wall)
    if found is not None and found + delay(recurrence, device_id, written(found)) > wall:
        found = latest(recurrence, found - timedelta(minutes=1))
    return found


def _search(times: _Times, wall: datetime, *, forwards: bool) -> datetime | None:
    hours = times.hours if forwards else times.hours[::-1]
    for number in range(LONGEST_DAYS + 1):
        day = wall.date() + timedelta(days=number if forwards else -number)
        if not _is_day(times, day):
            continue
        for hour in hours:
            found = datetime(day.year, day.month, day.day, hour, times.minute)  # noqa: DTZ001  on the wall
            if found > wall if forwards else found <= wall:
                return found
    return None


def _is_day(times: _Times, day: date) -> bool:
    return day.month in times.months and day.day in times.days and day.weekday() in times.weekdays


def _shortest_gap_s(hours: tuple[int, ...]) -> int:
    """Between two occurrences, on the clock on the wall; a day when there is one hour."""
    nexts = (*hours[1:], hours[0] + 24)
    return min(after - before for before, after in zip(hours, nexts, strict=True)) * 3_600


@lru_cache(maxsize=256)
def _read(every: str) -> _Times:
    """Raises `ValueError`, whose text is for people."""
    texts = every.split(" ")
    if len(every) > _LONGEST_TEXT or len(texts) != len(_FIELDS):
        raise ValueError(f"{every[:40]!r} is not `minute hour day month weekday`, such as `0 6 * * 1-5`")
    minutes, hours, days, months, weekdays = (
        _values(text, *field) for text, field in zip(texts, _FIELDS, strict=True)
    )
    if len(minutes) > 1:
        raise ValueError("the minute is one number: nothing is done more than once an hour")
    if texts[2] != "*" and texts[4] != "*":
        raise ValueError("of day and weekday, one is `*`: to cron, both mean either, which few expect")
    if all(day > _DAYS_IN_MONTH[month - 1] for day in days for month in months):
        raise ValueError(f"{every!r} never comes: no such month has that day")
    return _Times(min(minutes), tuple(sorted(hours)), days, months, frozenset((day - 1) % 7 for day in weekdays))


def _values(text: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        read = _PART.fullmatch(part)
        if read is None:
            raise ValueError(f"{name}: {part[:20]!r} is none of `*`, `5`, `1-5`, `*/2`, `8-18/2`")
        first, last, step = read[1], read[2], int(read[3] or 1)
        begin = int(first) if first else low
        end = int(last) if last else begin if first else high
        if not low <= begin <= end <= high or step < 1 or (read[3] and first and not last):
            raise ValueError(
                f"{name}: {part!r} is not within {low} to {high}, rising, with a step after `*` or a range"
            )
        found.update(range(begin, end + 1, step))
    return frozenset(found)
