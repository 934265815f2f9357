"""What became of an order, and what a dry run found: a line for each thing that a step would do, or why none."""

from collections.abc import Iterator, Sequence

import msgspec

from canopee.errors import FailedError, RefusedError
from canopee.output import print_list
from canopee_client.client import Client
from canopee_contract.people import CampaignView, Run
from canopee_contract.report import Effect, StepReport
from canopee_kit.clock import Clock

SHORTEST_S = 3_600
"""How long a dry run stays good, at least."""
_EVERY_S = 0.3
_COLUMNS = ("id", "device_id", "state", "code", "detail", "finished_at")
_FORESEEN = ("device_id", "step", "would", "target", "bytes", "detail")
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


def answers_of(client: Client, view: CampaignView, seconds: int, clock: Clock) -> list[Run]:
    """The runs of a campaign once every PC has answered.

    Raises:
        FailedError: no PC was reached, or some have not answered after `seconds`.
    """
    if not view.total:
        raise FailedError("no PC was reached: see `canopee match` for whom a condition reaches, and why not")
    until = clock.monotonic() + seconds
    while True:
        runs = list(client.runs(campaign=view.id))
        if len(runs) >= view.total:
            return runs
        if clock.monotonic() > until:
            raise FailedError(f"{view.total - len(runs)} of {view.total} PCs have not answered within {seconds} s")
        clock.sleep(_EVERY_S)


def tell(runs: Sequence[Run], *, is_dry: bool, as_json: bool) -> int:
    """Print the runs, or what they foresee; 0.

    Raises:
        FailedError: one did not end well, or would not.
        RefusedError: a PC refused.
    """
    if is_dry and not as_json:
        print_list([line for run in runs for line in foreseen(run)], _FORESEEN, as_json=False)
    else:
        print_list(runs, _COLUMNS, as_json=as_json)
    if refused := [run for run in runs if run.code.startswith("refused.")]:
        raise RefusedError(f"{len(refused)} PCs refused: {refused[0].code} ({refused[0].detail})")
    if failed := [run for run in runs if run.state not in {"done", "skipped"}]:
        raise FailedError(f"{len(failed)} runs did not end well: {failed[0].state} {failed[0].code}")
    return 0


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
