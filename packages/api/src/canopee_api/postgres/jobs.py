"""SQL of the queue of work, whose tables are those of Procrastinate, in the schema `jobs`.

Its functions and triggers name tables without their schema: whoever writes does it under `_IN_JOBS`.
"""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from canopee_api.postgres.database import Connection

State: TypeAlias = Literal["waiting", "running", "retrying", "done", "failed", "dropped"]
SCHEMA = "jobs"
_IN_JOBS, _IN_OURS = f"SET LOCAL search_path TO {SCHEMA}", "SET LOCAL search_path TO DEFAULT"
_MOST_DEATHS = 10
"""A job under which so many workers died is held to have killed them."""
_KEPT, _FAILED_KEPT, _MOST_FAILED = "1 hour", "30 days", 100
_STATE = """CASE j.status WHEN 'todo' THEN CASE WHEN j.attempts > 0 THEN 'retrying' ELSE 'waiting' END
                WHEN 'doing' THEN 'running' WHEN 'succeeded' THEN 'done' WHEN 'failed' THEN 'failed'
                ELSE 'dropped' END"""
_CHANGED = """(SELECT e.at FROM jobs.procrastinate_events e
               WHERE e.job_id = j.id AND e.type <> 'scheduled' ORDER BY e.id DESC LIMIT 1)"""


class JobRow(msgspec.Struct, frozen=True):
    """A job of the queue."""

    id: int
    name: str
    queue: str
    state: State
    attempts: int
    changed_at: datetime
    next_at: datetime | None
    error: str
    failed_at: datetime | None


class SweptRow(msgspec.Struct, frozen=True):
    """A job that its worker had left."""

    id: int
    name: str
    outcome: str


class WorkRow(msgspec.Struct, frozen=True):
    """How the queue goes; `silent_s`: since the last sign of life of any worker."""

    workers: int
    silent_s: float
    waiting: int
    retrying: int
    failed: int


async def list_jobs(tx: Connection, *, before: int, limit: int, state: str = "", name: str = "") -> list[JobRow]:
    """Newest first, from the one before `before` (0: from the newest). Of those done, the last of each name only."""
    cursor = await tx.execute(
        f"""SELECT j.id, j.task_name, j.queue_name, {_STATE} AS state, j.attempts, {_CHANGED},
                   CASE j.status WHEN 'todo' THEN coalesce(j.scheduled_at, now())
                       WHEN 'succeeded' THEN
                           to_timestamp((j.args->>'timestamp')::bigint + (j.args->>'every_s')::int) END,
                   coalesce(f.error, ''), f.at
            FROM jobs.procrastinate_jobs j LEFT JOIN job_failures f ON f.job_id = j.id
            WHERE (%(before)s = 0 OR j.id < %(before)s) AND (%(name)s = '' OR j.task_name = %(name)s)
              AND (%(state)s = '' OR {_STATE} = %(state)s)
              AND (j.status <> 'succeeded' OR NOT EXISTS (
                  SELECT FROM jobs.procrastinate_jobs newer
                  WHERE newer.queue_name = j.queue_name AND newer.task_name = j.task_name AND newer.id > j.id
                    AND newer.status = 'succeeded'))
            ORDER BY j.id DESC LIMIT %(limit)s""",  # noqa: S608  constants of this module
        {"before": before, "limit": limit, "state": state, "name": name},
    )
    return [JobRow(*row) for row in await cursor.fetchall()]


