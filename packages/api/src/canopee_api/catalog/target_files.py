"""Files too large for a publication: received part by part before they are named, and served in pieces.

They are in PostgreSQL, so that N processes that share nothing else all have them (docs/adr/0033). A part is stored for
good when it is answered; a file counts once it is whole and has its SHA-256.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from datetime import timedelta

from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres import target_files as sql
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.target_files import PART_BYTES
from canopee_contract.release import MAX_RELEASE_BYTES
from canopee_contract.release_views import MAX_UPLOAD_BYTES, TargetUpload
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEPT = timedelta(days=1)
"""How long an upload that no metadata names may wait."""
_REMEMBERED = 128
"""Parts kept in memory: a fleet that updates asks for the same ones again and again."""


class TargetFiles:
    """The files of one installation."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._parts: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    async def upload(self, sha256: str) -> TargetUpload:
        """How far a file has come; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            row = await sql.get_file(tx, sha256)
        if row is None:
            raise NotFoundError("upload.unknown", "nothing of a file with this SHA-256 was received")
        return _view(row)

    async def receive(self, sha256: str, *, length: int, offset: int, content: bytes) -> TargetUpload:
        """Store the bytes that begin at `offset`. What is whole already stays as it is.

        Raises:
            InvalidError: not acceptable, or the whole file has another SHA-256: nothing of it is kept.
            ConflictError: another offset, or another length, is expected.
        """
        _check(sha256, length, offset, content)
        async with self._database.transaction() as tx:
            row = await sql.begin_file(tx, sha256, length, now=self._clock.now())
            if row.is_complete:
                return _view(row)
            if row.length != length:
                raise ConflictError("upload.length", f"{row.length} bytes were announced before", at="$.length")
            if row.received != offset:
                raise ConflictError("upload.offset", f"go on at offset {row.received}", at="$.offset")
            parts = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
            await sql.add_parts(tx, sha256, offset // PART_BYTES, parts, now=self._clock.now())
            is_whole = offset + len(content) == length
            is_right = not is_whole or await _digest(tx, sha256) == sha256
            if is_whole and is_right:
                await sql.mark_complete(tx, sha256)
            if not is_right:
                await sql.delete_file(tx, sha256)
        if not is_right:
            raise InvalidError("upload.sha256", "the bytes received have another SHA-256: send the file again")
        return TargetUpload(sha256, length, offset + len(content), "complete" if is_whole else "partial")

    async def length(self, sha256: str) -> int:
        """Bytes of a whole file; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            row = await sql.get_file(tx, sha256)
        if row is None or not row.is_complete:
            raise NotFoundError("trust.unknown_file", "the bytes of this target are not here")
        return row.length

    async def pieces(self, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`, a part at a time; raises `NotFoundError` when one is gone."""
        for number in range(start // PART_BYTES, -(-end // PART_BYTES)):
            at = number * PART_BYTES
            part = await self._part(sha256, number)
            yield part[max(start - at, 0) : end - at]

    async def tend(self) -> None:
        """Remove what was received and is named by nothing."""
        async with self._database.transaction() as tx:
            gone = await sql.delete_unnamed(tx, untouched_since=self._clock.now() - _KEPT)
        for sha256 in gone:
            _log.info("the upload %s is removed: no metadata names it", sha256[:16])

    async def _part(self, sha256: str, number: int) -> bytes:
        key = sha256, number
        held = self._parts.get(key)
        if held is None:
            async with self._database.transaction() as tx:
                held = await sql.part(tx, sha256, number)
            if held is None:
                raise NotFoundError("trust.unknown_file", "the bytes of this target are not here any more")
            self._parts[key] = held
            if len(self._parts) > _REMEMBERED:
                self._parts.popitem(last=False)
        else:
            self._parts.move_to_end(key)
        return held


def _check(sha256: str, length: int, offset: int, content: bytes) -> None:
    if not _SHA256.fullmatch(sha256):
        raise InvalidError("upload.name", "the path ends in the SHA-256 of the file: 64 digits and letters a to f")
    if not 0 < length <= MAX_RELEASE_BYTES:
        raise InvalidError("upload.length", f"a file has 1 to {MAX_RELEASE_BYTES} bytes", at="$.length")
    end = offset + len(content)
    if offset < 0 or not content or len(content) > MAX_UPLOAD_BYTES or end > length:
        raise InvalidError(
            "upload.offset", f"send 1 to {MAX_UPLOAD_BYTES} bytes, none past the length", at="$.offset"
        )
    if offset % PART_BYTES or (end % PART_BYTES and end != length):
        raise InvalidError(
            "upload.offset", f"all but the last bytes come by multiples of {PART_BYTES}", at="$.offset"
        )


async def _digest(tx: Connection, sha256: str) -> str:
    digest, number = hashlib.sha256(), 0
    while (part := await sql.part(tx, sha256, number)) is not None:
        digest.update(part)
        number += 1
    return digest.hexdigest()


def _view(row: sql.FileRow) -> TargetUpload:
    return TargetUpload(row.sha256, row.length, row.received, "complete" if row.is_complete else "partial")
