"""Records on their way in: validated, committed in groups with COPY, acknowledged after the commit.

All the batches that wait are committed together. A COPY that PostgreSQL refuses is cut in two until the poisoned
record stands alone; it goes to the rejected ones, and never blocks the rest.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
import psycopg

from canopee_api.catalog.datasets import Datasets
from canopee_api.errors import BusyError, InvalidError
from canopee_api.live.fleet import LiveDevice
from canopee_api.postgres import records as sql
from canopee_api.postgres.database import Connection, Database
from canopee_contract.dataset import validate
from canopee_contract.records import MAX_RECORDS, Record, RecordBatch, RecordsReply
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_GROUP = 64
"""Batches committed together, at most."""
_QUEUE = 512
_LONGEST_NAME = 64
_EARLIEST_YEAR, _LATEST_YEAR = 1970, 9000


class _Waiting(msgspec.Struct, frozen=True):
    """A batch, validated, and who waits for it."""

    stream: sql.Stream
    records: tuple[Record, ...]
    faults: tuple[str, ...]
    """One a record: why it is refused; empty when it is acceptable."""
    received_at: datetime
    reply: "asyncio.Future[RecordsReply]"


class Intake:
    """The one way in of this process."""

    def __init__(self, database: Database, datasets: Datasets, clock: Clock) -> None:
        self._database, self._datasets, self._clock = database, datasets, clock
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(_QUEUE)

    async def accept(self, device: LiveDevice, batch: RecordBatch) -> RecordsReply:
        """Store a batch; returns once it is committed.

        Raises:
            InvalidError: the batch as a whole is malformed.
            BusyError: too many wait already, or the database does not answer; nothing of the batch is lost.
        """
        _check(batch)
        waiting = _Waiting(
            sql.Stream(device.id, device.generation, batch.stream),
            batch.records,
            tuple(self._fault(record) for record in batch.records),
            self._clock.now(),
            asyncio.get_running_loop().create_future(),
        )
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise BusyError("too many records at once", retry_after_s=2) from None
        return await waiting.reply

    async def run(self, stop: asyncio.Event) -> None:
        """Commit what waits until `stop`; the rest is refused as busy then, and sent again by the agents."""
        ended = asyncio.ensure_future(stop.wait())
        while not ended.done():
            next_one = asyncio.ensure_future(self._queue.get())
            await asyncio.wait([next_one, ended], return_when=asyncio.FIRST_COMPLETED)
            if next_one.done():
                await self._commit(self._group(next_one.result()))
            else:
                next_one.cancel()
        while not self._queue.empty():
            _fail([self._queue.get_nowait()], BusyError("the server stops", retry_after_s=5))

    def _group(self, first: _Waiting) -> list[_Waiting]:
        group = [first]
        with contextlib.suppress(asyncio.QueueEmpty):
            while len(group) < _GROUP:
                group.append(self._queue.get_nowait())
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            async with self._database.transaction() as tx:
                replies = await self._store(tx, group)
        except BusyError as error:
            _fail(group, error)
        except psycopg.Error as error:
            _log.error("a group of %d batches was not stored: %s", len(group), error)
            if len(group) == 1:
                _fail(group, BusyError("these records could not be stored now", retry_after_s=60))
                return
            for waiting in group:
                await self._commit([waiting])
        else:
            for waiting, reply in zip(group, replies, strict=True):
                if not waiting.reply.done():
                    waiting.reply.set_result(reply)

    async def _store(self, tx: Connection, group: list[_Waiting]) -> list[RecordsReply]:
        marks = await sql.lock_marks(tx, [waiting.stream for waiting in group])
        good: list[sql.NewRecord] = []
        refused: dict[tuple[sql.Stream, int], str] = {}
        verdicts = [_sort(waiting, marks, good, refused) for waiting in group]
        poisoned = await _copy(tx, good)
        refused |= {(record.stream, record.seq): f"refused_by_store: {detail}" for record, detail in poisoned}
        bad = {(record.stream, record.seq) for record, _ in poisoned}
        await sql.insert_rejected(
            tx,
            [
                _rejected(waiting, record, refused)
                for waiting in group
                for record in waiting.records
                if (waiting.stream, record.seq) in refused
            ],
        )
        await sql.raise_marks(tx, marks)
        return [
            RecordsReply(
                marks[waiting.stream],
                tuple(
                    "rejected:refused_by_store"
                    if (waiting.stream, record.seq) in bad and verdict == "accepted"
                    else verdict
                    for record, verdict in zip(waiting.records, found, strict=True)
                ),
            )
            for waiting, found in zip(group, verdicts, strict=True)
        ]

    def _fault(self, record: Record) -> str:
        dataset = self._datasets.get(record.dataset, record.version)
        if dataset is None:
            return "unknown_dataset: no such dataset and version is in the catalog"
        if record.order_id and not is_id(record.order_id):
            return "order_id: not the id of an order"
        if record.at.tzinfo is None or not _EARLIEST_YEAR <= record.at.year <= _LATEST_YEAR:
            return "at: not an instant with an offset from UTC"
        return validate(dataset, msgspec.json.decode(record.body))


def _check(batch: RecordBatch) -> None:
    if not 1 <= len(batch.records) <= MAX_RECORDS:
        raise InvalidError("records.count", f"1 to {MAX_RECORDS} records a batch", at="$.records")
    if not 1 <= len(batch.stream) <= _LONGEST_NAME or not batch.stream.isprintable():
        raise InvalidError(
            "records.stream", f"a stream has 1 to {_LONGEST_NAME} printable characters", at="$.stream"
        )
    last = 0
    for number, record in enumerate(batch.records):
        if record.seq <= last:
            raise InvalidError(
                "records.sequence", "sequence numbers increase from 1", at=f"$.records[{number}].seq"
            )
        last = record.seq
        if len(record.dataset) > _LONGEST_NAME or not 0 <= record.version < 2**31:
            raise InvalidError("records.dataset", "not a dataset and version", at=f"$.records[{number}].dataset")


def _sort(
    waiting: _Waiting,
    marks: dict[sql.Stream, int],
    good: list[sql.NewRecord],
    refused: dict[tuple[sql.Stream, int], str],
) -> list[str]:
    """One verdict a record; raises the mark of the stream as it goes."""
    verdicts: list[str] = []
    for record, fault in zip(waiting.records, waiting.faults, strict=True):
        if record.seq <= marks[waiting.stream]:
            verdicts.append("duplicate")
            continue
        marks[waiting.stream] = record.seq
        if fault:
            refused[waiting.stream, record.seq] = fault
            verdicts.append(f"rejected:{fault.partition(':')[0]}")
            continue
        good.append(
            sql.NewRecord(
                stream=waiting.stream, seq=record.seq, dataset=record.dataset, version=record.version, at=record.at,
                received_at=waiting.received_at, order_id=record.order_id or None, body=bytes(record.body),
            )
        )  # fmt: skip
        verdicts.append("accepted")
    return verdicts


async def _copy(tx: Connection, records: Sequence[sql.NewRecord]) -> list[tuple[sql.NewRecord, str]]:
    """COPY; those that PostgreSQL refuses, with its reason."""
    if not records:
        return []
    try:
        async with tx.transaction():
            await sql.copy_records(tx, records)
    except psycopg.DataError as error:
        if len(records) == 1:
            return [(records[0], str(error).partition("\n")[0])]
        middle = len(records) // 2
        return await _copy(tx, records[:middle]) + await _copy(tx, records[middle:])
    return []


def _rejected(waiting: _Waiting, record: Record, refused: dict[tuple[sql.Stream, int], str]) -> sql.Rejected:
    code, _, detail = refused[waiting.stream, record.seq].partition(": ")
    return sql.Rejected(
        stream=waiting.stream, seq=record.seq, dataset=record.dataset, version=record.version, code=code,
        detail=detail, body=bytes(record.body), received_at=waiting.received_at,
    )  # fmt: skip


def _fail(group: Sequence[_Waiting], error: BusyError) -> None:
    for waiting in group:
        if not waiting.reply.done():
            waiting.reply.set_exception(error)
