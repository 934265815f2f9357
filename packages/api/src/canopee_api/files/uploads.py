"""Files on their way from PCs: chunk by chunk, each stored for good when it is answered.

A chunk is written and synced while the row of its upload is locked, then its end is committed: whatever is killed in
between, the next chunk is written over what nobody acknowledged. A file counts once it is whole and has its SHA-256.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

from canopee_api.errors import BusyError, ConflictError, ForbiddenError, InvalidError, NotFoundError
from canopee_api.files.store import FileStore, LostBytesError
from canopee_api.postgres import uploads as sql
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.uploads import Allowance, UploadRow
from canopee_contract.files import MAX_CHUNK_BYTES, BeginUpload, UploadReply
from canopee_contract.live import Topic
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id, new_id
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
LEAST_FREE = 0.15
"""Of the disk: below, no file is begun, so that check-ins, reports and records go on."""
DAILY_BYTES = 8 * 2**30
"""What one PC may begin to send in a day."""
KEPT_UNFINISHED = timedelta(hours=48)
"""How long an upload waits for its PC."""
_DAY = timedelta(days=1)
_AT_ONCE = 4
"""Chunks that one process writes at the same time: each holds a connection."""
_AGAIN_S = 5


Tell: TypeAlias = Callable[[Topic, str], None]
"""Told of the topic `logs`, and of the log request of which something came."""


def _nobody(_: Topic, __: str) -> None:
    """Nobody is told."""


class Uploads:
    """The files that come in through this process."""

    def __init__(self, database: Database, store: FileStore, clock: Clock, tell: Tell = _nobody) -> None:
        self._database, self._store, self._clock, self._tell = database, store, clock, tell
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def begin(self, device_id: str, asked: BeginUpload) -> UploadReply:
        """Where to go on with a file; one whose content changed since begins again, unless it was whole.

        Raises:
            ForbiddenError: the order is not this device's, what it brought was purged, or is not wanted any more, or it
                is more than its budget.
            ConflictError: another file of this name is whole already.
            BusyError: the disk is nearly full, or the PC has sent enough for today.
        """
        now = self._clock.now()
        wanted = UploadRow(
            new_id(now), device_id, asked.order_id, asked.step, asked.name, asked.sha256, asked.length, 0,
            is_complete=False,
        )  # fmt: skip
        free = await asyncio.to_thread(lambda: self._store.free_share)
        async with self._database.transaction() as tx:
            allowed = await sql.allowance_of(tx, wanted) if is_id(asked.order_id) else None
            if allowed is None:
                raise ForbiddenError("upload.order", "this order was not given to this PC", at="$.order_id")
            if allowed.is_purged:
                raise ForbiddenError("upload.purged", "what this order brought was purged: forget the file")
            if allowed.is_cancelled:
                raise ForbiddenError("upload.cancelled", "the request for it was cancelled: forget the file")
            if refusal := _over_budget(allowed, asked.length):
                await sql.note_over_budget(tx, allowed.request_id or "", device_id, asked.length)
            else:
                return await self._begun(tx, wanted, free)
        raise refusal

    async def receive(
        self, device_id: str, upload_id: str, *, offset: int, sha256: str, content: bytes
    ) -> UploadReply:
        """Store the chunk that begins at `offset`.

        Raises:
            NotFoundError: no such upload of this device.
            InvalidError: not the bytes that were sent, too many, or the whole file has another SHA-256.
            ConflictError: another offset is expected, and said.
            BusyError: too many at once, or the disk is full: nothing was lost.
        """
        if not 0 < len(content) <= MAX_CHUNK_BYTES:
            raise InvalidError("upload.chunk", f"a chunk has 1 to {MAX_CHUNK_BYTES} bytes")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise InvalidError("upload.chunk_sha256", "other bytes came than were sent: send the chunk again")
        if self._turns.locked():
            raise BusyError("too many files come in at once", retry_after_s=_AGAIN_S)
        async with self._turns, self._database.transaction() as tx:
            row = await sql.hold(tx, upload_id, device_id) if is_id(upload_id) else None
            if row is None:
                raise NotFoundError("upload.unknown", "nothing is known of this upload: begin it again")
            if row.is_complete:
                return UploadReply(row.id, row.received, "complete")
            if row.received != offset or offset + len(content) > row.length:
                raise ConflictError(
                    "upload.offset", f"go on at offset {row.received} of {row.length}", at="offset"
                )
            reply = await self._store_chunk(tx, row, content)
        if row.request_id is not None:
            self._tell("logs", row.request_id)
        return reply

    async def sweep(self) -> int:
        """Remove what nobody goes on with, and files on their way that no row knows of; how many."""
        async with self._database.transaction() as tx:
            stale = await sql.delete_stale(tx, untouched_since=self._clock.now() - KEPT_UNFINISHED)
            there = await asyncio.to_thread(self._store.under_way)
            known = await sql.known(tx, [name for name in there if is_id(name)])
        gone = [name for name in there if name not in known]
        for name in gone:
            await asyncio.to_thread(self._store.forget, name)
        return len({*stale, *gone})

    async def _begun(self, tx: Connection, wanted: UploadRow, free: float) -> UploadReply:
        """The upload of this name, made, found, or begun again for another content."""
        now = self._clock.now()
        row = await sql.begin(tx, wanted, now=now)
        if row.id == wanted.id:
            await self._check_room(tx, wanted.device_id, free)
        elif (row.sha256, row.length) != (wanted.sha256, wanted.length):
            if row.is_complete:
                raise ConflictError("upload.taken", "another file of this name is whole: it stays", at="$.name")
            await sql.replace(tx, row.id, wanted.sha256, wanted.length, now=now)
            return UploadReply(row.id, 0, "partial")
        return UploadReply(row.id, row.received, "complete" if row.is_complete else "partial")

    async def _store_chunk(self, tx: Connection, row: UploadRow, content: bytes) -> UploadReply:
        end, now = row.received + len(content), self._clock.now()
        is_whole = end == row.length
        if is_whole:
            await sql.hold_content(tx, row.sha256)
        try:
            is_right = await asyncio.to_thread(self._write, row, content)
        except LostBytesError:
            _log.error("upload %s: bytes that were stored are gone; it begins again", row.id)
            end, is_whole, is_right = 0, False, True
        except OSError as error:
            raise BusyError(f"the chunk cannot be stored now: {error.strerror}", retry_after_s=_AGAIN_S) from error
        await sql.advance(tx, row.id, end if is_right else 0, is_complete=is_whole and is_right, now=now)
        if not is_right:
            await asyncio.to_thread(self._store.forget, row.id)
            return UploadReply(row.id, 0, "partial")
        return UploadReply(row.id, end, "complete" if is_whole else "partial")

    def _write(self, row: UploadRow, content: bytes) -> bool:
        """Write a chunk, and keep the file when it is the last; whether it is what was announced."""
        is_last = row.received + len(content) == row.length
        try:
            self._store.write(row.id, row.received, content)
        except LostBytesError:
            if not is_last:  # else it may be in its place: it was moved, and the answer was lost
                raise
        return self._store.keep(row.id, row.sha256) if is_last else True

    async def _check_room(self, tx: Connection, device_id: str, free: float) -> None:
        if free < LEAST_FREE:
            raise BusyError("the disk of the server is nearly full: no file is taken", retry_after_s=3_600)
        if await sql.announced_since(tx, device_id, self._clock.now() - _DAY) > DAILY_BYTES:
            raise BusyError("this PC has sent enough for today", retry_after_s=3_600)


def _over_budget(allowed: Allowance, length: int) -> ForbiddenError | None:
    """Why a file of so many bytes may not come; `None` when it may."""
    if allowed.request_id is None:
        return None
    for whose, budget, announced in (
        ("of this PC", allowed.budget, allowed.announced),
        ("of all PCs together", allowed.total_budget, allowed.total_announced),
    ):
        if announced + length > budget:
            message = f"{length} bytes are more than the budget {whose} leaves: {max(0, budget - announced)}"
            return ForbiddenError("upload.budget", message, at="$.length")
    return None
