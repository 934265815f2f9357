"""What a dry run found, as lines for people: one for each thing that a step would do, or why it would do none."""

from collections.abc import Iterator

import msgspec

from canopee_contract.people import Run
from canopee_contract.report import Effect, StepReport

FORESEEN = ("device_id", "step", "would", "target", "bytes", "detail")
_WORDS = {
    "failed": "fail", "timed_out": "take too long", "skipped": "be skipped", "unknown": "cannot be told",
    "done": "do nothing",
}  # fmt: skip


class Foreseen(msgspec.Struct):
    """One line."""

    device_id: str
    step: str
    would: str
    target: str = ""
    bytes: int | None = None
    detail: str = ""


def foreseen(run: Run) -> Iterator[Foreseen]:
    """The lines of one run; one that was refused, or skipped whole, is a line too."""
    if not run.steps:
        why = f"{run.code} {run.detail}".strip()
        yield Foreseen(run.device_id, "", _WORDS.get(run.state, run.state), detail=why)
    for step in run.steps:
        yield from _of_step(run.device_id, step)


def _of_step(device_id: str, step: StepReport) -> Iterator[Foreseen]:
    for effect in step.effects:
        yield _of_effect(device_id, step.id, effect)
    if step.state != "done" or not step.effects:
        why = step.detail or step.code
        yield Foreseen(device_id, step.id, _WORDS[step.state], detail=why)


def _of_effect(device_id: str, step: str, effect: Effect) -> Foreseen:
    return Foreseen(
        device_id, step, effect.verb.replace("_", " "), effect.target, effect.size_bytes or None, effect.detail
    )
