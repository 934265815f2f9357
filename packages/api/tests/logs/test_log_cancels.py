"""Requests that are ended before their time: nothing more comes, what came stays."""

import asyncio
import hashlib
from datetime import timedelta

import pytest

from canopee_api.errors import ConflictError, NotFoundError
from canopee_api.files.store import FileStore
from canopee_api.settings import Settings
from canopee_api.testing import Office, ReplyError
from canopee_api.testing_logs import LINES, Support, an_archive
from canopee_contract.codec import encode
from canopee_contract.files import BeginUpload, UploadReply
from canopee_contract.log_requests import SearchArchive
from canopee_kit.clock import FakeClock


async def test_what_has_not_come_is_cancelled_what_came_stays_and_the_states_add_up(
    support: Support, office: Office, settings: Settings, clock: FakeClock
) -> None:
    waiting, running, sending, ready, failed = [await office.pc() for _ in range(5)]
    view = await support.request(waiting, running, sending, ready, failed)
    _, sends, readies, fails = [await support.order(pc) for pc in (running, sending, ready, failed)]
    part = await support.send(sending, sends, an_archive(), only=10)
    await support.send(ready, readies, an_archive())
    await support.report(failed, fails, "failed", step="failed", at="step.crash")
    ended = await office.areas.log_cancels.cancel(view.id, by="camille")
    states = {"cancelled": 3, "ready": 1, "failed": 1}
    assert (ended.states, ended.state, ended.total) == (states, "complete", 5)
    assert (ended.cancelled_by, ended.cancelled_at, ended.completed_at) == ("camille", clock.now(), clock.now())
    assert not await waiting.orders(), "the order that waited is withdrawn"
    assert part not in FileStore(settings.files_folder).under_way(), "nothing is kept of what came in part"
    (receipt,) = await office.areas.log_purges.receipts(view.id, after=0, limit=10)
    assert (receipt.device_id, receipt.size_bytes, receipt.bytes_removed) == (sending.id, 10, True)
    found = await office.areas.log_archives.search(view.id, ready.id, SearchArchive("ERROR"), by="camille")
    assert [one.line for one in found.matches] == [LINES.count(b"\n")]
    clock.advance(timedelta(days=8).total_seconds())
    assert await support.states(view.id) == states, "that time goes on changes nothing"
    (done,) = [
        one
        for one in await office.areas.log_requests.history(view.id, after=0, limit=10)
        if one.action == "logs.cancel"
    ]
    assert (done.actor, done.detail["devices"]) == ("camille", 3)


async def test_a_pc_that_sends_is_told_to_forget_and_what_it_says_afterwards_changes_nothing(
    support: Support, office: Office
) -> None:
    pc, content = await office.pc(), an_archive()
    view = await support.request(pc)
    order = await support.order(pc)
    upload = await support.send(pc, order, content, only=10)
    await office.areas.log_cancels.cancel(view.id, by="camille")
    rest = content[10:]
    with pytest.raises(NotFoundError, match="begin it again"):
        await office.areas.uploads.receive(
            pc.id, upload, offset=10, sha256=hashlib.sha256(rest).hexdigest(), content=rest
        )
    with pytest.raises(ReplyError, match=r"upload\.cancelled"):
        await support.send(pc, order, content)
    await support.report(pc, order, "failed", step="failed", at="consent_refused")
    assert await support.states(view.id) == {"cancelled": 1}


async def test_a_pc_that_did_not_hear_that_all_had_come_hears_it_after_the_cancellation(
    support: Support, office: Office
) -> None:
    first, second, content = await office.pc(), await office.pc(), an_archive()
    view = await support.request(first, second)
    order = await support.order(first)
    await support.send(first, order, content)
    await office.areas.log_cancels.cancel(view.id, by="camille")
    asked = BeginUpload(order.order_id, "logs", "logs.zip", len(content), hashlib.sha256(content).hexdigest())
    assert (await first.post("files", encode(asked), UploadReply)).state == "complete"
    assert await support.states(view.id) == {"ready": 1, "cancelled": 1}


async def test_cancelling_again_does_no_harm_and_what_is_over_cannot_be_cancelled(
    support: Support, office: Office, clock: FakeClock
) -> None:
    pc, cancels = await office.pc(), office.areas.log_cancels
    view = await support.request(pc)
    first = await cancels.cancel(view.id, by="camille")
    clock.advance(60)
    assert await cancels.cancel(view.id, by="somebody else") == first
    over = await support.request(pc)
    await support.answer(pc)
    with pytest.raises(ConflictError, match="nothing to cancel"):
        await cancels.cancel(over.id, by="camille")
    assert await support.states(over.id) == {"ready": 1}
    with pytest.raises(NotFoundError):
        await cancels.cancel(pc.id, by="camille")
    again = await office.areas.log_requests.again(view.id, by="camille", missing_only=True)
    assert again.total == 1, "those that were cancelled may be asked again"
    await office.areas.log_purges.purge(view.id, by="camille")
    assert (await office.areas.log_requests.view(view.id)).state == "purged"


async def test_a_file_that_ends_while_it_is_cancelled_is_whole_or_gone(support: Support, office: Office) -> None:
    pcs, content = [await office.pc() for _ in range(6)], an_archive()
    view = await support.request(*pcs)
    orders = [await support.order(pc) for pc in pcs]
    for pc, order in zip(pcs, orders, strict=True):
        await support.send(pc, order, content, only=10)
    ends = [support.send(pc, order, content) for pc, order in zip(pcs, orders, strict=True)]
    cancelling = asyncio.create_task(office.areas.log_cancels.cancel(view.id, by="camille"))
    await asyncio.gather(*ends, return_exceptions=True)
    ended = await cancelling
    states = await support.states(view.id)
    assert states.keys() <= {"ready", "cancelled"}
    assert states == ended.states, "nothing came after it was said what had come"
    for one in (await support.devices(view.id)).values():
        assert (one.state == "ready") == bool(one.archives)
