"""Whether a campaign goes on, opens its next ring, or halts: decided from counts alone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import msgspec

from canopee_api.campaigns.signals import Measured
from canopee_api.postgres.rings import Standing
from canopee_contract.campaign import Rollout
from canopee_contract.signal import said


class Decision(msgspec.Struct, frozen=True):
    """What to do now, and why: what it waits for, or what was too much."""

    move: Literal["advance", "wait", "halt"]
    reason: str = ""


def decide(
    rollout: Rollout, standing: Standing, open_for: timedelta, measured: Sequence[Measured] = ()
) -> Decision:
    """Judge the rings that are open, the newest of which has been so for `open_for`.

    Fewer than `min_runs` runs, or deliveries, halt nothing before the next ring would open; an empty ring holds nobody
    up but for its time.
    """
    if reason := _too_much(rollout, standing) or _signalled(measured, rollout.min_runs):
        return Decision("halt", reason)
    if reason := _lacks(rollout, standing, open_for):
        return Decision("wait", reason)
    if standing.bad * 100 > rollout.max_failed_pct * standing.judged:
        return Decision("halt", f"{_failed(standing)}: more than {rollout.max_failed_pct} %")
    if reason := _signalled(measured, 0):
        return Decision("halt", reason)
    if obstacle := next((one for one in measured if one.obstacle), None):
        return Decision("wait", f"signal “{said(obstacle.signal)}” cannot be judged: {obstacle.obstacle}")
    return Decision("advance")


def _lacks(rollout: Rollout, standing: Standing, open_for: timedelta) -> str:
    """What the next ring waits for; empty for nothing."""
    left = timedelta(seconds=rollout.advance_after_s) - open_for
    if left > timedelta(0):
        return f"the ring has been open for {_said(open_for)}: {_said(left)} to go"
    if standing.waiting:
        return f"{standing.waiting} PCs of the ring have no order yet"
    if standing.ended * 100 < rollout.min_answered_pct * standing.total:
        return (
            f"{standing.ended} of {standing.total} PCs have answered, and {rollout.min_answered_pct} % are needed"
        )
    return ""


def _too_much(rollout: Rollout, standing: Standing) -> str:
    if standing.judged >= rollout.min_runs and standing.bad * 100 > rollout.max_failed_pct * standing.judged:
        return f"{_failed(standing)}: more than {rollout.max_failed_pct} %"
    is_silent = standing.silent * 100 > rollout.max_silent_pct * standing.delivered
    if standing.delivered >= rollout.min_runs and is_silent:
        return (
            f"{standing.silent} of {standing.delivered} PCs have not answered within "
            f"{_said(timedelta(seconds=rollout.silent_after_s))}: more than {rollout.max_silent_pct} %"
        )
    return ""


def _signalled(measured: Sequence[Measured], least: int) -> str:
    """The first signal that is too much, on so many runs at least where it is a share; empty when none is."""
    for one in measured:
        limits, counted = one.signal, one.counted
        if limits.max_records is not None and counted.records > limits.max_records:
            return (
                f"signal “{said(limits)}”: {counted.records} records of {counted.devices} PCs, "
                f"more than {limits.max_records}"
            )
        is_shown = limits.max_pct is not None and counted.devices * 100 > limits.max_pct * counted.ran
        if is_shown and counted.ran >= least:
            return (
                f"signal “{said(limits)}”: {counted.devices} of {counted.ran} PCs that ran "
                f"({100 * counted.devices / counted.ran:.1f} %), more than {limits.max_pct} %"
            )
    return ""


def _failed(standing: Standing) -> str:
    return (
        f"{standing.bad} of {standing.judged} runs failed ({100 * standing.bad / max(1, standing.judged):.1f} %)"
    )


def _said(duration: timedelta) -> str:
    """`2 d`, `3 h`, `4 min` or `5 s`: the largest unit that fits."""
    seconds = int(duration.total_seconds())
    for name, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {name}"
    return f"{seconds} s"
