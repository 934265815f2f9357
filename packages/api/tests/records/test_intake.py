import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec
import pytest

from canopee_api.errors import BusyError
from canopee_api.live.fleet import LiveDevice
from canopee_api.postgres.records import list_records, list_rejected
from canopee_api.records.intake import Intake
from canopee_api.testing import Office, Pc, ReplyError, a_record
from canopee_contract.codec import encode
from canopee_contract.dataset import Dataset, Field
from canopee_contract.records import Record, RecordBatch, RecordsReply

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
MEASURE = Dataset("measure", 1, "Measure", "a test", 30, (Field("value", "number", "It.", required=True),))


def _record(seq: int, body: object = None, dataset: str = "measure") -> Record:
    return a_record(seq, {"value": seq} if body is None else body, dataset=dataset, at=AT)


async def _pc(office: Office) -> Pc:
    await office.areas.datasets.apply(MEASURE, by="test")
    return await office.pc()


async def _stored(office: Office) -> list[object]:
    async with office.areas.database.transaction() as tx:
        return [
            row.body["value"] for row in await list_records(tx, dataset="measure", device="", after=0, limit=1000)
        ]


async def test_records_are_stored_before_they_are_acknowledged(office: Office) -> None:
    pc = await _pc(office)
    reply = await pc.send_records(_record(1), _record(2))
    assert (reply.mark, reply.verdicts) == (2, ("accepted", "accepted"))
    assert sorted(await _stored(office), key=str) == [1, 2]


async def test_a_batch_sent_again_is_stored_once(office: Office) -> None:
    pc = await _pc(office)
    await pc.send_records(_record(1), _record(2))
    reply = await pc.send_records(_record(1), _record(2), _record(3))
    assert reply.verdicts == ("duplicate", "duplicate", "accepted")
    assert len(await _stored(office)) == 3


async def test_two_streams_of_a_device_are_numbered_apart(office: Office) -> None:
    pc = await _pc(office)
    await pc.send_records(_record(1), stream="one")
    assert (await pc.send_records(_record(1), stream="two")).verdicts == ("accepted",)


@pytest.mark.parametrize(
    ("body", "dataset", "code"),
    [
        ({"value": "text"}, "measure", "wrong_type"),
        ({}, "measure", "missing_field"),
        ({"value": 1, "other": 2}, "measure", "unknown_field"),
        ([1], "measure", "not_an_object"),
        ({"value": 1}, "nothing_such", "unknown_dataset"),
    ],
)
async def test_a_record_outside_its_dataset_is_kept_among_the_rejected(
    office: Office, body: object, dataset: str, code: str
) -> None:
    pc = await _pc(office)
    reply = await pc.send_records(_record(1), _record(2, body, dataset), _record(3))
    assert reply.verdicts == ("accepted", f"rejected:{code}", "accepted")
    assert reply.mark == 3
    async with office.areas.database.transaction() as tx:
        rejected = await list_rejected(tx, after=0, limit=10)
    assert [(row.code, msgspec.json.decode(row.body)) for row in rejected] == [(code, body)]


async def test_one_record_that_postgresql_refuses_does_not_block_the_others(office: Office) -> None:
    pc = await _pc(office)
    poisoned = Record(3, "measure", 1, AT, msgspec.Raw(b'{"value": 1e-20000}'))
    reply = await pc.send_records(*map(_record, (1, 2)), poisoned, *map(_record, range(4, 60)))
    assert reply.verdicts[2] == "rejected:refused_by_store"
    assert reply.verdicts.count("accepted") == 58
    assert (reply.mark, len(await _stored(office))) == (59, 58)


async def test_many_devices_at_once_are_committed_together_and_none_is_mixed_up(office: Office) -> None:
    pcs = [await _pc(office) for _ in range(6)]
    replies = await asyncio.gather(*(pc.send_records(*map(_record, range(1, 21))) for pc in pcs for _ in range(3)))
    assert sum(reply.verdicts.count("accepted") for reply in replies) == 6 * 20
    assert len(await _stored(office)) == 120


async def test_sequence_numbers_that_do_not_increase_are_refused_as_a_whole(office: Office) -> None:
    pc = await _pc(office)
    with pytest.raises(ReplyError) as refused:
        await pc.send_records(_record(2), _record(2))
    assert (refused.value.problem.code, refused.value.problem.at) == ("records.sequence", "$.records[1].seq")
    assert await _stored(office) == []


async def test_an_empty_batch_and_a_nameless_stream_are_refused(office: Office) -> None:
    pc = await _pc(office)
    for records, stream in (((), "main"), ((_record(1),), "")):
        with pytest.raises(ReplyError) as refused:
            await pc.send_records(*records, stream=stream)
        assert refused.value.problem.status == 400


async def test_an_instant_without_offset_or_in_a_strange_year_is_rejected(office: Office) -> None:
    pc = await _pc(office)
    odd = [msgspec.structs.replace(_record(1), at=AT.replace(year=1601))]
    odd.append(msgspec.structs.replace(_record(2), order_id="no id"))
    assert (await pc.send_records(*odd)).verdicts == ("rejected:at", "rejected:order_id")


@asynccontextmanager
async def _other_process(office: Office) -> AsyncGenerator[Intake]:
    """The intake of another API process on the same database."""
    areas, stop = office.areas, asyncio.Event()
    other = Intake(areas.database, areas.datasets, areas.clock)
    running = asyncio.create_task(other.run(stop))
    yield other
    stop.set()
    await running


