"""Proof of a purge on both sides: what PCs say of the files that are on them no more."""

import hashlib
from datetime import UTC, datetime

import msgspec
import pytest

from canopee_api.testing import Office, Pc, ReplyError
from canopee_api.testing_logs import Support, an_archive
from canopee_contract.codec import encode
from canopee_contract.log_requests import LogReceipt
from canopee_contract.order import Order
from canopee_contract.report import MAX_GONE, FileGone, GoneState, RunReports, RunsReply
from canopee_kit.clock import FakeClock

CONTENT = an_archive()


async def told(pc: Pc, *gone: FileGone) -> RunsReply:
    return await pc.post("runs", encode(RunReports((), gone)), RunsReply)


def gone(order: Order, clock: FakeClock, state: GoneState, *, number: int = 1) -> FileGone:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return FileGone(number, order.order_id, "logs", "logs.zip", digest, len(CONTENT), state, clock.now())


async def receipts(office: Office, request_id: str) -> dict[str, LogReceipt]:
    return {one.device_id: one for one in await office.areas.log_purges.receipts(request_id, after=0, limit=10)}


async def test_each_receipt_says_what_was_left_on_its_pc_once_the_pc_has_said_so(
    support: Support, office: Office, clock: FakeClock
) -> None:
    ready, sending, staged, silent = [await office.pc() for _ in range(4)]
    view = await support.request(ready, sending, staged, silent)
    orders = {pc.id: await support.order(pc) for pc in (ready, sending, staged, silent)}
    await support.send(ready, orders[ready.id], CONTENT)
    await told(ready, gone(orders[ready.id], clock, "sent"))
    for pc in (sending, silent):
        await support.send(pc, orders[pc.id], CONTENT, only=10)
    await office.areas.log_purges.purge(view.id, by="dominique")
    found = await receipts(office, view.id)
    assert {one: found[one].on_pc for one in found} == {
        ready.id: "sent", sending.id: "not_heard", silent.id: "not_heard",
    }  # fmt: skip
    clock.advance(60)
    for pc in (sending, staged):
        assert (await told(pc, gone(orders[pc.id], clock, "purged", number=7))).gone == 7
    found = await receipts(office, view.id)
    assert {one: (found[one].on_pc, found[one].gone_at) for one in (sending.id, staged.id, silent.id)} == {
        sending.id: ("purged", clock.now()), staged.id: ("purged", clock.now()), silent.id: ("not_heard", None),
    }  # fmt: skip
    late = found[staged.id]  # it had not begun to send: nothing of it was ever here
    assert (late.size_bytes, late.received_at, late.purged_by, late.bytes_removed) == (0, None, "dominique", True)
    await told(staged, gone(orders[staged.id], clock, "purged", number=7))  # its answer was cut: told again
    assert len(await receipts(office, view.id)) == 4


async def test_a_pc_speaks_of_its_own_orders_and_of_log_requests_only(
    support: Support, office: Office, clock: FakeClock
) -> None:
    pc, other = await office.pc(), await office.pc()
    view = await support.request(pc)
    order = await support.order(pc)
    await support.send(pc, order, CONTENT, only=10)
    await office.areas.log_purges.purge(view.id, by="dominique")
    assert (await told(other, gone(order, clock, "purged", number=3))).gone == 3  # heard, so that it ends
    wild = msgspec.structs.replace(gone(order, clock, "purged"), order_id="no id")
    assert (await told(pc, wild)).gone == 1
    assert (await receipts(office, view.id))[pc.id].on_pc == "not_heard"


@pytest.mark.parametrize("year", [1, 9999])
async def test_a_pc_whose_clock_is_nowhere_is_heard_without_its_receipt(
    support: Support, office: Office, clock: FakeClock, year: int
) -> None:
    pc = await office.pc()
    view = await support.request(pc)
    order = await support.order(pc)
    await support.send(pc, order, CONTENT, only=10)
    await office.areas.log_purges.purge(view.id, by="dominique")
    lost = msgspec.structs.replace(gone(order, clock, "purged"), at=datetime(year, 1, 1, tzinfo=UTC))
    assert (await told(pc, lost)).gone == 1
    assert (await receipts(office, view.id))[pc.id].on_pc == "not_heard"


async def test_nothing_and_too_much_are_refused(support: Support, office: Office, clock: FakeClock) -> None:
    pc = await office.pc()
    await support.request(pc)
    one = gone(await support.order(pc), clock, "purged")
    for sent in ((), (one,) * (MAX_GONE + 1)):
        with pytest.raises(ReplyError, match=r"runs\.count"):
            await told(pc, *sent)
