"""Real workers: `canopee worker`, killed and stopped; and a database that goes away."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from canopee_api.app import running
from canopee_api.doors.areas import Areas
from canopee_api.job import Job, Step, perform
from canopee_api.jobs.sweep_jobs import SweepJobs
from canopee_api.postgres import jobs as sql
from canopee_api.postgres.location import forget
from canopee_api.postgres.migrate import migrate
from canopee_api.postgres.server import EmbeddedServer
from canopee_api.settings import Settings
from canopee_api.testing import until
from canopee_api.worker.worker import Worker
from canopee_kit.clock import FakeClock

pytestmark = pytest.mark.real
_HELD = "expire_enrolments"


async def _start(settings: Settings) -> asyncio.subprocess.Process:
    """`canopee worker` on the test's database, at work."""
    environ = {
        **os.environ, "CANOPEE_DATABASE_URL": settings.database_url, "CANOPEE_KEYS": str(settings.keys),
        "CANOPEE_SECRET_FILE": str(settings.secret_file), "CANOPEE_HOME": str(settings.home), "CANOPEE_TICK_S": "300",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "canopee", "worker", env=environ, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
    return process


async def _held(areas: Areas, is_so: Callable[[sql.JobRow], bool]) -> sql.JobRow:
    """The job of the test, as soon as it is so."""
    async with asyncio.timeout(30):
        while True:
            async with areas.database.transaction() as tx:
                rows = await sql.list_jobs(tx, before=0, limit=1, name=_HELD)
            if rows and is_so(rows[0]):
                return rows[0]
            await asyncio.sleep(0.02)


async def test_what_a_killed_worker_had_in_hand_is_done_by_the_next_one_which_stops_when_asked(
    areas: Areas, settings: Settings
) -> None:
    with psycopg.connect(settings.database_url) as holder:
        holder.execute("LOCK TABLE enrolment_rules, enrolment_requests")  # the job waits for it
        killed = await _start(settings)
        job = await _held(areas, lambda row: row.state == "running")
        killed.kill()
        await killed.wait()
        holder.execute("UPDATE jobs.procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    await perform(SweepJobs(), areas)
    assert (await _held(areas, lambda row: row.id == job.id)).state == "retrying"
    other = await _start(settings)
    try:
        done = await _held(areas, lambda row: row.id == job.id and row.state == "done")
    finally:
        other.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(other.wait(), 10)
    assert (done.attempts, code) == (2, 0)
    assert "its worker died" in done.error
    async with areas.database.transaction() as tx:
        assert (await sql.work(tx, silent_s=3600)).workers == 0


class _Count(Job):
    """Counts how often it was done."""

    done = 0

    def every_s(self, tick_s: int) -> int:  # noqa: ARG002  its parent's
        return 1

    def steps(self, areas: Areas) -> tuple[Step, ...]:  # noqa: ARG002  its parent's
        return (self._work,)

    async def _work(self) -> None:
        self.done += 1


async def test_a_worker_waits_for_a_database_that_is_away_and_goes_on(
    settings: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    server, job, stop = EmbeddedServer(tmp_path / "postgres"), _Count(), asyncio.Event()

    def is_more(before: int) -> bool:
        clock.advance(0.01)
        return job.done > before

    try:
        address = server.start()
        migrate(address)
        async with running(settings, address, clock) as areas:
            worker = Worker(areas, areas.database.address, {"count": job}, again_s=0.05)
            working = asyncio.create_task(worker.run(stop))
            for _ in range(2):
                before = job.done
                await until(lambda before=before: is_more(before))
                server.stop()
                server.start()
            before = job.done
            await until(lambda: is_more(before))
            stop.set()
            await asyncio.wait_for(working, 30)
    finally:
        server.stop()
        forget(tmp_path / "postgres")