def _device(office: Office, pc: Pc) -> LiveDevice:
    device = office.areas.fleet.get(pc.id)
    assert device is not None
    return device


async def test_what_another_process_stored_meanwhile_is_a_duplicate_here(office: Office) -> None:
    pc = await _pc(office)
    async with _other_process(office) as other:
        for first in range(1, 45, 11):  # by turns: the marks that each remembers are stale every time
            batch = encode(RecordBatch("main", tuple(map(_record, range(first, first + 10)))))
            assert set((await other.accept(_device(office, pc), batch)).verdicts) == {"accepted"}
            assert set((await pc.send_records(*map(_record, range(first, first + 10)))).verdicts) == {"duplicate"}
            reply = await pc.send_records(*map(_record, range(first + 5, first + 11)))
            assert reply.verdicts == ("duplicate",) * 5 + ("accepted",)
            again = await other.accept(_device(office, pc), encode(RecordBatch("main", (_record(first + 10),))))
            assert again.verdicts == ("duplicate",)
    assert sorted(await _stored(office), key=str) == sorted(range(1, 45), key=str)


async def test_the_same_batch_sent_to_two_processes_at_once_is_stored_once(office: Office) -> None:
    pc = await _pc(office)
    async with _other_process(office) as other:
        await pc.send_records(_record(1))
        await other.accept(_device(office, pc), encode(RecordBatch("main", (_record(1),))))
        for seq in range(2, 30):
            batch = encode(RecordBatch("main", (_record(seq),)))
            replies = await asyncio.gather(
                *(intake.accept(_device(office, pc), batch) for intake in (other, office.areas.intake))
            )
            assert sorted(reply.verdicts[0] for reply in replies) == ["accepted", "duplicate"]
    assert len(await _stored(office)) == 29


async def test_a_record_that_another_encoder_wrote_is_stored_as_well(office: Office) -> None:
    pc = await _pc(office)
    spaced = b'{"stream": "main", "records": [{"seq": 1, "dataset": "measure", "version": 1,'
    spaced += b'\n\t"at": "2026-11-24T08:00:00Z", "body": {\n\t"value":\r 5}}]}'
    reply = await pc.post("records", spaced, RecordsReply)
    assert reply.verdicts == ("accepted",)
    assert await _stored(office) == [5]


async def test_texts_with_every_awkward_character_come_back_as_they_were(office: Office) -> None:
    note = Dataset("note", 1, "Note", "a test", 30, (Field("value", "text", "It.", required=True),))
    await office.areas.datasets.apply(note, by="test")
    pc = await office.pc()
    texts = [
        "C:\\Temp\\new",
        "tab\tline\nreturn\r",
        "\\N",
        "\\.",
        "é€😀",
        '"quoted"',
        "",
        "\x7f\x1f",
        "\\\\",
        "a\\",
    ]
    records = [a_record(seq, {"value": text}, dataset="note", at=AT) for seq, text in enumerate(texts, start=1)]
    stream = "odd \\ stream"
    assert set((await pc.send_records(*records, stream=stream)).verdicts) == {"accepted"}
    async with office.areas.database.transaction() as tx:
        rows = await list_records(tx, dataset="note", device="", after=0, limit=100)
    assert [row.body["value"] for row in reversed(rows)] == texts


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_record_with_a_doubled_key_refuses_the_whole_batch(office: Office, place: int) -> None:
    pc = await _pc(office)
    records = [_record(seq) for seq in (1, 2, 3)]
    records[place] = Record(place + 1, "measure", 1, AT, msgspec.Raw(b'{"value":1,"value":2}'))
    with pytest.raises(ReplyError) as refused:
        await pc.send_records(*records)
    assert refused.value.problem.code == "message.duplicate_key"
    assert await _stored(office) == []


async def test_a_dataset_that_gets_a_field_accepts_it_from_then_on(office: Office) -> None:
    pc = await _pc(office)
    assert (await pc.send_records(_record(1, {"value": 1, "unit": "s"}))).verdicts == ("rejected:unknown_field",)
    wider = msgspec.structs.replace(MEASURE, fields=(*MEASURE.fields, Field("unit", "keyword", "It.")))
    await office.areas.datasets.apply(wider, by="test")
    assert (await pc.send_records(_record(2, {"value": 1, "unit": "s"}))).verdicts == ("accepted",)


async def test_a_batch_that_was_looking_for_its_dataset_at_the_stop_is_refused_and_not_forgotten(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    pc, reload = await office.pc(), office.areas.datasets.reload
    async with _other_process(office) as other:
        stopped = asyncio.Event()

        async def late() -> None:
            await stopped.wait()
            await reload()

        monkeypatch.setattr(office.areas.datasets, "reload", late)
        sent = asyncio.ensure_future(other.accept(_device(office, pc), encode(RecordBatch("main", (_record(1),)))))
        await asyncio.sleep(0)
    stopped.set()
    with pytest.raises(BusyError, match="stops"):
        await sent


async def test_an_intake_that_has_stopped_refuses_what_comes_later(
    office: Office,
) -> None:
    pc = await _pc(office)
    async with _other_process(office) as other:
        pass
    with pytest.raises(BusyError, match="stops"):
        await other.accept(_device(office, pc), encode(RecordBatch("main", (_record(1),))))
