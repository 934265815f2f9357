"""Product versions, compared the same way on the PC, in memory and in SQL.

A version is one to six dotted unsigned integers, then optionally `-` or `+` and a suffix: `8.1`,
`2026.4.0.1123`, `8.2.0-rc1`, `1.8.0-3fa9c2d1`. Missing numbers count as 0. A `-suffix` ranks before the same
version without (a pre-release); two such suffixes compare as text, by code point. A `+suffix` (build metadata)
does not count. Anything else is not a version: it compares with nothing.
"""

import re
from typing import TypeAlias

VersionKey: TypeAlias = tuple[tuple[int, ...], int, str]

PARTS = 6
PATTERN = r"([0-9]{1,9}(?:\.[0-9]{1,9}){0,5})(?:-([0-9A-Za-z.-]{1,40}))?(?:\+[0-9A-Za-z.-]{1,40})?"
_VERSION = re.compile(PATTERN)


def version_key(text: str) -> VersionKey | None:
    """A key that sorts as the version does; `None` when `text` is not a version."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    suffix = found[2] or ""
    return tuple(numbers + [0] * (PARTS - len(numbers))), 0 if suffix else 1, suffix
