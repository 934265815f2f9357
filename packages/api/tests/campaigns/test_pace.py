"""Bytes an hour: what a campaign makes of them, what it says of them, and what it does not guess."""

import asyncio

import pytest

from canopee_api.campaigns.sizes import sizes_of
from canopee_api.catalog.trust import KnownPipeline
from canopee_api.errors import InvalidError
from canopee_api.testing import Office
from canopee_contract.campaign import Ring, Rollout
from canopee_contract.codec import encode
from canopee_contract.people import CampaignView
from canopee_contract.pipeline import Pipeline, PipelineRef, Step, target_path
from canopee_contract.rollouts import CampaignRequest
from canopee_kit.clock import FakeClock
from canopee_trust.repository import TargetInfo

ALL: dict[str, object] = {"all": []}
ZIP = "https://updates.example.fr/8.2.zip"
SIZE = 48_000_000
REF = PipelineRef("pipelines/action/get.1.json", "get", 1, "0" * 64, 300)


def _download(size: object) -> Step:
    given: dict[str, object] = {"url": ZIP, "sha256": "0" * 64, "size_bytes": size, "to": "/opt/8.2.zip"}
    return Step(id="get", use="download_file", with_=given)


def _pipeline(*steps: Step) -> Pipeline:
    return Pipeline(spec=1, name="get", version=1, kind="action", title="get", steps=steps)


@pytest.fixture
async def get(office: Office, clock: FakeClock) -> Office:
    """At the first second of a minute."""
    clock.advance(60 - clock.now().timestamp() % 60)
    await office.publish({target_path("action", "get", 1): encode(_pipeline(_download(SIZE)))})
    return office


async def _start(office: Office, rollout: Rollout) -> CampaignView:
    now = office.areas.clock.now()
    campaign = office.campaign("get", ALL, rings=(Ring(10_000, now),), rollout=rollout)
    return await office.areas.campaigns.start_signed(office.sign(campaign), by="test")


def test_sizes_are_those_that_are_signed_and_the_others_are_named() -> None:
    update = Step(id="up", use="update_agent", with_={"version": "1", "path": {"$param": "release"}})
    steps = (
        _download({"$param": "size"}),
        _download({"$param": "other"}),
        update,
        Step(id="run", use="run_program"),
    )
    known = KnownPipeline(REF, _pipeline(*steps))
    found = sizes_of(known, {"size": 7, "release": "a.zip"}, [TargetInfo("a.zip", 11, "0" * 64)])
    assert [(one.what, one.bytes) for one in found.known] == [("get@1", 300), (ZIP, 7), ("a.zip", 11)]
    assert (found.unknown, found.total) == ([ZIP], 318)
    withdrawn = sizes_of(known, {"size": 7, "other": 8, "release": "a.zip"}, [])
    assert (withdrawn.unknown, withdrawn.total) == (["a.zip"], 315)


async def test_in_any_hour_no_more_is_downloaded_than_its_pace_by_however_many_processes(
    get: Office, clock: FakeClock
) -> None:
    for _ in range(6):
        await get.pc()
    view = await _start(get, Rollout(bytes_per_hour=4 * SIZE))  # and the pipeline: three PCs
    assert view.states == {"pending": 1, "waiting": 5}
    made = [1]
    for _ in range(70):
        clock.advance(60)
        made.append(sum(await asyncio.gather(*(get.areas.rings.advance() for _ in range(2)))))
    assert [minute for minute, number in enumerate(made) for _ in range(number)] == [0, 1, 2, 60, 61, 62]
    assert (await get.areas.campaigns.view(view.id)).reason == ""


async def test_what_is_used_is_shown_and_said(get: Office, clock: FakeClock) -> None:
    for _ in range(3):
        await get.pc()
    view = await _start(get, Rollout(bytes_per_hour=3 * SIZE))
    assert view.pace is not None
    each = view.pace.bytes_per_device
    assert (view.pace.orders_per_min, view.pace.orders_this_minute, view.pace.bytes_last_hour) == (1, 1, each)
    assert view.reason == "waits for its pace: 48 MB of 144 MB in the last hour, 48 MB a PC"
    assert (view.reason_code, view.reason_params["used"]) == ("pace_bytes", each)
    clock.advance(60)
    await get.areas.rings.advance()
    view = await get.areas.campaigns.view(view.id)
    assert view.pace is not None
    assert view.pace.bytes_last_hour == 2 * each
    assert (await _start(get, Rollout())).pace is None


async def test_what_has_an_unknown_size_is_said_and_not_counted(office: Office) -> None:
    step = Step(id="up", use="update_agent", with_={"version": "1", "path": "gone.zip"})
    pipeline = _pipeline(step)
    await office.publish({target_path("action", "get", 1): encode(pipeline)})
    await office.pc()
    await office.pc()
    view = await _start(office, Rollout(bytes_per_hour=1_000))
    assert view.pace is not None
    assert (view.pace.bytes_unknown, view.pace.bytes_per_device) == (["gone.zip"], len(encode(pipeline)))
    assert "; not counted, of unknown size: gone.zip" in view.reason
    rollout = Rollout(bytes_per_hour=1_000)
    preview = await office.areas.previews.preview(CampaignRequest(pipeline="get", condition=ALL, rollout=rollout))
    assert (preview.bytes_unknown, preview.ends_basis) == (["gone.zip"], ["bytes_per_hour", "bytes_unknown"])


async def test_a_pace_that_not_even_one_pc_can_keep_is_refused_before_it_is_signed(get: Office) -> None:
    rollout = Rollout(bytes_per_hour=SIZE)
    asked = CampaignRequest(pipeline="get", condition=ALL, rollout=rollout, reason="T-1")
    for refused in (
        _start(get, rollout), get.areas.previews.preview(asked), get.areas.campaign_drafts.compose(asked, by="ann")
    ):  # fmt: skip
        with pytest.raises(
            InvalidError, match=r"one PC downloads 48000\d+ bytes, more than the 48000000 of an hour"
        ):
            await refused


@pytest.mark.parametrize("number", [0, -1, 2**60])
async def test_bytes_that_make_no_sense_are_refused(get: Office, number: int) -> None:
    with pytest.raises(InvalidError, match="a pace from 1"):
        await _start(get, Rollout(bytes_per_hour=number))
