"""Signals of a rollout: what the data of PCs that have run may say, and how often, before the campaign halts."""

from collections.abc import Sequence
from typing import Any

import msgspec

from canopee_contract.codec import encode
from canopee_contract.condition import Test, describe, parse_condition
from canopee_contract.errors import ConditionError

MAX_SIGNALS = 10
_MAX_COUNT = 1_000_000_000
_SHOWN = 200


class Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A condition on the facts, or a dataset: one of the two, and a limit that is a share or, of records, a number.

    A condition counts on a PC that has run when it holds for facts that changed since; facts that the run left as they
    were say nothing against it. A record counts when it came since its PC's run began.
    """

    name: str = ""
    """How people call it; empty: what it tests."""
    condition: dict[str, Any] | None = None
    dataset: str = ""
    max_pct: int | None = None
    """Of the PCs that have run, how many may show it, in whole per cent: above, the campaign halts."""
    max_records: int | None = None
    """How many records of the dataset the PCs that have run may send in all: above, it halts."""


class SignalFigures(msgspec.Struct, kw_only=True):
    """A signal of a campaign beside what it has counted at the last look; `None` before the first."""

    name: str
    """Its name, or what it tests."""
    max_pct: int | None = None
    max_records: int | None = None
    ran: int | None = None
    """PCs that have run since the campaign is judged."""
    devices: int | None = None
    """Of these, show it."""
    records: int | None = None
    """What these sent of its dataset."""
    obstacle: str = ""
    """Why it cannot be judged: then no ring opens, and it halts nothing."""


def fault(signals: Sequence[Signal]) -> str:
    """What is wrong with the signals of a rollout, and where; empty when nothing is."""
    if len(signals) > MAX_SIGNALS:
        return f"$.rollout.signals: at most {MAX_SIGNALS}"
    for place, signal in enumerate(signals):
        if wrong := _fault(signal):
            return f"$.rollout.signals[{place}]: {wrong}"
    return ""


def said(signal: Signal) -> str:
    """What people read of a signal: its name, or what it tests; what is long is cut."""
    if signal.name or signal.condition is None:
        text = signal.name or f"dataset {signal.dataset}"
    else:
        condition = parse_condition(signal.condition)
        text = describe(condition) if isinstance(condition, Test) else encode(signal.condition).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _fault(signal: Signal) -> str:
    if (signal.condition is None) == (not signal.dataset):
        return "exactly one of condition and dataset is expected"
    if (signal.max_pct is None) == (signal.max_records is None):
        return "exactly one of max_pct and max_records is expected"
    if not 0 <= (signal.max_pct or 0) < 100:  # noqa: PLR2004  per cent
        return "max_pct is 0 to 99: 0 halts at the first PC, and nothing is above 100 %"
    if not 0 <= (signal.max_records or 0) <= _MAX_COUNT:
        return f"max_records is 0 to {_MAX_COUNT}"
    return "" if signal.condition is None else _fault_of_condition(signal, signal.condition)


def _fault_of_condition(signal: Signal, condition: dict[str, Any]) -> str:
    if signal.max_records is not None:
        return "max_records counts the records of a dataset; a condition has max_pct"
    try:
        parse_condition(condition)
    except ConditionError as error:
        return f"condition: {error.message}"
    return ""
