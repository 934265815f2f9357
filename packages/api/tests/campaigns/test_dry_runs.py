"""Dry runs: any published pipeline, on devices that are named, with nothing done and nothing counted."""

import msgspec
import pytest

from canopee_api.campaigns.campaigns import MOST_DRY
from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres.orders import list_runs
from canopee_api.testing import Office, Pc, until
from canopee_contract.codec import decode, encode
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.people import CampaignView, NewDryRun
from canopee_contract.report import Effect, RunReport, RunReports, RunsReply, RunState, StepReport
from canopee_trust.dsse import payload_of, read_envelope


async def started(office: Office, *pcs: Pc) -> CampaignView:
    """A dry run of a pipeline that acts, on these PCs; returns once the process has heard of its orders."""
    await office.publish_pipeline("repair", "action")
    view = await office.areas.campaigns.start_dry(NewDryRun("repair", [pc.id for pc in pcs]), by="test")
    await until(lambda: sum(device.order_head for device in office.areas.fleet) == len(pcs))
    return view


def opened(delivered: DeliveredOrder) -> Order:
    return decode(payload_of(read_envelope(bytes(delivered.order))), Order)


async def report(office: Office, pc: Pc, order: Order, state: RunState = "done") -> None:
    """What a PC says of an order."""
    step = StepReport("only", "run_program", "done", "dry.foreseen", effects=(Effect("run", "C:\\a.exe"),))
    sent = RunReport(
        order.order_id, order.seq, state, "0" * 64, "repair@1", "0.1.0", office.areas.clock.now(), steps=(step,),
        is_dry=True,
    )  # fmt: skip
    await pc.post("runs", encode(RunReports((sent,))), RunsReply)


async def test_only_the_pcs_that_are_named_get_an_order_marked_dry_and_without_campaign(office: Office) -> None:
    pc, other = await office.pc(), await office.pc()
    view = await started(office, pc)
    assert (view.is_dry, view.total, view.is_signed) == (True, 1, False)
    (delivered,) = await pc.orders()
    assert (opened(delivered).is_dry, opened(delivered).campaign, delivered.document) == (True, None, None)
    assert (await other.check_in()).orders == ()


async def test_its_runs_say_what_would_be_and_count_nowhere_as_runs(office: Office) -> None:
    pc = await office.pc()
    view = await started(office, pc)
    (delivered,) = await pc.orders()
    await report(office, pc, opened(delivered), "failed")
    async with office.areas.database.transaction() as tx:
        (run,) = await list_runs(tx, device="", pipeline="", campaign=view.id, state="", after="", limit=10)
    assert run.is_dry
    assert run.steps[0]["effects"] == [{"verb": "run", "target": "C:\\a.exe"}]
    assert await office.areas.campaigns.views(after="", limit=10) == []
    assert (await office.areas.campaigns.view(view.id)).states == {"failed": 1}
    assert await office.areas.activity.pipelines() == []


async def test_nothing_of_it_is_tried_again_nor_taken_back(office: Office) -> None:
    pc = await office.pc()
    view = await started(office, pc)
    (delivered,) = await pc.orders()
    await report(office, pc, opened(delivered), "failed")
    with pytest.raises(ConflictError, match="nothing of a dry run"):
        await office.areas.actions.retry(view.id, by="test")
    await office.areas.campaigns.stop(view.id, by="test")
    with pytest.raises(ConflictError, match="nothing of a dry run"):
        await office.areas.actions.go_back(view.id, None, by="test")


async def test_what_cannot_be_is_refused_and_says_why(office: Office) -> None:
    pc = await office.pc()
    await office.publish_pipeline("repair", "action")
    asked = NewDryRun("repair", [pc.id])
    for wrong in (
        msgspec.structs.replace(asked, devices=[]),
        msgspec.structs.replace(asked, devices=["ACCUEIL-01"]),
        msgspec.structs.replace(asked, devices=[pc.id] * (MOST_DRY + 1)),
        msgspec.structs.replace(asked, expires_in_s=0),
        msgspec.structs.replace(asked, expires_in_s=86_401),
        msgspec.structs.replace(asked, parameters={"unknown": 1}),
    ):
        with pytest.raises(InvalidError):
            await office.areas.campaigns.start_dry(wrong, by="test")
    with pytest.raises(NotFoundError):
        await office.areas.campaigns.start_dry(msgspec.structs.replace(asked, pipeline="unknown"), by="test")
    assert (await office.areas.campaigns.start_dry(asked, by="test")).total == 1
