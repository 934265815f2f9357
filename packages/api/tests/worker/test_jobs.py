"""Every job of the family, the day it appears."""

import asyncio

import pytest

from canopee_api.app import running
from canopee_api.job import Job, Step, perform
from canopee_api.settings import Settings
from canopee_api.testing import Office
from canopee_api.worker.worker import job_family
from canopee_kit.clock import FakeClock

FAMILY = job_family()


class _Steps(Job):
    """Steps of a test."""

    def __init__(self, *steps: Step) -> None:
        self._steps = steps

    def steps(self, areas: object) -> tuple[Step, ...]:  # noqa: ARG002  its parent's
        return self._steps


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("tick_s", [1, 30, 300])
def test_a_job_comes_back_within_the_longest_tick_or_ten_minutes(name: str, tick_s: int) -> None:
    assert 1 <= FAMILY[name].every_s(tick_s) <= 600


@pytest.mark.parametrize("name", FAMILY)
async def test_a_job_done_again_and_by_two_processes_at_once_does_no_harm(
    name: str, office: Office, settings: Settings, clock: FakeClock
) -> None:
    await office.publish_pipeline("harmless", "action")
    await office.pc({"os.family": "windows"})
    document = office.sign(office.campaign("harmless", {"all": []}))
    campaign = (await office.areas.campaigns.start_signed(document, by="test")).id
    async with running(settings, settings.database_url, clock) as other:
        await asyncio.gather(*(perform(FAMILY[name], areas) for areas in (office.areas, other) * 3))
        async with other.database.transaction() as tx:
            cursor = await tx.execute("SELECT count(*), count(DISTINCT device_id) FROM orders")
            assert await cursor.fetchone() == (1, 1)
    (view,) = await office.areas.campaigns.views(after="", limit=10)
    assert (view.id, view.state, view.total) == (campaign, "running", 1)


async def test_a_step_that_fails_does_not_keep_the_next_ones_from_their_turn(office: Office) -> None:
    done: list[str] = []

    async def fail() -> None:
        raise ValueError("the first")

    async def work() -> None:
        done.append("the second")

    with pytest.raises(ValueError, match="the first"):
        await perform(_Steps(fail, work), office.areas)
    assert done == ["the second"]
    with pytest.raises(ExceptionGroup, match="2 steps failed"):
        await perform(_Steps(fail, work, fail), office.areas)
