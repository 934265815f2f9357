"""Records on their way in: validated, committed in groups with COPY, acknowledged after the commit.

All the batches that wait are committed together. A COPY that PostgreSQL refuses is cut in two until the poisoned
record stands alone; it goes to the rejected ones, and never blocks the rest.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
import psycopg

from canopee_api.catalog.datasets import Datasets
from canopee_api.errors import BusyError
from canopee_api.live.fleet import LiveDevice
from canopee_api.postgres import records as sql
from canopee_api.postgres.database import Connection, Database
from canopee_api.records.reading import Reading, read_batch
from canopee_contract.records import Record, RecordsReply
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_GROUP = 64
"""Batches committed together, at most."""
_COMMITTERS = 2
"""Groups on their way to PostgreSQL: while one is written to disk, the next is made. More would make them smaller."""
_REMEMBERED = 200_000
"""Streams whose marks are remembered."""
_MOST_WAITING_BYTES = 64 * 2**20


class _Waiting(msgspec.Struct, frozen=True):
    """A batch that was read, and who waits for it."""

    stream: sql.Stream
    reading: Reading
    received_at: datetime
    reply: "asyncio.Future[RecordsReply]"

    @property
    def records(self) -> tuple[Record, ...]:
        return self.reading.records


class Intake:
    """The one way in of this process."""

    def __init__(self, database: Database, datasets: Datasets, clock: Clock) -> None:
        self._database, self._datasets, self._clock = database, datasets, clock
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._waiting_bytes = 0
        self._is_over = False
        self._marks: dict[sql.Stream, int] = {}
        """Marks as this process last committed them; another process may have raised them since."""

    async def accept(self, device: LiveDevice, raw: bytes) -> RecordsReply:
        """Store the batch in `raw`; returns once it is committed.

        Raises:
            MalformedError: not a message that everybody reads the same way.
            InvalidError: the batch as a whole is not acceptable.
            BusyError: too much waits already, or the database does not answer; nothing of the batch is lost.
        """
        if self._is_over:
            raise _stopping()
        reading = read_batch(raw, self._datasets)
        if any(fault.startswith("unknown_dataset:") for fault in reading.faults):
            await self._datasets.reload()  # applied through another process, perhaps just now
            reading = read_batch(raw, self._datasets)
            if self._is_over:
                raise _stopping()
        if self._waiting_bytes + len(raw) > _MOST_WAITING_BYTES:
            raise BusyError("too many records at once", retry_after_s=2)
        stream = sql.Stream(device.id, device.generation, reading.stream)
        waiting = _Waiting(stream, reading, self._clock.now(), asyncio.get_running_loop().create_future())
        self._waiting_bytes += len(raw)
        try:
            self._queue.put_nowait(waiting)
            return await waiting.reply
        finally:
            self._waiting_bytes -= len(raw)

    async def run(self, stop: asyncio.Event) -> None:
        """Commit what waits until `stop`; the rest is refused as busy then, and sent again by the agents."""
        ended = asyncio.ensure_future(stop.wait())
        async with asyncio.TaskGroup() as committers:
            for _ in range(_COMMITTERS):
                committers.create_task(self._commit_all(ended))
        self._is_over = True
        while not self._queue.empty():
            _fail([self._queue.get_nowait()], _stopping())

    async def _commit_all(self, ended: "asyncio.Future[Literal[True]]") -> None:
        while not ended.done():
            next_one = asyncio.ensure_future(self._queue.get())
            await asyncio.wait([next_one, ended], return_when=asyncio.FIRST_COMPLETED)
            if next_one.done():
                await self._commit(self._group(next_one.result()))
            else:
                next_one.cancel()

    def _group(self, first: _Waiting) -> list[_Waiting]:
        group = [first]
        while len(group) < _GROUP and not self._queue.empty():
            group.append(self._queue.get_nowait())
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            replies = await self._store_quickly(group)
            if replies is None:
                async with self._database.transaction() as tx:
                    replies, marks = await self._store(tx, group)
                self._remember(marks)
        except BusyError as error:
            self._forget(group)
            _fail(group, error)
        except Exception as error:  # noqa: BLE001  the edge of a loop: whatever one batch does, the others are stored
            _log.error("a group of %d batches was not stored", len(group), exc_info=error)
            self._forget(group)
            if len(group) == 1:
                _fail(group, BusyError("these records could not be stored now", retry_after_s=60))
                return
            for waiting in group:
                await self._commit([waiting])
        else:
            for waiting, reply in zip(group, replies, strict=True):
                if not waiting.reply.done():
                    waiting.reply.set_result(reply)

    async def _store_quickly(self, group: list[_Waiting]) -> list[RecordsReply] | None:
        """One UPDATE and one COPY, where the marks that this process remembers are still true and nothing is refused.

        `None`, with nothing stored, when that is not so: then everything is looked at again with the marks locked.
        """
        held = {waiting.stream: self._marks.get(waiting.stream, -1) for waiting in group}
        if min(held.values()) < 0 or any(map(_has_fault, group)):
            return None
        marks, good = dict(held), list[sql.NewRecord]()
        verdicts = [_sort(waiting, marks, good, {}) for waiting in group]
        try:
            async with self._database.transaction() as tx:
                await sql.advance_marks(tx, held, marks)
                await sql.copy_records(tx, good)
        except (sql.StaleMarksError, psycopg.DataError):
            self._forget(group)
            return None
        self._remember(marks)
        return [
            RecordsReply(marks[waiting.stream], tuple(found))
            for waiting, found in zip(group, verdicts, strict=True)
        ]

    def _remember(self, marks: dict[sql.Stream, int]) -> None:
        if len(self._marks) > _REMEMBERED:
            self._marks.clear()
        self._marks.update(marks)

    def _forget(self, group: list[_Waiting]) -> None:
        for waiting in group:
            self._marks.pop(waiting.stream, None)

    async def _store(
        self, tx: Connection, group: list[_Waiting]
    ) -> tuple[list[RecordsReply], dict[sql.Stream, int]]:
        """Sort out and store a group, its marks locked; the replies and the marks, true once this is committed."""
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
        replies = [
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
        return replies, marks


def _stopping() -> BusyError:
    return BusyError("the server stops", retry_after_s=5)


def _has_fault(waiting: _Waiting) -> bool:
    return any(waiting.reading.faults)


def _sort(
    waiting: _Waiting,
    marks: dict[sql.Stream, int],
    good: list[sql.NewRecord],
    refused: dict[tuple[sql.Stream, int], str],
) -> list[str]:
    """One verdict a record; raises the mark of the stream as it goes."""
    verdicts: list[str] = []
    for record, fault in zip(waiting.records, waiting.reading.faults, strict=True):
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
