"""One worker: the jobs of the family, done one after the other or some at once, until it is told to stop."""

import asyncio
import contextlib
import math
from collections.abc import Mapping
from typing import Any, cast

import psycopg
from procrastinate.exceptions import ConnectorException

from canopee_api import jobs
from canopee_api.doors.areas import Areas
from canopee_api.errors import BusyError
from canopee_api.job import Job, perform
from canopee_api.postgres.jobs import record_failure
from canopee_api.postgres.locks import alone
from canopee_api.worker.queue import GRACE_S, LONGEST_POLL_S, Queue
from canopee_kit.discovery import discover
from canopee_kit.errors import TemporaryError
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_AT_ONCE = 2
_AGAIN_S = 2.0
_LONGEST_STOP_S = GRACE_S + 3
_MOST_ERROR = 1_000


def job_family() -> Mapping[str, Job]:
    """Every job, by name."""
    return {name: kind() for name, kind in discover(jobs, Job).items()}  # pyright: ignore[reportAbstractUsage]  found


class Worker:
    """Works for one process. A database that goes away is waited for; what was in hand then is swept later."""

    def __init__(
        self, areas: Areas, address: str, family: Mapping[str, Job] | None = None, *, again_s: float = _AGAIN_S
    ) -> None:
        self._areas, self._address, self._again_s = areas, address, again_s
        self._jobs = family or job_family()
        self._periods = {name: max(job.every_s(areas.tick_s), 1) for name, job in self._jobs.items()}
        self._poll_s = min(LONGEST_POLL_S, *self._periods.values())
        get_logger("procrastinate").setLevel("ERROR")  # it tells of every job that begins and ends

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`."""
        ended: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        try:
            while not ended.done():
                try:
                    await self._work(ended)
                except (ConnectorException, psycopg.Error, TemporaryError) as error:
                    _log.warning("the worker was cut off, beginning anew: %s", error.__cause__ or error)
                except Exception:  # noqa: BLE001  the edge of a loop: without it nothing is done here any more
                    _log.exception("the worker failed, beginning anew")
                await asyncio.wait([ended], timeout=self._again_s)
        finally:
            ended.cancel()

    async def _work(self, ended: "asyncio.Future[Any]") -> None:
        queue = Queue(self._address, tuple(self._jobs), self._do)
        await queue.open()
        work = queue.work(at_once=_AT_ONCE, poll_s=self._poll_s)
        tasks = [asyncio.create_task(one) for one in (work, self._put(queue), queue.lost.wait())]
        try:
            await asyncio.wait([*tasks, ended], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_LONGEST_STOP_S)
            await queue.close()
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def _put(self, queue: Queue) -> None:
        """Put each job in once a period, whichever process is first."""
        put: dict[str, int] = {}
        while True:
            now = self._areas.clock.now().timestamp()
            for name, every in self._periods.items():
                due = int(now // every * every)
                if put.get(name) != due:
                    await queue.put(name, due, every)
                    put[name] = due
            following = min((math.floor(now / every) + 1) * every for every in self._periods.values())
            await asyncio.sleep(max(following - now, 0.05))

    async def _do(self, name: str, job_id: int) -> None:
        """Do a job, unless another process is at the same one: it holds the lock, and does what there is to do."""
        try:
            async with alone(self._areas.database, f"job {name}") as is_alone:
                if is_alone:
                    await perform(self._jobs[name], self._areas)
        except Exception as error:
            if isinstance(error, TemporaryError):
                _log.warning("job %s waits: %s", name, error)
            else:
                _log.exception("job %s failed, it is tried again", name)
            with contextlib.suppress(BusyError):
                async with self._areas.database.transaction() as tx:
                    await record_failure(tx, job_id, _said(error), now=self._areas.clock.now())
            raise


def _said(error: Exception) -> str:
    if isinstance(error, ExceptionGroup):
        return "; ".join(map(_said, cast("ExceptionGroup[Exception]", error).exceptions))[:_MOST_ERROR]
    return (f"{error}" if isinstance(error, TemporaryError) else f"{type(error).__name__}: {error}")[:_MOST_ERROR]
