"""`/v1/jobs`, and the alarm in `/v1/status`."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from canopee_api.doors.people.app import people_app
from canopee_api.doors.people.job_routes import work_now
from canopee_api.testing import ADMIN, Office
from canopee_contract.jobs import WorkState

_JOBS = """
INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, status, attempts, args)
SELECT name, name, status::jobs.procrastinate_job_status, attempts, '{"timestamp": 1700000000, "every_s": 30}'
FROM (VALUES ('a', 'succeeded', 1), ('a', 'succeeded', 1), ('b', 'succeeded', 1), ('a', 'todo', 0), ('b', 'todo', 3),
             ('a', 'doing', 0), ('c', 'failed', 10), ('a', 'aborted', 1)) v (name, status, attempts)
"""
_EVENTS = "INSERT INTO jobs.procrastinate_events (job_id, type) SELECT id, 'deferred' FROM jobs.procrastinate_jobs"


@pytest.fixture
async def http(office: Office) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(people_app(office.areas))  # pyright: ignore[reportArgumentType]  names its scopes
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        login = await client.post("/v1/sessions", json={"login": ADMIN.login, "password": ADMIN.password})
        client.headers["authorization"] = f"Bearer {login.json()['token']}"
        yield client


async def _fill(office: Office) -> None:
    async with office.areas.database.transaction() as tx:
        await tx.execute("SET LOCAL search_path TO jobs")
        await tx.execute(_JOBS)
        await tx.execute(_EVENTS)


async def test_jobs_are_listed_newest_first_page_by_page_and_of_those_done_the_last_of_each_name(
    office: Office, http: httpx.AsyncClient
) -> None:
    await _fill(office)
    found: list[Any] = []
    query = {"limit": "2"}
    while True:
        page = (await http.get("/v1/jobs", params=query)).json()
        found += page["items"]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert [(one["name"], one["state"]) for one in found] == [
        ("a", "dropped"), ("c", "failed"), ("a", "running"), ("b", "retrying"), ("a", "waiting"), ("b", "done"),
        ("a", "done"),
    ]  # fmt: skip
    assert found[-1]["next_at"] == "2023-11-14T22:13:50Z"


@pytest.mark.parametrize(
    ("query", "states"),
    [({"state": "failed"}, ["failed"]), ({"name": "b"}, ["retrying", "done"]), ({"name": "x"}, [])],
)
async def test_jobs_are_chosen_by_state_and_by_name(
    query: dict[str, str], states: list[str], office: Office, http: httpx.AsyncClient
) -> None:
    await _fill(office)
    assert [one["state"] for one in (await http.get("/v1/jobs", params=query)).json()["items"]] == states


async def test_a_state_that_is_none_is_refused(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/jobs", params={"state": "asleep"})).status_code == 400


@pytest.mark.parametrize(
    ("heartbeat_s", "silent_s", "tick_s", "state"),
    [
        (5, 5, 30, "ok"),
        (60, 60, 30, "ok"),
        (100, 100, 30, "stopped"),
        (100, 100, 300, "ok"),
        (None, 100, 30, "stopped"),
    ],
)
async def test_work_is_stopped_when_no_worker_has_been_alive_for_three_rounds(
    heartbeat_s: float | None, silent_s: float, tick_s: int, state: WorkState, office: Office
) -> None:
    async with office.areas.database.transaction() as tx:
        await tx.execute(
            "UPDATE migrations SET applied_at = now() - make_interval(secs => %s) WHERE name = '0048_pre_jobs'",
            (silent_s,),
        )
        if heartbeat_s is not None:
            await tx.execute(
                """INSERT INTO jobs.procrastinate_workers (last_heartbeat)
                   VALUES (now() - make_interval(secs => %s))""",
                (heartbeat_s,),
            )
        work = await work_now(tx, tick_s)
    assert (work.state, work.silent_s) == (state, pytest.approx(silent_s))


async def test_what_fails_is_counted_in_the_status(office: Office, http: httpx.AsyncClient) -> None:
    await _fill(office)
    work = (await http.get("/v1/status")).json()["work"]
    assert (work["state"], work["waiting"], work["retrying"], work["failed"]) == ("failing", 1, 1, 1)
