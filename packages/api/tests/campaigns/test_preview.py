"""What a campaign would do: the preview counts what the campaign then does."""

from datetime import timedelta

import msgspec
import pytest

from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.live.presence import flush
from canopee_api.testing import Office
from canopee_contract.campaign import Rollout, ring_position
from canopee_contract.codec import encode
from canopee_contract.freeze import NewFreeze
from canopee_contract.people import CollectRequest
from canopee_contract.pipeline import Pipeline, Step, target_path
from canopee_contract.recurrence import Recurrence
from canopee_contract.rollouts import CampaignRequest
from canopee_kit.clock import FakeClock

WINDOWS: dict[str, object] = {"fact": "os.family", "op": "eq", "value": "windows"}
ASKED = CampaignRequest(
    pipeline="repair",
    condition=WINDOWS,
    rings=(
        2_000,
        6_000,
        9_000,
    ),
    rollout=Rollout(advance_after_s=3_600),
)


@pytest.fixture
async def repair(office: Office) -> Office:
    await office.publish_pipeline("repair", "action")
    return office


async def test_each_device_is_counted_in_the_ring_where_the_campaign_puts_it(repair: Office) -> None:
    fleet = [await repair.pc({"os.family": "windows" if n % 3 else "linux"}) for n in range(24)]
    pilot = max((pc for pc in fleet if pc.facts["os.family"] == "windows"), key=lambda pc: ring_position(pc.id))
    asked = msgspec.structs.replace(ASKED, pilots=(pilot.id,))
    preview = await repair.areas.previews.preview(asked)
    assert (preview.fleet, preview.matching, preview.tests[0].devices, preview.approvals) == (24, 16, 16, 1)
    draft = await repair.areas.campaign_drafts.compose(msgspec.structs.replace(asked, reason="T-1"), by="anna")
    campaign = repair.campaign("repair", WINDOWS)
    document = msgspec.convert(msgspec.json.decode(draft.document), type(campaign))
    view = await repair.areas.campaigns.start_signed(repair.sign(document), by="anna")
    assert [ring.devices for ring in preview.rings] == [sum(ring.states.values()) for ring in view.rings]
    assert (preview.total, view.total) == (view.total, sum(ring.devices for ring in preview.rings))
    assert [ring.not_before for ring in preview.rings] == [ring.not_before for ring in view.rings]
    assert preview.last_ring_at == view.rings[-1].not_before


async def test_presence_is_that_of_the_last_contact_and_offline_is_counted(
    repair: Office, clock: FakeClock
) -> None:
    asked, areas = msgspec.structs.replace(ASKED, rings=(10_000,)), repair.areas
    old, late, here = [await repair.pc({"os.family": "windows"}) for _ in range(3)]
    await repair.pc({"os.family": "windows"})  # never checked in
    for pc, after in ((old, 86_400), (late, 3_600), (here, 0)):
        await pc.renew()
        await pc.check_in()
        await flush(areas.database, areas.fleet, areas.enrolment.suspect_clones)
        clock.advance(after)
    preview = await areas.previews.preview(asked)
    assert preview.presence == {"online": 1, "late": 1, "offline": 2}
    assert (preview.rings[0].online, preview.agents) == (1, {"0.1.0": 4})


async def test_who_has_done_exactly_this_and_who_has_it_under_way_elsewhere_are_told(office: Office) -> None:
    await office.publish_pipeline("look", approval="none")
    await office.pc({"os.family": "windows"})
    busy = await office.pc({"os.family": "windows"})
    one = {"fact": "device.id", "op": "eq", "value": busy.id}
    asked = msgspec.structs.replace(ASKED, pipeline="look", rings=(10_000,))
    view = await office.areas.campaigns.start_collect(CollectRequest("look", one), by="anna")
    found = await office.areas.previews.preview(asked)
    assert (found.total, found.under_way_elsewhere, found.done_already, found.approvals) == (2, 1, 0, 0)
    await office.areas.campaigns.stop(view.id, by="anna")
    assert (await office.areas.previews.preview(asked)).under_way_elsewhere == 0


