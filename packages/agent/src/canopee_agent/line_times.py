"""When a line of a log was written, as the line itself says: the formats that programs use in France, or a given one.

Which format a file has is found from its first lines; each line is then looked at with that one. A line without a time
(a stack trace) belongs to the line before it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from canopee_agent.errors import StepError

SAMPLE_LINES = 200
_LEAST_SHARE = 0.02
"""Of the first lines that are not empty, how many must have a time of a format for the file to have it."""
_FAR, _LONGEST_TIME = 48, 60
"""Characters before the time of a line (a level, a thread, a bracket), and of the time itself."""
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan janv january janvier", "feb fev fév fevr févr february février", "mar mars march",
            "apr avr april avril", "may mai", "jun juin june", "jul juil july juillet", "aug aou aoû août aout august",
            "sep sept september septembre", "oct october octobre", "nov november novembre",
            "dec déc december décembre",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_TIME = r"(?P<H>\d{1,2}) ?[:hH.] ?(?P<M>\d{2})(?:[:.mM](?P<S>\d{2}))?(?: ?(?P<p>[AaPp])\.?[Mm]\b)?"
_OFFSET = r"(?:[.,]\d{1,9})? ?(?P<z>Z\b|[+-]\d{2}:?\d{2}\b)?"
_BETWEEN = r"(?:[T_,:;]|[ ,-]+(?:à )?)"
_FORMATS = {
    "iso": rf"(?P<Y>[12]\d{{3}})-(?P<m>\d{{2}})-(?P<d>\d{{2}}){_BETWEEN}{_TIME}{_OFFSET}",
    "slashes": rf"(?P<Y>[12]\d{{3}})/(?P<m>\d{{2}})/(?P<d>\d{{2}}){_BETWEEN}{_TIME}{_OFFSET}",
    "french": rf"\b(?P<d>\d{{1,2}})[/.-](?P<m>\d{{1,2}})[/.-](?P<Y>[12]\d{{3}}){_BETWEEN}{_TIME}{_OFFSET}",
    "american": rf"\b(?P<m>\d{{1,2}})/(?P<d>\d{{1,2}})/(?P<Y>[12]\d{{3}}){_BETWEEN}{_TIME}{_OFFSET}",
    "french_short": rf"\b(?P<d>\d{{2}})/(?P<m>\d{{2}})/(?P<y>\d{{2}}){_BETWEEN}{_TIME}",
    "named": rf"\b(?P<d>\d{{1,2}})[ /-](?P<b>[^\W\d_]{{3,9}})\.?[ /-](?P<Y>[12]\d{{3}}){_BETWEEN}{_TIME}{_OFFSET}",
    "java": rf"\b(?P<b>[^\W\d_]{{3,9}})\.? (?P<d>\d{{1,2}}), (?P<Y>[12]\d{{3}}),? {_TIME}",
    "ctime": rf"\b(?P<b>[^\W\d_]{{3}}) +(?P<d>\d{{1,2}}) {_TIME} (?P<Y>[12]\d{{3}})",
    "syslog": rf"^(?P<b>[^\W\d_]{{3,4}})\.? +(?P<d>\d{{1,2}}) {_TIME}",
    "compact": r"\b(?P<Y>20\d{2})(?P<m>\d{2})(?P<d>\d{2})[T _-]?(?P<H>\d{2}):?(?P<M>\d{2}):?(?P<S>\d{2})?",
}
_DIRECTIVES = {
    "%Y": r"\d{4}", "%y": r"\d{2}", "%m": r"\d{1,2}", "%d": r"\d{1,2}", "%H": r"\d{1,2}", "%I": r"\d{1,2}",
    "%M": r"\d{1,2}", "%S": r"\d{1,2}", "%f": r"\d{1,6}", "%j": r"\d{1,3}", "%b": r"[A-Za-z]{3}",
    "%B": r"[A-Za-z]{3,9}", "%a": r"[A-Za-z]{3}", "%A": r"[A-Za-z]{6,9}", "%p": r"[AaPp][Mm]",
    "%z": r"(?:Z|[+-]\d{2}:?\d{2})", "%%": "%",
}  # fmt: skip
_NOON = 12

Reader: TypeAlias = Callable[[str], datetime | None]
Wall: TypeAlias = Callable[[datetime], datetime]


class LineTimes(msgspec.Struct, frozen=True):
    """A format, and how a line of it is read."""

    name: str
    """That of a known format, or `given`."""
    read: Reader
    """The time of a line, on the wall of the PC and without zone; `None` for a line without."""


def given_format(text: str, wall: Wall) -> LineTimes:
    """A format as `datetime.strptime` writes it; raises `StepError` for one that cannot be read, or tells no day."""
    pattern = _pattern(text)
    has_day = "%j" in text or ("%d" in text and any(month in text for month in ("%m", "%b", "%B")))
    if not has_day or not ("%Y" in text or "%y" in text):
        raise StepError(f"time_format {text!r} tells no day: write one such as %d/%m/%Y %H:%M:%S")

    def read(line: str) -> datetime | None:
        found = pattern.search(line, 0, _FAR + _LONGEST_TIME + len(text))
        if found is None or found.start() > _FAR:
            return None
        try:
            at = datetime.strptime(found[0], text)  # noqa: DTZ007  the PC's own zone, when it says none
        except ValueError:
            return None
        return wall(at) if at.tzinfo else at

    return LineTimes("given", read)


def _pattern(text: str) -> re.Pattern[str]:
    pattern, at = "", 0
    while at < len(text):
        size = 2 if text[at] == "%" else 1
        part = _DIRECTIVES.get(text[at : at + 2]) if size > 1 else re.escape(text[at])
        if part is None:
            raise StepError(
                f"time_format {text!r}: {text[at : at + 2]} is not known; known are {' '.join(_DIRECTIVES)}"
            )
        pattern, at = pattern + part, at + size
    return re.compile(pattern)


def known_format(lines: Iterable[str], wall: Wall, written_at: datetime) -> LineTimes | None:
    """The format that most of `lines` have; `None` when none is found.

    `written_at`: when the file was written last, on the wall; it gives the year to formats that have none.
    """
    sample = [line for line in lines if line.strip()][:SAMPLE_LINES]
    best, most = None, 0
    for name, pattern in _FORMATS.items():
        times = LineTimes(name, _reader(re.compile(pattern), wall, written_at))
        count = sum(times.read(line) is not None for line in sample)
        if count > most:
            best, most = times, count
    return best if most >= max(1, len(sample) * _LEAST_SHARE) else None


def _reader(pattern: re.Pattern[str], wall: Wall, written_at: datetime) -> Reader:
    def read(line: str) -> datetime | None:
        found = pattern.search(line, 0, _FAR + _LONGEST_TIME)
        if found is None or found.start() > _FAR:
            return None
        try:
            return _instant(found.groupdict(), wall, written_at)
        except (ValueError, OverflowError):
            return None

    return read


def _instant(parts: dict[str, str | None], wall: Wall, written_at: datetime) -> datetime | None:
    """The parts of a time, put together; raises `ValueError`."""
    named = parts.get("b")
    month = _MONTHS.get(named.lower()) if named else int(parts["m"] or 0)
    if month is None:
        return None
    hour, half = int(parts["H"] or 0), (parts.get("p") or "").lower()
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    year = parts.get("Y") or (f"20{parts['y']}" if parts.get("y") else "")
    day, minute, second = int(parts["d"] or 0), int(parts["M"] or 0), min(59, int(parts["S"] or 0))
    at = datetime(int(year or written_at.year), month, day, hour, minute, second)  # noqa: DTZ001  on the wall
    if not year and at > written_at + timedelta(days=1):  # written before the turn of the year
        at = at.replace(year=at.year - 1)
    zone = parts.get("z")
    return wall(datetime.fromisoformat(at.isoformat() + ("+00:00" if zone == "Z" else zone))) if zone else at


def between(
    lines: Iterable[str], times: LineTimes, since: datetime | None, until: datetime | None
) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it was written from `since` on and before `until`.

    Lines before the first one with a time are kept: nobody can tell.
    """
    is_in = True
    for line in lines:
        at = times.read(line)
        if at is not None:
            is_in = (since is None or at >= since) and (until is None or at < until)
        yield line, is_in
