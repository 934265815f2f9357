"""The freeze calendar: when no order of an action is made or delivered, by the clock on the wall of each practice.

A freeze goes from a day, or a time of it, to a day, or a time: `2026-12-24` to `2026-12-26` is three whole days,
`2026-12-24T18:00` to `2026-12-25T06:00` twelve hours. It begins and ends in each practice by the clock there.
"""

import re
from datetime import date, datetime, time, timedelta
from typing import Literal, TypeAlias

import msgspec

MAX_REASON = 500
LONGEST = timedelta(days=400)
SHORTEST = timedelta(minutes=15)
"""Whoever looks at the calendar does so every few minutes."""
FreezeState: TypeAlias = Literal["ahead", "now", "over", "removed"]
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}))?", re.ASCII)
_EARLIEST, _LATEST = 2000, 2999
_DAY = timedelta(days=1)


class NewFreeze(msgspec.Struct, forbid_unknown_fields=True, rename={"from_": "from"}):
    """`POST /v1/freezes`."""

    from_: str
    """`2026-12-24`, or `2026-12-24T18:00`: what the clock on the wall shows when it begins."""
    to: str
    """The last day, which is part of it, or the time when it ends."""
    reason: str
    """Why, for everybody who will ask: 1 to 500 characters."""
    collects: bool = False
    """Collections wait too; else they go on."""


class Freeze(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """One freeze of the calendar."""

    id: str
    from_: str
    to: str
    reason: str
    collects: bool
    state: FreezeState
    """By the usual time zone, or as soon and as long as it lasts in that of some practice."""
    created_by: str
    created_at: datetime
    begins: datetime
    """When it begins where it does so first."""
    ends: datetime
    """When it ends where it does so last; when it was removed, if it was."""


class Frozen(msgspec.Struct, frozen=True):
    """Orders wait, now."""

    until: datetime
    """When they do no more, in the last time zone, overlapping freezes included."""
    reason: str
    """Of those in force, joined."""


def span_of(new: NewFreeze) -> tuple[datetime, datetime]:
    """When it begins and ends (no more part of it), without a zone: what the clock on the wall shows.

    Raises:
        ValueError: what is wrong, as a sentence.
    """
    if not new.reason.strip() or len(new.reason) > MAX_REASON:
        raise ValueError(f"say why, in 1 to {MAX_REASON} characters")
    starts, ends = _moment(new.from_), _moment(new.to)
    ends = ends + _DAY if _is_day(new.to) else ends
    if ends <= starts:
        raise ValueError(f"it ends ({new.to}) before it begins ({new.from_})")
    if not SHORTEST <= ends - starts <= LONGEST:
        raise ValueError("a freeze lasts 15 minutes to 400 days")
    return starts, ends


def written(starts: datetime, ends: datetime) -> tuple[str, str]:
    """`from` and `to` of a span: days where it begins, or ends, with one."""
    last = ends - _DAY
    to = last.date().isoformat() if ends.time() == time() and last >= starts else _text(ends)
    return starts.date().isoformat() if starts.time() == time() else _text(starts), to


def _moment(text: str) -> datetime:
    found = _MOMENT.fullmatch(text)
    try:
        at = (
            datetime.combine(date.fromisoformat(found[1]), time.fromisoformat(found[2] or "00:00"))
            if found
            else None
        )
    except ValueError:
        at = None
    if at is None or not _EARLIEST <= at.year <= _LATEST:
        raise ValueError(f"{text[:20]!r} is not a day or a time, such as 2026-12-24 or 2026-12-24T18:00")
    return at


def _is_day(text: str) -> bool:
    return len(text) == len("2026-12-24")


def _text(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
