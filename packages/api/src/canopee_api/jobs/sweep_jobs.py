"""Jobs whose worker died in the middle go back to the queue."""

from collections.abc import Sequence

from canopee_api.doors.areas import Areas
from canopee_api.job import Job, Step
from canopee_api.postgres import jobs as sql
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_EVERY_S = 15
SILENT_S = 30.0
"""A worker that has said nothing for so long is dead; it says something every 10 s."""


class SweepJobs(Job):
    """Requeue what a kill, a crash or a lost database left behind: 45 s after it at the latest, by whoever is left."""

    def every_s(self, tick_s: int) -> int:
        return min(tick_s, _EVERY_S)

    def steps(self, areas: Areas) -> Sequence[Step]:
        return (lambda: _sweep(areas),)


async def _sweep(areas: Areas) -> None:
    async with areas.database.transaction() as tx:
        for job in await sql.sweep(tx, silent_s=SILENT_S, now=areas.clock.now()):
            _log.warning("job %d (%s) was left by its worker: it is %s", job.id, job.name, job.outcome)
