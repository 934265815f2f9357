"""Two processes of the API on one database: work done by one is known to the other, and done once."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from canopee_api.doors.agent.door import AgentDoor
from canopee_api.doors.areas import Areas
from canopee_api.testing import Office, Pair, Pc, a_record, until
from canopee_contract.codec import encode
from canopee_contract.dataset import Dataset, Field
from canopee_contract.report import RunReport, RunReports, RunsReply
from canopee_kit.clock import SystemClock

pytestmark = [pytest.mark.xdist_group("pair-at-work"), pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


def _of(name: str) -> dict[str, Any]:
    """The devices of one test."""
    return {"fact": "test.name", "op": "eq", "value": name}


async def _orders(pair: Pair, *campaigns: str) -> tuple[int, int]:
    """Orders of campaigns, and pairs of campaign and device among them."""
    async with pair.other.database.transaction() as tx:
        cursor = await tx.execute(
            "SELECT count(*), count(DISTINCT (campaign_id, device_id)) FROM orders WHERE campaign_id = ANY(%s::uuid[])",
            (list(campaigns),),
        )
        row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


async def test_an_order_made_by_one_process_wakes_the_long_poll_that_another_holds(pair: Pair) -> None:
    office, other = pair.office, pair.other
    await office.publish_pipeline("work0", "action")
    pc = await office.pc({"test.name": "work0"})
    await pair.turn(pc)
    waiting = asyncio.create_task(pc.orders())
    await until(lambda: other.fleet.is_waiting(pc.id))
    started = SystemClock().monotonic()
    await office.areas.campaigns.start_signed(office.sign(office.campaign("work0", _of("work0"))), by="test")
    assert len(await asyncio.wait_for(waiting, 20)) == 1
    assert SystemClock().monotonic() - started < 15  # what nobody is told of is read every 30 s


async def test_a_publication_through_one_process_wakes_the_devices_that_wait_at_another(pair: Pair) -> None:
    office, other = pair.office, pair.other
    pc = await office.pc({"test.name": "work1"})
    await pair.turn(pc)
    waiting = asyncio.create_task(pc.check_in(wait_s=60, trust_version=other.fleet.trust_version))
    await until(lambda: other.fleet.is_waiting(pc.id))
    await office.publish_pipeline("work1")
    assert (await asyncio.wait_for(waiting, 20)).trust_version == office.areas.trust.timestamp_version


async def test_what_was_published_through_one_process_is_served_by_another_that_has_not_heard_of_it(
    pair: Pair, deaf: Areas
) -> None:
    office = pair.office
    pc = await office.pc({"test.name": "work2"})
    await office.publish_pipeline("work2", approval="none")
    good = {"authorization": f"Bearer {pc.token}"}
    answers: list[tuple[int, bytes]] = []
    for areas in (office.areas, deaf):
        pc.turn_to(areas)
        answers.append(await pc.request("GET", "/agent/v1/tuf/metadata/timestamp.json", b"", good))
    assert answers[0] == answers[1]
    await Office(deaf, office.keys).publish_pipeline("work2_second")
    assert deaf.trust.pipeline("work2").ref.version == 1


async def test_a_campaign_can_be_started_at_once_through_a_process_that_has_not_heard_of_its_pipeline(
    pair: Pair, deaf: Areas
) -> None:
    office = pair.office
    await office.publish_pipeline("work3", "action")
    await office.pc({"test.name": "work3"})
    view = await deaf.campaigns.start_signed(office.sign(office.campaign("work3", _of("work3"))), by="test")
    assert view.total == 1


async def test_records_of_a_dataset_applied_through_another_process_are_accepted(pair: Pair, deaf: Areas) -> None:
    office, clock = pair.office, pair.clock
    pc = await office.pc({"test.name": "work4"})
    dataset = Dataset(
        name="printers", version=1, title="Printers", purpose="a test", retention_days=30,
        fields=(Field("name", "keyword", "Its name.", required=True),),
    )  # fmt: skip
    await office.areas.datasets.apply(dataset, by="test")
    pc.turn_to(deaf)
    reply = await pc.send_records(a_record(1, {"name": "LASER"}, dataset="printers", at=clock.now()))
    assert reply.verdicts == ("accepted",)


async def test_facts_sent_to_one_process_are_asked_for_again_by_another_once_at_most(
    pair: Pair, deaf: Areas
) -> None:
    office = pair.office
    pc = await office.pc({"test.name": "work5"})
    await pc.check_in()
    await pc.send_facts({"os.family": "linux"})
    pc.turn_to(deaf)
    assert (await pc.check_in()).send_facts in {True, False}
    await pc.send_facts({"os.family": "linux"})
    for areas in (office.areas, deaf) * 3:
        pc.turn_to(areas)
        assert not (await pc.check_in()).send_facts


async def test_a_report_sent_again_to_another_process_is_a_duplicate(pair: Pair) -> None:
    office, other = pair.office, pair.other
    await office.publish_pipeline("work6", "action")
    pc = await office.pc({"test.name": "work6"})
    await office.areas.campaigns.start_signed(office.sign(office.campaign("work6", _of("work6"))), by="test")
    async with office.areas.database.transaction() as tx:
        cursor = await tx.execute("SELECT id FROM orders WHERE device_id = %s", (pc.id,))
        (order_id,) = await cursor.fetchone() or ("",)
    report = RunReport(order_id, 1, "done", "0" * 64, "work6@1", "0.1.0", office.areas.clock.now())
    verdicts: list[str] = []
    for areas in (office.areas, other, office.areas):
        pc.turn_to(areas)
        reply = await pc.post("runs", encode(RunReports((report,))), RunsReply)
        verdicts.append(reply.verdicts[0].verdict)
    assert verdicts == ["accepted", "duplicate", "duplicate"]


async def test_the_same_batch_sent_to_both_at_the_same_time_is_stored_once(pair: Pair) -> None:
    office, other, clock = pair.office, pair.other, pair.clock
    pc = await office.pc({"test.name": "work7"})
    await until(lambda: other.fleet.get(pc.id) is not None)
    twin = Pc(AgentDoor(other), other)
    twin.token = pc.token
    body = {"stream": "s", "dropped": 1, "first_seq": 1, "last_seq": 1, "reason": "test"}
    batches = [
        [a_record(number, body, at=clock.now()) for number in range(first, first + 10)]
        for first in range(1, 101, 10)
    ]
    for batch in batches:
        replies = await asyncio.gather(pc.send_records(*batch), twin.send_records(*batch))
        assert sorted(reply.verdicts for reply in replies) == [("accepted",) * 10, ("duplicate",) * 10]
    async with office.areas.database.transaction() as tx:
        cursor = await tx.execute(
            "SELECT count(*), count(DISTINCT seq), max(seq) FROM records WHERE device_id = %s", (pc.id,)
        )
        assert await cursor.fetchone() == (100, 100, 100)


async def test_a_document_started_with_both_at_the_same_time_is_one_campaign(pair: Pair) -> None:
    office = pair.office
    await office.publish_pipeline("work8", "action")
    pcs = [await office.pc({"test.name": "work8", "number": number}) for number in range(6)]
    document = office.sign(office.campaign("work8", _of("work8")))
    views = await asyncio.gather(*(areas.campaigns.start_signed(document, by="test") for areas in pair.both * 3))
    assert {(view.id, view.total) for view in views} == {(views[0].id, len(pcs))}
    assert await _orders(pair, views[0].id) == (len(pcs), len(pcs))


async def test_campaigns_that_start_while_facts_come_in_everywhere_give_each_device_one_order(pair: Pair) -> None:
    office = pair.office
    await office.publish_pipeline("work9", "action")
    pcs = [await office.pc({"test.name": "work9", "number": number}) for number in range(8)]
    campaigns = [office.campaign("work9", _of("work9")) for _ in range(6)]
    processes = pair.both

    async def new_facts(pc: Pc, number: int) -> None:
        for turn in range(6):
            pc.turn_to(processes[(turn + number) % 2])
            await pc.send_facts({"test.name": "work9", "number": number, "turn": turn})

    starts: list[Awaitable[object]] = [
        processes[number % 2].campaigns.start_signed(office.sign(campaign), by="test")
        for number, campaign in enumerate(campaigns)
    ]
    changes: list[Awaitable[object]] = [new_facts(pc, number) for number, pc in enumerate(pcs)]
    again: list[Awaitable[object]] = [areas.campaigns.expand_unfinished() for areas in processes]
    await asyncio.gather(*starts, *changes, *again, *(areas.campaigns.reconsider() for areas in processes))
    wanted = len(pcs) * len(campaigns)
    assert await _orders(pair, *(one.campaign_id for one in campaigns)) == (wanted, wanted)
