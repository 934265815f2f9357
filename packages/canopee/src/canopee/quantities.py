"""How people write quantities on the command line."""

import argparse
import math
import re
from decimal import Decimal

from canopee.errors import UsageError
from canopee_contract.campaign import WHOLE_FLEET_BP
from canopee_contract.recurrence import Recurrence
from canopee_contract.recurrence import fault as fault_of_recurrence
from canopee_contract.window import DAYS, Day, Window, fault

_SHARE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))? ?%")
_WINDOW = re.compile(r"(?:([a-z,-]+) +)?([0-9]{2}:[0-9]{2}) ?- ?([0-9]{2}:[0-9]{2})")
_NAMES: tuple[str, ...] = DAYS
_BYTES = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?) ?([kKMGT]?)B?")
_LONGEST_S = 10 * 365 * 86_400
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def basis_points(text: str) -> int:
    """`10%` as basis points of the fleet; raises `UsageError`."""
    written = _SHARE.fullmatch(text)
    found = int(written[1]) * 100 + int((written[2] or "0").ljust(2, "0")) if written else 0
    if not 1 <= found <= WHOLE_FLEET_BP:
        raise UsageError(f"{text}: a part of the fleet is written 0.01% to 100%")
    return found


def window(text: str) -> Window:
    """`mon-fri 20:00-06:00`, `sat,sun 08:00-18:00`, or `22:00-05:00` for every day."""
    written = _WINDOW.fullmatch(text.strip().lower())
    try:
        days = _days(written[1]) if written and written[1] else DAYS
    except ValueError:
        written, days = None, DAYS
    found = Window(tuple(days), written[2], written[3]) if written else None
    if found is None or fault([found]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a window, such as 'mon-fri 20:00-06:00'")
    return found


def add_recurrence(parser: argparse.ArgumentParser) -> None:
    """`--every` and `--jitter`."""
    parser.add_argument(
        "--every", metavar="'0 6 * * 1-5'",
        help="again and again: minute, hour, day, month, weekday as of cron, by the clock on the wall of the PC",
    )  # fmt: skip
    parser.add_argument(
        "--jitter", type=duration, default=0, metavar="30m", help="each PC so much later at most (s, m, h)"
    )


def recurrence(arguments: argparse.Namespace) -> Recurrence | None:
    """What they say; raises `UsageError`."""
    if arguments.every is None:
        if arguments.jitter:
            raise UsageError("--jitter: of what? say when with --every '0 6 * * 1-5'")
        return None
    found = Recurrence(" ".join(arguments.every.split()), arguments.jitter)
    if wrong := fault_of_recurrence(found):
        raise UsageError(f"--every {arguments.every}: {wrong}")
    return found


def _days(text: str) -> list[Day]:
    """Raises `ValueError` for what is no day of the week."""
    found = list[Day]()
    for part in text.split(","):
        first, _, last = part.partition("-")
        start, end = _NAMES.index(first), _NAMES.index(last or first)
        found.extend(DAYS[(start + number) % 7] for number in range((end - start) % 7 + 1))
    return found


def byte_count(text: str) -> int:
    """`2G` → 2 000 000 000 bytes, decimal as networks count; a number alone is bytes."""
    found = _BYTES.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of bytes, such as 2G, 500M or 1.5T")
    return int(Decimal(found[1]) * 1_000 ** "_KMGT".index(found[2].upper() or "_"))


def duration(text: str) -> int:
    """`30d` → seconds; a number alone is seconds."""
    found = re.fullmatch(r"([0-9]{1,9})([smhdw]?)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration, such as 30d, 12h or 90m")
    seconds = int(found[1]) * _UNITS[found[2] or "s"]
    if seconds > _LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is more than ten years")
    return seconds


def seconds(text: str) -> float:
    """How long a command may wait, in seconds."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return found
