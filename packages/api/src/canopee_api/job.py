"""What a job is: work behind the doors that is done again and again, by whichever process has a free hand."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from canopee_api.doors.areas import Areas

Step: TypeAlias = Callable[[], Awaitable[object]]


class Job(ABC):
    """One kind of work. Its steps look at the state of things: done twice, or by two at once, they do no harm."""

    def every_s(self, tick_s: int) -> int:
        """Seconds between two of them, over all processes; `tick_s` is what the settings say."""
        return tick_s

    @abstractmethod
    def steps(self, areas: Areas) -> Sequence[Step]:
        """What to do, in this order."""


async def perform(job: Job, areas: Areas) -> None:
    """Take every step; one that fails does not keep the next ones from their turn.

    Raises:
        Exception: what the only step that failed raised.
        ExceptionGroup: several failed.
    """
    failures: list[Exception] = []
    for step in job.steps(areas):
        try:
            await step()
        except Exception as error:  # noqa: BLE001  raised once every step has had its turn
            failures.append(error)
    if len(failures) > 1:
        raise ExceptionGroup(f"{len(failures)} steps failed", failures)
    if failures:
        raise failures[0]
