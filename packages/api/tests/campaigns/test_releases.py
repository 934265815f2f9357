"""Where the fleet stands with a release, and campaigns that are stopped or reach a part of it."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from canopee_api.errors import NotFoundError
from canopee_api.testing import Office, Pc
from canopee_contract.campaign import Ring, ring_position
from canopee_contract.codec import encode
from canopee_contract.condition import Scalar
from canopee_contract.parameters import ParameterSchema
from canopee_contract.people import CampaignView
from canopee_contract.pipeline import Pipeline, Step, target_path
from canopee_contract.release_views import Release
from canopee_contract.report import RunReport, RunReports
from canopee_kit.clock import FakeClock
from canopee_trust.repository import TargetInfo

CONTENT = b"a release" * 100
BELOW = {"fact": "agent.version", "op": "version_lt", "value": "1.1.0"}


def _facts(version: str = "1.0.0", **more: Scalar) -> Mapping[str, Scalar]:
    return {"os.family": "windows", "os.arch": "x86_64", "agent.version": version, **more}


async def _give(office: Office, info: TargetInfo, number: int = 1, **changes: Any) -> CampaignView:  # noqa: ANN401
    """The campaign of a release, with some fields of its document changed."""
    version = str(info.custom["version"])
    pipeline = Pipeline(
        spec=1, name="update_agent", version=number, kind="action", title="t", steps=(Step("only", "update_agent"),),
        parameters={
            "version": ParameterSchema("string", enum=(version,)), "path": ParameterSchema("string", enum=(info.path,)),
        },
    )  # fmt: skip
    await office.publish({target_path("action", "update_agent", number): encode(pipeline)})
    campaign = office.campaign(f"update_agent@{number}", BELOW, parameters={"version": version, "path": info.path})
    document = office.sign(msgspec.structs.replace(campaign, **changes))
    return await office.areas.campaigns.start_signed(document, by="test")


async def _ended(office: Office, pc: Pc, state: str, code: str = "") -> None:
    order = (await office.areas.campaigns.views(after="", limit=1))[0]
    async with office.areas.database.transaction() as tx:
        cursor = await tx.execute(
            "SELECT id FROM orders WHERE campaign_id = %s AND device_id = %s", (order.id, pc.id)
        )
        row = await cursor.fetchone()
    assert row is not None
    now = office.areas.clock.now()
    report = RunReport(row[0], 1, state, "0" * 64, "update_agent@1", "1.0.0", now, code=code)  # pyright: ignore[reportArgumentType]  one of the states
    await pc.post("runs", encode(RunReports((report,))), dict)


async def _only(office: Office) -> Release:
    (release,) = await office.areas.releases.list()
    return release


async def test_a_release_without_campaign_waits_and_says_who_runs_it_already(office: Office) -> None:
    info = await office.release(CONTENT)
    await office.pc(_facts("1.1.0"))
    await office.pc(_facts("1.1.0", **{"os.family": "linux"}))
    await office.pc(_facts("1.0.0"))
    release = await _only(office)
    assert (release.id, release.state, release.reach_bp, release.sha256) == (
        "win-x64/1.1.0",
        "waiting",
        0,
        info.sha256,
    )
    assert (release.on_version, release.waiting, release.failed) == (1, 0, 0)


async def test_a_standing_campaign_counts_who_waits_and_who_failed_and_why(office: Office) -> None:
    info = await office.release(CONTENT)
    pcs = [await office.pc(_facts()) for _ in range(5)]
    await _give(office, info)
    assert (await _only(office)).waiting == 5
    await _ended(office, pcs[0], "failed", "step.release")
    await _ended(office, pcs[1], "failed", "step.release")
    await _ended(office, pcs[2], "done")
    await pcs[2].send_facts(_facts(**{"agent.update_failed": "1.1.0 unhealthy"}))
    await _ended(office, pcs[3], "done")
    await pcs[3].send_facts(_facts("1.1.0", **{"agent.update_failed": "1.0.9 crashloop"}))
    release = await _only(office)
    assert (release.state, release.reach_bp, release.on_version, release.waiting) == ("standing", 10_000, 1, 1)
    assert [(one.reason, one.devices) for one in release.failures] == [
        ("step.release", 2), ("returned: unhealthy", 1),
    ]  # fmt: skip
    assert release.failed == 3


async def test_a_pc_that_comes_later_gets_the_release_and_one_that_has_it_does_not(office: Office) -> None:
    await _give(office, await office.release(CONTENT))
    assert len(await (await office.pc(_facts())).orders()) == 1
    assert (await (await office.pc(_facts("1.1.0"))).check_in()).orders == ()
    assert (await (await office.pc(_facts("1.2.0"))).check_in()).orders == ()


async def test_only_the_part_of_the_fleet_that_a_document_names_gets_orders(office: Office) -> None:
    info = await office.release(CONTENT)
    before = [await office.pc(_facts()) for _ in range(6)]
    places = sorted(ring_position(pc.id) for pc in before)
    rings = (Ring(places[2] + 1, office.areas.clock.now()),)
    view = await _give(office, info, rings=rings)
    assert view.total == 3
    later = [await office.pc(_facts()) for _ in range(6)]
    for pc in before + later:
        orders = (await pc.check_in()).orders
        assert len(orders) == (1 if ring_position(pc.id) <= places[2] else 0)
    assert (await _only(office)).reach_bp == places[2] + 1


async def test_a_stopped_campaign_delivers_nothing_more_and_says_so(office: Office) -> None:
    info = await office.release(CONTENT)
    has_it, waits = await office.pc(_facts()), await office.pc(_facts())
    view = await _give(office, info)
    assert len(await has_it.orders()) == 1
    stopped = await office.areas.campaigns.stop(view.id, by="test")
    assert (stopped.state, stopped.states) == ("aborted", {"delivered": 1, "cancelled": 1})
    assert (await waits.check_in()).orders == ()
    assert (await (await office.pc(_facts())).check_in()).orders == ()
    await office.areas.campaigns.expand_unfinished()
    assert (await office.areas.campaigns.view(view.id)).total == 2
    await _ended(office, has_it, "done")
    release = await _only(office)
    assert (release.state, release.reach_bp, release.waiting) == ("stopped", 0, 0)
    assert [one.state for one in release.campaigns] == ["aborted"]


async def test_stopping_twice_is_stopping_once_and_what_is_unknown_is_not_found(office: Office) -> None:
    view = await _give(office, await office.release(CONTENT))
    assert await office.areas.campaigns.stop(view.id, by="a") == await office.areas.campaigns.stop(view.id, by="b")
    with pytest.raises(NotFoundError):
        await office.areas.campaigns.stop("none", by="a")


async def test_a_failure_that_a_later_campaign_mended_is_none(office: Office, clock: FakeClock) -> None:
    info = await office.release(CONTENT)
    pc = await office.pc(_facts())
    await _give(office, info)
    await _ended(office, pc, "failed", "step.no_space")
    assert (await _only(office)).failed == 1
    clock.advance(1)
    await _give(office, info, number=2)
    await _ended(office, pc, "done")
    assert (await _only(office)).failed == 0


async def test_releases_are_listed_from_the_newest_and_each_counts_its_own(office: Office) -> None:
    await office.release(CONTENT, "1.9.0")
    await office.release(CONTENT + b"x", "1.10.0")
    await office.pc(_facts("1.9.0"))
    found = await office.areas.releases.list()
    assert [(one.version, one.release_seq, one.on_version) for one in found] == [("1.10.0", 2, 0), ("1.9.0", 1, 1)]