async def work(tx: Connection, *, silent_s: float) -> WorkRow:
    """How the queue goes; a worker that has said nothing for `silent_s` is not there."""
    cursor = await tx.execute(
        """SELECT (SELECT count(*) FROM jobs.procrastinate_workers
                   WHERE last_heartbeat > now() - make_interval(secs => %s)),
                  extract(epoch FROM now() - greatest(
                      (SELECT max(last_heartbeat) FROM jobs.procrastinate_workers),
                      (SELECT at FROM jobs.procrastinate_events WHERE type <> 'scheduled' ORDER BY id DESC LIMIT 1),
                      (SELECT applied_at FROM migrations WHERE name = '0048_pre_jobs')))::float8,
                  count(*) FILTER (WHERE status = 'todo' AND attempts = 0),
                  count(*) FILTER (WHERE status = 'todo' AND attempts > 0),
                  count(*) FILTER (WHERE status = 'failed')
           FROM jobs.procrastinate_jobs WHERE status IN ('todo', 'failed')""",
        (silent_s,),
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101  an aggregate has one row
    return WorkRow(row[0], max(row[1] or 0.0, 0.0), *row[2:])


async def record_failure(tx: Connection, job_id: int, error: str, *, now: datetime) -> None:
    """Why the last attempt failed."""
    await tx.execute(
        """INSERT INTO job_failures (job_id, at, error) VALUES (%s, %s, %s)
           ON CONFLICT (job_id) DO UPDATE SET at = excluded.at, error = excluded.error""",
        (job_id, now, error),
    )


async def sweep(tx: Connection, *, silent_s: float, now: datetime) -> list[SweptRow]:
    """Give back what dead workers had in hand; one of the same kind that waits already takes its place."""
    cursor = await tx.execute(
        """SELECT j.id, j.task_name, j.queueing_lock, j.attempts + 1 >= %s
           FROM jobs.procrastinate_jobs j LEFT JOIN jobs.procrastinate_workers w ON w.id = j.worker_id
           WHERE j.status = 'doing' AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => %s))
           ORDER BY j.id DESC FOR UPDATE OF j SKIP LOCKED""",
        (_MOST_DEATHS, silent_s),
    )
    left = await cursor.fetchall()
    swept = [await _give_back(tx, *row[:3], is_deadly=row[3], now=now) for row in left]
    await tx.execute(_IN_JOBS)
    await tx.execute(
        """DELETE FROM procrastinate_workers WHERE id IN (
               SELECT id FROM procrastinate_workers w WHERE last_heartbeat < now() - make_interval(secs => %s)
                 AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.worker_id = w.id AND j.status = 'doing')
               FOR UPDATE SKIP LOCKED)""",
        (silent_s,),
    )
    await tx.execute(_IN_OURS)
    return swept


async def _give_back(
    tx: Connection, job_id: int, name: str, lock: str | None, *, is_deadly: bool, now: datetime
) -> SweptRow:
    cursor = await tx.execute(
        "SELECT 1 FROM jobs.procrastinate_jobs WHERE status = 'todo' AND queueing_lock = %s", (lock,)
    )
    is_replaced = await cursor.fetchone() is not None
    outcome = "failed" if is_deadly else "dropped, the next one waits" if is_replaced else "in the queue again"
    said = f"its worker died, or lost the database, in the middle: it is {outcome}"
    await record_failure(tx, job_id, said, now=now)
    await tx.execute(_IN_JOBS)
    if is_deadly or is_replaced:
        end = "failed" if is_deadly else "aborted"
        await tx.execute(
            "SELECT procrastinate_finish_job_v1(%s, %s::procrastinate_job_status, false)", (job_id, end)
        )
    else:
        await tx.execute("SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)", (job_id,))
    await tx.execute(_IN_OURS)
    return SweptRow(job_id, name, outcome)


async def forget(tx: Connection) -> int:
    """Delete what ended long ago; how many. The last success of each name stays."""
    await tx.execute(_IN_JOBS)
    cursor = await tx.execute(
        f"""DELETE FROM procrastinate_jobs WHERE id IN (
                SELECT id FROM (
                    SELECT j.id, j.status, {_CHANGED} AS changed_at,
                           row_number() OVER (PARTITION BY j.task_name, j.status ORDER BY j.id DESC) AS rank
                    FROM procrastinate_jobs j WHERE j.status NOT IN ('todo', 'doing')) ended
                WHERE CASE status WHEN 'failed' THEN changed_at < now() - %s::interval OR rank > %s
                          ELSE changed_at < now() - %s::interval AND (status <> 'succeeded' OR rank > 1) END)""",  # noqa: S608  constants
        (_FAILED_KEPT, _MOST_FAILED, _KEPT),
    )
    await tx.execute(_IN_OURS)
    await tx.execute(
        """DELETE FROM job_failures f
           WHERE NOT EXISTS (SELECT FROM jobs.procrastinate_jobs j WHERE j.id = f.job_id)"""
    )
    return cursor.rowcount
