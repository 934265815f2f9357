"""How people write quantities on the command line."""

import argparse
import re

from canopee.errors import UsageError
from canopee_contract.campaign import WHOLE_FLEET_BP

_SHARE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))? ?%")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def basis_points(text: str) -> int:
    """`10%` as basis points of the fleet; raises `UsageError`."""
    written = _SHARE.fullmatch(text)
    found = int(written[1]) * 100 + int((written[2] or "0").ljust(2, "0")) if written else 0
    if not 1 <= found <= WHOLE_FLEET_BP:
        raise UsageError(f"{text}: a part of the fleet is written 0.01% to 100%")
    return found


def duration(text: str) -> int:
    """`30d` → seconds; a number alone is seconds."""
    found = re.fullmatch(r"([0-9]{1,9})([smhdw]?)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration, such as 30d, 12h or 90m")
    return int(found[1]) * _UNITS[found[2] or "s"]
