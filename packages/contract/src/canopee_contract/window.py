"""Weekly windows: when, by the clock on the wall of the PC, an order may begin.

A window opens at `from` on each of its days, and shuts at `to`: on the next day when that is not later. What counts is
what the clock on the wall shows, so that a window that begins in the hour that summer time skips does not open that
night, and one in the hour that comes twice is open twice.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Literal, TypeAlias, get_args

import msgspec

Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
MAX_WINDOWS = 20


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """One weekly window."""

    days: tuple[Day, ...]
    """On which it opens."""
    from_: str
    """`20:00`."""
    to: str
    """`06:00`; the same as `from`: a whole day."""


def fault(windows: Sequence[Window]) -> str:
    """What is wrong with windows, as a sentence; empty when nothing is."""
    if len(windows) > MAX_WINDOWS:
        return f"at most {MAX_WINDOWS} windows"
    for window in windows:
        if not window.days or len(set(window.days)) < len(window.days):
            return "a window names its days, each once"
        for text in (window.from_, window.to):
            if _time(text) is None:
                return f"{text[:20]!r} is not a time from 00:00 to 23:59"
    return ""


def opening(windows: Sequence[Window], wall: datetime) -> datetime | None:
    """When the window opened that is open at a time on the wall, which has no zone; `None` when none is."""
    found = [
        start
        for window in windows
        for start, end in _spans(window, wall - timedelta(days=1), days=2)
        if start <= wall < end
    ]
    return min(found, default=None)


def next_opening(windows: Sequence[Window], wall: datetime) -> datetime | None:
    """When a window opens next, after a time on the wall; `None` when there is none."""
    starts = [start for window in windows for start, _ in _spans(window, wall, days=8) if start > wall]
    return min(starts, default=None)


def is_open(windows: Sequence[Window], wall: datetime) -> bool:
    """Whether an order may begin at a time on the wall; without any window, always."""
    return not windows or opening(windows, wall) is not None


def _spans(window: Window, first: datetime, *, days: int) -> list[tuple[datetime, datetime]]:
    """Start and end of the openings that begin on `days` days from that of `first` on."""
    begin, end = _time(window.from_), _time(window.to)
    if begin is None or end is None:
        return []
    found: list[tuple[datetime, datetime]] = []
    for number in range(days):
        day = (first + timedelta(days=number)).date()
        if DAYS[day.weekday()] in window.days:
            until = day if end > begin else day + timedelta(days=1)
            found.append((datetime.combine(day, begin), datetime.combine(until, end)))
    return found


def _time(text: str) -> time | None:
    digits = text[:2] + text[3:]
    if len(text) != 5 or text[2] != ":" or not (digits.isascii() and digits.isdecimal()):  # noqa: PLR2004  HH:MM
        return None
    hour, minute = int(text[:2]), int(text[3:])
    return time(hour, minute) if hour < 24 and minute < 60 else None  # noqa: PLR2004  of a day, of an hour