async def test_the_bytes_are_those_of_the_pipeline_and_of_the_files_that_its_parameters_name(
    office: Office,
) -> None:
    given: dict[str, object] = {
        "url": "https://updates.example.fr/8.2.zip", "sha256": "0" * 64, "size_bytes": 48_000_000, "to": "/opt/8.2.zip"
    }  # fmt: skip
    step = Step(id="get", use="download_file", with_=given)
    pipeline = Pipeline(spec=1, name="get", version=1, kind="action", title="get", steps=(step,))
    await office.publish({target_path("action", "get", 1): encode(pipeline)})
    await office.pc({"os.family": "windows"})
    await office.pc({"os.family": "windows"})
    found = await office.areas.previews.preview(msgspec.structs.replace(ASKED, pipeline="get", rings=(10_000,)))
    sizes = {one.what: one.bytes for one in found.bytes_per_device}
    assert sizes == {"get@1": len(encode(pipeline)), "https://updates.example.fr/8.2.zip": 48_000_000}
    assert found.bytes == 2 * sum(sizes.values())
    capped = msgspec.structs.replace(ASKED, pipeline="get", rings=(10_000,), max_targets=1)
    assert (await office.areas.previews.preview(capped)).bytes == sum(sizes.values())


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"pipeline": "x"}, NotFoundError),
        ({"rings": (0,)}, InvalidError),
        ({"condition": {}}, InvalidError),
        ({"expires_in_s": 3_600}, InvalidError),
    ],
)
async def test_what_could_not_be_started_is_not_previewed_either(
    repair: Office, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await repair.areas.previews.preview(msgspec.structs.replace(ASKED, **changes))


async def test_when_the_last_ring_opens_and_when_nobody_begins_any_more_are_said(
    repair: Office, clock: FakeClock
) -> None:
    preview = await repair.areas.previews.preview(ASKED)
    begins = clock.now() - timedelta(minutes=5)
    assert preview.last_ring_at == begins + timedelta(hours=2)
    assert preview.ends_by == clock.now() + timedelta(days=30)


async def test_what_holds_it_back_is_foretold_with_what_that_counts(repair: Office, clock: FakeClock) -> None:
    clock.advance((-clock.now().timestamp() + 12 * 3_600) % 86_400)
    for _ in range(3):
        await repair.pc({"os.family": "windows"})
    asked = CampaignRequest(pipeline="repair", condition=WINDOWS, rollout=Rollout(orders_per_min=1))
    areas, today = repair.areas, clock.now().date()
    free = await areas.previews.preview(asked)
    assert (free.is_open, free.opens_at, free.freezes, free.ends_basis) == (True, None, [], ["orders_per_min"])
    assert free.ends_at == clock.now() + timedelta(minutes=2)
    new = NewFreeze(today.isoformat(), f"{today + timedelta(days=1)}T12:00", "invoicing")
    freeze = await areas.freezes.add(new, by="ann")
    later = NewFreeze(f"{today + timedelta(days=20)}", f"{today + timedelta(days=20)}", "more of it")
    other = await areas.freezes.add(later, by="ann")
    await areas.freezes.add(NewFreeze("2998-01-01", "2998-01-02", "after its end"), by="ann")
    held = await areas.previews.preview(asked)
    assert (held.is_open, held.opens_at) == (False, freeze.ends)
    assert [one.id for one in held.freezes] == [freeze.id, other.id]
    assert held.ends_at == freeze.ends + timedelta(minutes=2)
    assert held.ends_basis == ["orders_per_min", "freezes"]
    through = await areas.previews.preview(msgspec.structs.replace(asked, through_freezes=True))
    assert (through.is_open, through.freezes, through.ends_at) == (True, [], free.ends_at)
    one = await areas.previews.preview(msgspec.structs.replace(asked, max_targets=1))
    assert one.ends_at == freeze.ends
    every_day = msgspec.structs.replace(asked, recurrence=Recurrence("0 6 * * *"))
    assert (await areas.previews.preview(every_day)).ends_at is None
    short = await areas.previews.preview(msgspec.structs.replace(asked, expires_in_s=3_600))
    assert (short.is_open, short.opens_at, short.ends_at) == (False, None, None)
