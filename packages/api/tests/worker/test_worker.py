"""The worker on a real queue: what is done once, tried again, left behind, and survived."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager

import psycopg
import pytest

from canopee_api.doors.areas import Areas
from canopee_api.job import Job, Step, perform
from canopee_api.jobs.forget_jobs import ForgetJobs
from canopee_api.jobs.sweep_jobs import SweepJobs
from canopee_api.postgres import jobs as sql
from canopee_api.testing import until
from canopee_api.worker.worker import Worker
from canopee_kit.clock import FakeClock

pytestmark = pytest.mark.real
_LONG_S = 86_400


class _Count(Job):
    """Counts how often it was done; `every` seconds apart."""

    def __init__(self, every: int = _LONG_S, error: Exception | None = None) -> None:
        self.done, self._every, self._error = 0, every, error
        self.gate = asyncio.Event()
        self.gate.set()

    def every_s(self, tick_s: int) -> int:  # noqa: ARG002  its parent's
        return self._every

    def steps(self, areas: Areas) -> tuple[Step, ...]:  # noqa: ARG002  its parent's
        return (self._work,)

    async def _work(self) -> None:
        self.done += 1
        await self.gate.wait()
        if self._error is not None:
            raise self._error


@asynccontextmanager
async def _working(areas: Areas, *families: Mapping[str, Job]) -> AsyncGenerator[None]:
    """A worker for each of these families, at work until the end of the block."""
    stop = asyncio.Event()
    workers = [Worker(areas, areas.database.address, family, again_s=0.05) for family in families]
    tasks = [asyncio.create_task(worker.run(stop)) for worker in workers]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 20)


async def _rows(areas: Areas, state: str = "") -> list[sql.JobRow]:
    async with areas.database.transaction() as tx:
        return await sql.list_jobs(tx, before=0, limit=100, state=state)


async def _see(areas: Areas, is_so: Callable[[list[sql.JobRow]], bool]) -> list[sql.JobRow]:
    """The jobs, as soon as it is so."""
    async with asyncio.timeout(60):
        while not is_so(rows := await _rows(areas)):  # noqa: ASYNC110  only the database knows
            await asyncio.sleep(0.01)
    return rows


async def _more(job: _Count, clock: FakeClock) -> None:
    """Return once it was done again, in a period that has not begun yet."""
    before = job.done

    def is_done() -> bool:
        clock.advance(0.01)
        return job.done > before

    await until(is_done)


def _execute(areas: Areas, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(areas.database.address, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


async def test_two_workers_do_a_periodic_job_once_a_period_between_them(areas: Areas) -> None:
    jobs = [_Count(), _Count()]
    async with _working(areas, *({"count": job} for job in jobs)):
        (row,) = await _see(areas, lambda rows: [row.state for row in rows] == ["done"])
        assert _execute(areas, "SELECT count(*) FROM jobs.procrastinate_workers") == [(2,)]
    assert sum(job.done for job in jobs) == 1
    assert row.next_at is not None
    assert 0 < (row.next_at - row.changed_at).total_seconds() <= _LONG_S


async def test_a_job_that_fails_says_why_and_is_tried_again_later_and_no_other_is_put_in_meanwhile(
    areas: Areas, clock: FakeClock
) -> None:
    bad, good = _Count(1, ValueError("no such table")), _Count(1)
    async with _working(areas, {"bad": bad, "good": good}):
        await _see(areas, lambda rows: any(row.state == "retrying" for row in rows))
        await _more(good, clock)
        rows = [row for row in await _rows(areas) if row.name == "bad"]
    assert [(row.state, row.error) for row in rows] == [("retrying", "ValueError: no such table")]
    assert rows[0].next_at is not None
    assert rows[0].next_at > rows[0].changed_at
    async with areas.database.transaction() as tx:
        work = await sql.work(tx, silent_s=30)
    assert (work.workers, work.retrying, work.failed) == (0, 1, 0)


async def test_a_worker_goes_on_when_all_its_connections_are_cut(areas: Areas, clock: FakeClock) -> None:
    job = _Count(1)
    async with _working(areas, {"count": job}):
        for _ in range(3):
            await _more(job, clock)
            _execute(
                areas,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'canopee worker'",
            )
        await _more(job, clock)


async def test_what_was_in_hand_when_the_outcome_could_not_be_written_is_swept_though_its_process_lives(
    areas: Areas,
) -> None:
    job = _Count()
    job.gate.clear()
    async with _working(areas, {"count": job}):
        await until(lambda: job.done == 1)
        _execute(areas, "ALTER SCHEMA jobs RENAME TO away")
        job.gate.set()
        await until(lambda: bool(_execute(areas, "SELECT 1 FROM away.procrastinate_jobs WHERE status = 'doing'")))
        _execute(areas, "ALTER SCHEMA away RENAME TO jobs")
        async with asyncio.timeout(60):
            while not [row for row in await _rows(areas) if row.state == "done"]:
                await perform(SweepJobs(), areas)
                await asyncio.sleep(0.05)
    assert job.done >= 1


async def test_a_stop_waits_for_nothing_that_hangs_and_gives_it_back(
    areas: Areas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canopee_api.worker.queue.GRACE_S", 0.1)
    job = _Count()
    job.gate.clear()
    async with _working(areas, {"count": job}):
        await until(lambda: job.done == 1)
    (row,) = await _rows(areas)
    assert (row.state, row.attempts) == ("retrying", 1)


_LEFT = """
WITH worker AS (INSERT INTO jobs.procrastinate_workers (last_heartbeat)
                VALUES (now() - make_interval(secs => %s)) RETURNING id)
INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, queueing_lock, status, attempts, worker_id)
SELECT 'count', 'count', 'count', 'doing', %s, id FROM worker RETURNING id
"""


async def _left(areas: Areas, *, silent_s: float = 60, attempts: int = 0) -> int:
    """A job in the hands of a worker that has said nothing for so long."""
    async with areas.database.transaction() as tx:
        cursor = await tx.execute(_LEFT, (silent_s, attempts))
        (job_id,) = await cursor.fetchone() or (0,)
    return job_id


async def test_jobs_of_a_dead_worker_go_back_and_those_of_a_living_one_stay(areas: Areas) -> None:
    job_id, living = await _left(areas), await _left(areas, silent_s=20)
    await asyncio.gather(*(perform(SweepJobs(), areas) for _ in range(3)))
    rows = {row.id: row for row in await _rows(areas)}
    assert (rows[job_id].state, rows[job_id].attempts, rows[living].state) == ("retrying", 1, "running")
    assert "its worker died" in rows[job_id].error
    assert _execute(areas, "SELECT count(*) FROM jobs.procrastinate_workers") == [(1,)]


async def test_of_several_that_died_with_the_same_work_one_goes_back_and_the_others_are_dropped(
    areas: Areas,
) -> None:
    for _ in range(3):
        await _left(areas)
    await perform(SweepJobs(), areas)
    assert sorted(row.state for row in await _rows(areas)) == ["dropped", "dropped", "retrying"]


async def test_a_job_under_which_ten_workers_died_has_failed(areas: Areas) -> None:
    await _left(areas, attempts=9)
    await perform(SweepJobs(), areas)
    (row,) = await _rows(areas, "failed")
    assert row.attempts == 10


async def test_the_past_of_the_queue_is_forgotten_but_for_the_last_success_and_what_failed(areas: Areas) -> None:
    _execute(
        areas,
        """INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, status, args)
           SELECT name, name, status::jobs.procrastinate_job_status, '{"timestamp": 0, "every_s": 1}'
           FROM (VALUES ('a', 'succeeded'), ('b', 'succeeded'), ('a', 'failed'), ('a', 'aborted')) v (name, status),
                generate_series(1, 5);
           INSERT INTO jobs.procrastinate_events (job_id, type, at)
           SELECT id, 'succeeded', now() - interval '2 hours' FROM jobs.procrastinate_jobs;
           INSERT INTO job_failures SELECT id, now(), 'x' FROM jobs.procrastinate_jobs""",
    )
    await perform(ForgetJobs(), areas)
    held = _execute(areas, "SELECT task_name, status::text, count(*) FROM jobs.procrastinate_jobs GROUP BY 1, 2")
    assert sorted(held) == [("a", "failed", 5), ("a", "succeeded", 1), ("b", "succeeded", 1)]
    assert _execute(areas, "SELECT count(*) FROM job_failures") == [(7,)]
