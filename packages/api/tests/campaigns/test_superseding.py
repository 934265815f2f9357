"""A campaign that ends the older ones of its pipeline."""

import pytest

from canopee_api.errors import ConflictError
from canopee_api.postgres.accounts import list_audit
from canopee_api.testing import Office
from canopee_contract.people import CampaignView
from canopee_kit.clock import FakeClock

ALL: dict[str, object] = {"all": []}


@pytest.fixture
async def repair(office: Office) -> Office:
    await office.publish_pipeline("repair", "action")
    await office.publish_pipeline("other", "action")
    return office


async def _start(office: Office, pipeline: str = "repair", **changes: object) -> CampaignView:
    document = office.sign(office.campaign(pipeline, ALL, **changes))
    return await office.areas.campaigns.start_signed(document, by="ann")


async def test_it_cancels_what_no_pc_has_and_each_says_the_other(repair: Office, clock: FakeClock) -> None:
    had, had_not, campaigns = await repair.pc(), await repair.pc(), repair.areas.campaigns
    old, other = await _start(repair), await _start(repair, "other")
    assert len(await had.orders()) == 2
    clock.advance(1)
    new = await _start(repair, supersedes=True)
    old = await campaigns.view(old.id)
    assert (old.state, old.states, old.superseded_by) == ("aborted", {"delivered": 1, "cancelled": 1}, new.id)
    assert ((await campaigns.view(new.id)).supersedes, new.states) == ([old.id], {"pending": 2})
    assert (await campaigns.view(other.id)).state == "running"
    assert len(await had_not.orders()) == 2
    async with repair.areas.database.transaction() as tx:
        audit = [(row.action, row.object) for row in await list_audit(tx, after=0, limit=2)]
    assert audit == [("campaign.supersede", old.id), ("campaign.start", new.id)]


async def test_an_older_document_that_is_started_late_does_not_end_a_newer_one(
    repair: Office, clock: FakeClock
) -> None:
    document = repair.sign(repair.campaign("repair", ALL, supersedes=True))
    clock.advance(1)
    new = await _start(repair)
    await repair.areas.campaigns.start_signed(document, by="ann")
    assert (await repair.areas.campaigns.view(new.id)).state == "running"


async def test_without_that_word_both_go_on_and_what_was_ended_does_not_come_back(
    repair: Office, clock: FakeClock
) -> None:
    first = await _start(repair)
    clock.advance(1)
    await _start(repair)
    assert (await repair.areas.campaigns.view(first.id)).superseded_by == ""
    clock.advance(1)
    await _start(repair, supersedes=True)
    with pytest.raises(ConflictError):
        await repair.areas.rings.resume(first.id, by="ann")
