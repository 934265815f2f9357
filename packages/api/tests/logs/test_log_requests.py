"""Log requests: what PCs are asked, what they may send, and where each stands."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres.log_requests import SETTLED_AFTER
from canopee_api.testing import Office, ReplyError
from canopee_api.testing_logs import Support, an_archive
from canopee_contract.codec import encode
from canopee_contract.files import BeginUpload, UploadReply
from canopee_contract.practices import Practice, PracticeConsent, PracticesImport
from canopee_kit.clock import FakeClock


async def test_each_pc_gets_an_order_with_the_budget_and_the_consent_of_its_practice(
    support: Support, office: Office
) -> None:
    await office.areas.practices.take(
        encode(PracticesImport([Practice("C0001", "Bellecour"), Practice("C0002", "Croix-Rousse")])), by="test"
    )
    await office.areas.practices.set_consent(PracticeConsent(["C0002"], "ask"), by="test")
    told, asked, stranger = await office.pc(), await office.pc(practice="C0002"), await office.pc(practice="C9")
    view = await support.request(told, asked, stranger, budget_bytes=1_000_000)
    assert (view.total, view.states, view.state) == (3, {"waiting": 3}, "running")
    orders = [await support.order(pc) for pc in (told, asked, stranger)]
    assert [order.consent for order in orders] == ["inform", "ask", "inform"]
    assert {order.upload_budget_bytes for order in orders} == {1_000_000}
    assert {order.campaign for order in orders} == {None}
    assert await office.areas.campaigns.views(after="", limit=10) == []


async def test_every_pc_is_in_one_state_and_they_add_up(
    support: Support, office: Office, clock: FakeClock
) -> None:
    pcs = [await office.pc() for _ in range(10)]
    view = await support.request(*pcs)
    orders = [await support.order(pc) for pc in pcs[1:]]
    waiting, running, sending, ready, nothing, refused, failed, announced, unwilling, barred = pcs
    _, sends, readies, nothings, refuses, fails, announces, declines, bars = orders
    await support.send(sending, sends, an_archive(), only=10)
    await support.send(ready, readies, an_archive())
    await support.report(nothing, nothings, "failed", step="failed", at="collect_logs.nothing_found")
    await support.report(refused, refuses, "failed", code="refused.policy_roots")
    await support.report(failed, fails, "timed_out", step="timed_out", at="step.timeout")
    await support.report(announced, announces)
    await support.report(unwilling, declines, "skipped", step="skipped", at="consent_refused")
    await support.report(barred, bars, "failed", step="failed", at="step.denied")  # its local policy: read_roots
    found = await support.devices(view.id)
    assert {name: found[pc.id].state for name, pc in (("a", waiting), ("b", running), ("c", sending))} == {
        "a": "waiting", "b": "running", "c": "sending",
    }  # fmt: skip
    assert found[sending.id].received_bytes == 10
    assert await support.states(view.id) == {
        "waiting": 1, "running": 1, "sending": 2, "ready": 1, "nothing_found": 1, "refused": 3, "failed": 1,
    }  # fmt: skip
    assert found[failed.id].code == "step.timeout"
    clock.advance(timedelta(days=7).total_seconds())
    assert (await support.states(view.id))["expired"] == 3  # one said that it would send, and never did
    await office.areas.uploads.sweep()
    assert await office.areas.log_requests.settle() == 1
    view = await office.areas.log_requests.view(view.id)
    assert (view.state, view.states["expired"]) == ("complete", 4)
    assert view.completed_at == clock.now()


async def test_a_pc_that_reports_before_its_archive_is_whole_is_sending_and_then_ready(
    support: Support, office: Office, clock: FakeClock
) -> None:
    pc = await office.pc()
    view = await support.request(pc)
    order, content = await support.order(pc), an_archive()
    await support.send(pc, order, content, only=10)
    await support.report(pc, order)
    clock.advance((SETTLED_AFTER - timedelta(minutes=1)).total_seconds())
    assert await support.states(view.id) == {"sending": 1}
    await pc.renew()
    await support.send(pc, order, content)
    assert await support.states(view.id) == {"ready": 1}
    (archive,) = (await support.devices(view.id))[pc.id].archives
    assert (archive.sha256, archive.is_whole) == (hashlib.sha256(content).hexdigest(), True)


async def test_more_than_the_budget_of_a_pc_or_of_all_is_refused_before_a_byte_is_sent(
    support: Support, office: Office
) -> None:
    pcs = [await office.pc() for _ in range(3)]
    view = await support.request(*pcs, budget_bytes=100_000, total_budget_bytes=150_000)
    orders = [await support.order(pc) for pc in pcs]

    async def begin(number: int, length: int, name: str = "logs.zip") -> UploadReply:
        asked = BeginUpload(orders[number].order_id, "logs", name, length, "ab" * 32)
        return await pcs[number].post("files", encode(asked), UploadReply)

    with pytest.raises(ReplyError, match=r"403 upload\.budget: 100001 bytes .* of this PC leaves: 100000"):
        await begin(0, 100_001)
    await begin(1, 80_000)
    await begin(1, 80_000)  # asked again, it is the same
    with pytest.raises(ReplyError, match="of this PC leaves: 20000"):
        await begin(1, 20_001, "more.zip")
    with pytest.raises(ReplyError, match="of all PCs together leaves: 70000"):
        await begin(2, 70_001)
    await begin(2, 70_000)
    found = await support.devices(view.id)
    assert [found[pc.id].state for pc in pcs] == ["over_budget", "over_budget", "over_budget"]
    assert found[pcs[0].id].detail == "its archive has 100001 bytes"


async def test_a_pc_that_is_within_its_budget_after_all_is_not_over_it(support: Support, office: Office) -> None:
    pc = await office.pc()
    view = await support.request(pc, budget_bytes=10_000)
    order = await support.order(pc)
    with pytest.raises(ReplyError, match="budget"):
        await support.send(pc, order, b"x" * 10_001)
    assert await support.states(view.id) == {"over_budget": 1}
    await support.send(pc, order, an_archive())
    assert await support.states(view.id) == {"ready": 1}


async def test_what_it_costs_is_told_from_what_came_before(support: Support, office: Office) -> None:
    pcs = [await office.pc() for _ in range(4)]
    before = await office.areas.log_requests.estimate(support.asked(*pcs, reason="", ticket=""))
    assert (before.known_from, before.bytes_total, before.over_total_budget) == ("budget", 200_000_000, False)
    await support.request(*pcs)
    for number, pc in enumerate(pcs):
        await support.answer(pc, b"x" * (number + 1) * 1_000)
    after = await office.areas.log_requests.estimate(support.asked(*pcs[:2], total_budget_bytes=50_000_000))
    assert (after.known_from, after.archives_seen, after.bytes_per_device, after.bytes_total) == (
        "seen",
        4,
        3000,
        6000,
    )


async def test_asked_again_of_those_that_sent_nothing_it_is_a_request_of_its_own(
    support: Support, office: Office
) -> None:
    good, bad = await office.pc(), await office.pc()
    first = await support.request(good, bad, keep_days=14)
    await support.answer(good)
    second = await office.areas.log_requests.again(first.id, by="dominique", missing_only=True)
    assert (second.again_of, second.total, second.created_by) == (first.id, 1, "dominique")
    assert set(await support.devices(second.id)) == {bad.id}
    assert second.keep_until - second.created_at == timedelta(days=14)
    assert (await office.areas.log_requests.again(first.id, by="camille", missing_only=False)).total == 2
    history = await office.areas.log_requests.history(second.id, after=0, limit=10)
    assert [(one.actor, one.action, one.detail["again_of"]) for one in history] == [
        ("dominique", "logs.request", first.id)
    ]


async def test_requests_are_found_by_state_text_person_and_device(
    support: Support, office: Office, clock: FakeClock
) -> None:
    pc, other = await office.pc(), await office.pc()
    first = await support.request(pc, ticket="SUP-1")
    clock.advance(1)
    second = await support.request(other, reason="Slow at noon")
    listed = office.areas.log_requests.views

    async def ids(**filters: str) -> list[str]:
        return [one.id for one in await listed(after="", limit=10, **filters)]

    assert await ids() == [second.id, first.id]
    assert await ids(q="sup-1") == [first.id]
    assert await ids(q="NOON") == [second.id]
    assert await ids(device=pc.id) == [first.id]
    assert await ids(by="nobody") == []
    await support.answer(pc)
    await office.areas.log_requests.settle()
    assert (await ids(state="complete"), await ids(state="running"), await ids(state="purged")) == (
        [first.id], [second.id], [],
    )  # fmt: skip


REFUSED: list[tuple[dict[str, Any], str]] = [
        ({"reason": "  "}, "logs.reason"), ({"ticket": ""}, "logs.ticket"), ({"ticket": "a\nb"}, "logs.ticket"),
        ({"devices": []}, "logs.devices"), ({"devices": ["ACCUEIL-01"]}, "logs.devices"),
        ({"devices": ["01890a5d-ac96-774b-bcce-b302099a8057"]}, "logs.devices"),
        ({"budget_bytes": 0}, "logs.budget"), ({"total_budget_bytes": 1}, "logs.budget"),
        ({"expires_in_s": 1}, "logs.expiry"), ({"keep_days": 0}, "logs.keep"), ({"notify": ["nobody"]}, "logs.notify"),
        ({"notify": ["a@b.fr\r\nBcc: x@y.fr"]}, "logs.notify"), ({"again_of": "x"}, "logs.again_of"),
        ({"parameters": {"unknown": 1}}, "parameters.unknown"),
    ]  # fmt: skip


async def test_what_cannot_be_asked_is_refused_where_it_stands(support: Support, office: Office) -> None:
    pc = await office.pc()
    for changes, code in REFUSED:
        with pytest.raises(InvalidError) as refused:
            await office.areas.log_requests.start(support.asked(pc, **changes), by="camille")
        assert refused.value.reason == code
        assert refused.value.at
    assert await office.areas.log_requests.views(after="", limit=10) == []


async def test_only_a_published_collection_that_needs_no_approval_fetches_logs(
    support: Support, office: Office
) -> None:
    pc = await office.pc()
    await office.publish_pipeline("approved_logs")
    with pytest.raises(ConflictError, match="approvers"):
        await office.areas.log_requests.start(support.asked(pc, pipeline="approved_logs"), by="camille")
    with pytest.raises(NotFoundError):
        await office.areas.log_requests.start(support.asked(pc, pipeline="nothing"), by="camille")
    with pytest.raises(NotFoundError):
        await office.areas.log_requests.view("nothing")
