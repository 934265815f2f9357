"""The queue's own past: it does not grow for ever."""

from collections.abc import Sequence

from canopee_api.doors.areas import Areas
from canopee_api.job import Job, Step
from canopee_api.postgres import jobs as sql

_EVERY_S = 600


class ForgetJobs(Job):
    """Delete jobs that ended an hour ago, but for the last of each kind; those that failed stay for 30 days."""

    def every_s(self, tick_s: int) -> int:
        return max(tick_s, _EVERY_S)

    def steps(self, areas: Areas) -> Sequence[Step]:
        return (lambda: _forget(areas),)


async def _forget(areas: Areas) -> None:
    async with areas.database.transaction() as tx:
        await sql.forget(tx)
