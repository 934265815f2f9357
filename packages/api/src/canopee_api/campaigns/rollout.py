"""Whether a campaign goes on, opens its next ring, or halts: decided from counts alone."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal

import msgspec

from canopee_api.campaigns.signals import Measured
from canopee_api.postgres.rings import Standing
from canopee_contract.campaign import Rollout
from canopee_contract.condition import Scalar
from canopee_contract.signal import said


class Decision(msgspec.Struct, frozen=True):
    """What to do now, and why: what it waits for, or what was too much."""

    move: Literal["advance", "wait", "halt"]
    reason: str = ""
    """A sentence in English; programs and screens in other languages read the two below."""
    code: str = ""
    """As in `CampaignView.reason_code`."""
    params: Mapping[str, Scalar] = {}


def decide(
    rollout: Rollout, standing: Standing, open_for: timedelta, measured: Sequence[Measured] = ()
) -> Decision:
    """Judge the rings that are open, the newest of which has been so for `open_for`.

    Fewer than `min_runs` runs, or deliveries, halt nothing before the next ring would open; an empty ring holds nobody
    up but for its time.
    """
    if halt := _too_much(rollout, standing) or _signalled(measured, rollout.min_runs):
        return halt
    if wait := _lacks(rollout, standing, open_for):
        return wait
    if standing.bad * 100 > rollout.max_failed_pct * standing.judged:
        return _failed(rollout, standing)
    if halt := _signalled(measured, 0):
        return halt
    if obstacle := next((one for one in measured if one.obstacle), None):
        name = said(obstacle.signal)
        return Decision(
            "wait", f"signal “{name}” cannot be judged: {obstacle.obstacle}", "signal_unjudged",
            {"signal": name, "obstacle": obstacle.obstacle},
        )  # fmt: skip
    return Decision("advance")


def _lacks(rollout: Rollout, standing: Standing, open_for: timedelta) -> Decision | None:
    """What the next ring waits for."""
    left = timedelta(seconds=rollout.advance_after_s) - open_for
    if left > timedelta(0):
        return Decision(
            "wait", f"the ring has been open for {_said(open_for)}: {_said(left)} to go", "ring_time",
            {"open_s": int(open_for.total_seconds()), "left_s": int(left.total_seconds())},
        )  # fmt: skip
    if standing.waiting:
        return Decision(
            "wait", f"{standing.waiting} PCs of the ring have no order yet", "ring_orders", {"n": standing.waiting}
        )
    if standing.ended * 100 < rollout.min_answered_pct * standing.total:
        return Decision(
            "wait",
            f"{standing.ended} of {standing.total} PCs have answered, and {rollout.min_answered_pct} % are needed",
            "answers", {"n": standing.ended, "of": standing.total, "least_pct": rollout.min_answered_pct},
        )  # fmt: skip
    return None


def _too_much(rollout: Rollout, standing: Standing) -> Decision | None:
    if standing.judged >= rollout.min_runs and standing.bad * 100 > rollout.max_failed_pct * standing.judged:
        return _failed(rollout, standing)
    is_silent = standing.silent * 100 > rollout.max_silent_pct * standing.delivered
    if standing.delivered >= rollout.min_runs and is_silent:
        within = _said(timedelta(seconds=rollout.silent_after_s))
        return Decision(
            "halt",
            f"{standing.silent} of {standing.delivered} PCs have not answered within {within}: "
            f"more than {rollout.max_silent_pct} %",
            "silent",
            {
                "n": standing.silent, "of": standing.delivered, "within_s": rollout.silent_after_s,
                "most_pct": rollout.max_silent_pct,
            },
        )  # fmt: skip
    return None


def _signalled(measured: Sequence[Measured], least: int) -> Decision | None:
    """The first signal that is too much, on so many runs at least where it is a share."""
    for one in measured:
        limits, counted, name = one.signal, one.counted, said(one.signal)
        if limits.max_records is not None and counted.records > limits.max_records:
            return Decision(
                "halt",
                f"signal “{name}”: {counted.records} records of {counted.devices} PCs, more than {limits.max_records}",
                "signal_records",
                {"signal": name, "n": counted.records, "devices": counted.devices, "most": limits.max_records},
            )
        if limits.max_pct is None or counted.ran < least:
            continue
        if counted.devices * 100 > limits.max_pct * counted.ran:
            return Decision(
                "halt",
                f"signal “{name}”: {counted.devices} of {counted.ran} PCs that ran "
                f"({100 * counted.devices / counted.ran:.1f} %), more than {limits.max_pct} %",
                "signal_share",
                {"signal": name, "n": counted.devices, "of": counted.ran, "most_pct": limits.max_pct},
            )
    return None


def _failed(rollout: Rollout, standing: Standing) -> Decision:
    share = 100 * standing.bad / max(1, standing.judged)
    return Decision(
        "halt",
        f"{standing.bad} of {standing.judged} runs failed ({share:.1f} %): more than {rollout.max_failed_pct} %",
        "failed", {"n": standing.bad, "of": standing.judged, "most_pct": rollout.max_failed_pct},
    )  # fmt: skip


def _said(duration: timedelta) -> str:
    """`2 d`, `3 h`, `4 min` or `5 s`: the largest unit that fits."""
    seconds = int(duration.total_seconds())
    for name, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {name}"
    return f"{seconds} s"
