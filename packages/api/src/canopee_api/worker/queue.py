"""The queue of work: Procrastinate on the database of the fleet, in a PostgreSQL schema of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Job as QueuedJob
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from canopee_api.postgres.jobs import SCHEMA
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
HEARTBEAT_S = 10.0
LONGEST_POLL_S = 10.0
"""A job that is put in wakes the workers; only what is to be tried again is found by looking."""
GRACE_S = 5.0
"""What is under way at a stop has so long to end; then it is cut short, and goes back to the queue."""
_LONGEST_WAIT_S = 60
_WAIT_FOR_CONNECTION_S = 10.0
_APPLICATION = "canopee worker"
Work = Callable[[str, int], Awaitable[None]]
"""Called with the name of a job and its id in the queue."""


class Queue:
    """The queue, as one worker sees it. `lost` is set when an outcome could not be written."""

    def __init__(self, address: str, names: tuple[str, ...], work: Work) -> None:
        self.lost = asyncio.Event()
        self._names = names
        self._tasks: dict[str, Any] = {}
        self._app = App(connector=_connector(address))
        self._app.job_manager = _Jobs(self._app.connector, self.lost)
        for name in names:
            self._add(name, work)

    async def open(self) -> None:
        await self._app.open_async()

    async def close(self) -> None:
        await self._app.close_async()

    async def work(self, *, at_once: int, poll_s: float) -> None:
        """Take jobs until cancelled; returns by itself when the database is lost."""
        await self._app.run_worker_async(
            queues=list(self._names), concurrency=at_once, install_signal_handlers=False,
            fetch_job_polling_interval=poll_s, abort_job_polling_interval=LONGEST_POLL_S,
            update_heartbeat_interval=HEARTBEAT_S, shutdown_graceful_timeout=GRACE_S,
        )  # fmt: skip

    async def put(self, name: str, due: int, every_s: int) -> bool:
        """Put a periodic job in, due at an epoch; `False` when somebody did, or when one waits already."""
        arguments: dict[str, Any] = {"timestamp": due, "every_s": every_s}
        job = self._tasks[name].configure(queueing_lock=name, task_kwargs=arguments).job
        with suppress(AlreadyEnqueued):
            return await self._app.job_manager.defer_periodic_job(job, "", due) is not None
        return False

    def _add(self, name: str, work: Work) -> None:
        async def run(context: JobContext, timestamp: int, every_s: int) -> None:  # noqa: ARG001  said in the list
            await work(name, context.job.id or 0)

        add: Any = self._app.task  # its overloads know no task that is given its context
        self._tasks[name] = add(run, name=name, queue=name, pass_context=True, retry=_Backoff())


class _Backoff(BaseRetryStrategy):
    """2, 4, 8 … 60 s: a periodic job is tried again for ever, and the one that would come after it waits."""

    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> RetryDecision:  # noqa: ARG002  any
        return RetryDecision(retry_in={"seconds": min(2 ** min(job.attempts + 1, 10), _LONGEST_WAIT_S)})


class _Jobs(JobManager):
    """The library's, where an outcome that cannot be written makes the worker begin anew.

    The job stays `doing`, of a worker that is no more: it is swept. With the same worker it would be held for ever.
    """

    def __init__(self, connector: Any, lost: asyncio.Event) -> None:  # noqa: ANN401  the library's
        super().__init__(connector)
        self._lost = lost

    async def finish_job(self, job: QueuedJob, status: Status, delete_job: bool) -> None:  # noqa: FBT001  its parent's
        try:
            await super().finish_job(job, status, delete_job)
        except ConnectorException as error:
            self._lose(job, error)

    async def retry_job(self, job: QueuedJob, *args: Any, **options: Any) -> None:  # noqa: ANN401  its parent's
        try:
            await super().retry_job(job, *args, **options)
        except UniqueViolation:  # the next one waits already
            await self.finish_job(job, Status.FAILED, delete_job=False)
        except ConnectorException as error:
            self._lose(job, error)

    def _lose(self, job: QueuedJob, error: ConnectorException) -> None:
        _log.warning("the outcome of job %s (%s) could not be written: %s", job.id, job.task_name, error)
        self._lost.set()


def _connector(address: str) -> PsycopgConnector:
    """One connection, and one that listens."""
    held: Mapping[str, Any] = conninfo_to_dict(address)
    options = f"{held.get('options') or ''} -c search_path={SCHEMA}".strip()
    conninfo = make_conninfo(address, options=options, application_name=_APPLICATION)
    return PsycopgConnector(
        conninfo=conninfo, min_size=1, max_size=1, timeout=_WAIT_FOR_CONNECTION_S, json_dumps=_dumps
    )


def _dumps(value: Any) -> str:  # noqa: ANN401  anything that JSON holds
    return msgspec.json.encode(value).decode()
