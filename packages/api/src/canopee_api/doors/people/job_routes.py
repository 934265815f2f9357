"""Work behind the doors."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import needs
from canopee_api.doors.people.pages import After, Limit, number_cursor, page
from canopee_api.postgres import jobs as sql
from canopee_api.postgres.database import Connection
from canopee_contract.jobs import JobState, JobView, Work
from canopee_contract.people import Page

_DEAD_S = 30.0
_ROUNDS = 3


@get("/v1/jobs", opt=needs("administer"))
async def jobs(
    areas: NamedDependency[Areas],
    state_filter: Annotated[
        JobState | None, QueryParameter(name="state", description="Only in this state.")
    ] = None,
    name: Annotated[str, QueryParameter(max_length=128, description="Only of this name.")] = "",
    after: After = "",
    limit: Limit = 100,
) -> Page[JobView]:
    """What waits, runs, is tried again or failed, newest first; of what is done, the last of each name."""
    async with areas.database.transaction() as tx:
        rows = await sql.list_jobs(
            tx, before=number_cursor(after), limit=limit, state=state_filter or "", name=name
        )
    views = [
        JobView(
            str(row.id), row.name, row.queue, row.state, row.attempts, row.changed_at, row.next_at, row.error,
            row.failed_at,
        )
        for row in rows
    ]  # fmt: skip
    return page(views, limit, lambda view: view.id)


async def work_now(tx: Connection, tick_s: int) -> Work:
    """How it goes; three rounds without any worker are an alarm."""
    row = await sql.work(tx, silent_s=_DEAD_S)
    is_stopped = not row.workers and row.silent_s > max(_ROUNDS * tick_s, _DEAD_S)
    state = "stopped" if is_stopped else "failing" if row.retrying or row.failed else "ok"
    return Work(state, row.workers, row.silent_s, row.waiting, row.retrying, row.failed)


ROUTES = [jobs]
