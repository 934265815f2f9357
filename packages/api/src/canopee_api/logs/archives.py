"""What came: downloaded, listed, read and searched. Whoever opens an archive is in the audit."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import IO, cast

import msgspec

from canopee_api.audit.chain import note
from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.files.store import FileStore
from canopee_api.logs.reader import Listed, Searched, Task
from canopee_api.logs.reading import Readers
from canopee_api.logs.requests import request_of
from canopee_api.postgres import log_archives as sql
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.log_archives import WholeRow
from canopee_contract.codec import encode
from canopee_contract.log_requests import ArchiveListing, ArchiveText, LogMatch, LogMatches, SearchArchive
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id

MOST_MATCHES, MOST_LINES = 1_000, 2_000
_LONGEST_PATTERN = 500
_SAME_READER = timedelta(minutes=10)
"""Who reads on in an archive within so long has opened it once."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_PIECE_NAME = 60


class Archives:
    """The archives of log requests."""

    def __init__(self, database: Database, store: FileStore, readers: Readers, clock: Clock) -> None:
        self._database, self._store, self._readers, self._clock = database, store, readers, clock
        self._opened = dict[tuple[str, str], float]()

    async def open(self, request_id: str, device_id: str, *, step: str, by: str, how: str) -> WholeRow:
        """The archive of a device, as `by` opens it to do something with it: said in the audit.

        Raises:
            ConflictError: it has not come, or not all of it.
            NotFoundError: there is no such request, device or step; or it was purged.
        """
        async with self._database.transaction() as tx:
            row = await request_of(tx, request_id)
            rows = await sql.whole_archives(tx, row.id, device_id=device_id) if is_id(device_id) else []
            found = next((one for one in rows if step in {"", one.step}), None)
            if found is None:
                raise await self._absent(tx, row.id, device_id)
            if not self._store.has(found.sha256):
                raise NotFoundError("logs.lost", "its bytes are not on this server: look at the folder of files")
            if how != "read" or self._is_new(by, found.upload_id):
                await note(
                    tx, self._clock.now(), by, "logs.open", row.id, device=found.device_id,
                    hostname=found.hostname, name=found.name, sha256=found.sha256, how=how,
                )  # fmt: skip
        return found

    def pieces(self, row: WholeRow, start: int, end: int) -> Iterator[bytes]:
        """Bytes of an archive; blocks."""
        return self._store.pieces(row.sha256, start, end)

    async def open_all(self, request_id: str, *, by: str) -> tuple[str, Iterator[bytes]]:
        """Every archive that is there, in one zip: its name, and its bytes as they are made.

        Raises:
            ConflictError: none has come yet.
            NotFoundError: there is no such request.
        """
        async with self._database.transaction() as tx:
            row = await request_of(tx, request_id)
            rows = await sql.whole_archives(tx, row.id)
            if not rows:
                raise ConflictError("logs.none", "no archive is there: see where its PCs stand")
            await note(
                tx, self._clock.now(), by, "logs.open", row.id, how="zip",
                archives=[{"device": one.device_id, "sha256": one.sha256} for one in rows],
            )  # fmt: skip
        about = {
            "id": row.id,
            "ticket": row.ticket,
            "reason": row.reason,
            "archives": [_said(one) for one in rows],
        }
        return f"{safe_name(row.ticket)}_{row.created_at:%Y-%m-%d}.zip", self._zipped(rows, encode(about))

    async def listing(self, request_id: str, device_id: str, *, step: str, by: str) -> ArchiveListing:
        """What an archive holds; raises as `open`, and `InvalidError` when it is no archive."""
        row = await self.open(request_id, device_id, step=step, by=by, how="read")
        held = await self._readers.ask(Task(str(self._store.file(row.sha256)), "list"), Listed)
        return ArchiveListing(row.name, row.sha256, row.length, held.files, held.is_cut, held.manifest)

    async def text(
        self, request_id: str, device_id: str, *, step: str, number: int, first: int, count: int, by: str
    ) -> ArchiveText:
        """Some lines of a file, by its number in `listing`; raises as that."""
        if first < 1 or not 1 <= count <= MOST_LINES:
            raise InvalidError("logs.lines", f"from line 1, 1 to {MOST_LINES} lines", at="line")
        row = await self.open(request_id, device_id, step=step, by=by, how="read")
        file = str(self._store.file(row.sha256))
        return await self._readers.ask(Task(file, "text", number, first=first, count=count), ArchiveText)

    async def search(self, request_id: str, device_id: str, wanted: SearchArchive, *, by: str) -> LogMatches:
        """Where a text is found; raises as `listing`, and `InvalidError` for what cannot be looked for."""
        pattern = check_pattern(wanted.q, is_regex=wanted.regex, has_case=wanted.case)
        if not 1 <= wanted.limit <= MOST_MATCHES:
            raise InvalidError("logs.limit", f"1 to {MOST_MATCHES} matches", at="$.limit")
        row = await self.open(request_id, device_id, step=wanted.step, by=by, how="read")
        file = str(self._store.file(row.sha256))
        task = Task(file, "search", member=wanted.path, pattern=pattern, limit=wanted.limit)
        began = self._clock.monotonic()
        matches, ended = await self._readers.gather(task, LogMatch, Searched)
        seconds = round(self._clock.monotonic() - began, 3)
        ended_by, files, read = (ended.ended_by, ended.files, ended.read_bytes) if ended else ("time", 0, 0)
        return msgspec.convert(
            {
                "matches": [msgspec.to_builtins(one) for one in matches], "is_cut": ended_by != "end",
                "ended_by": ended_by, "files": files, "read_bytes": read, "seconds": seconds,
            },
            LogMatches,
        )  # fmt: skip

    def _is_new(self, by: str, upload_id: str) -> bool:
        """Whether somebody has not read an archive a moment ago."""
        now, longest = self._clock.monotonic(), _SAME_READER.total_seconds()
        self._opened = {key: at for key, at in self._opened.items() if now - at < longest}
        is_new = (by, upload_id) not in self._opened
        self._opened[by, upload_id] = now
        return is_new

    async def _absent(self, tx: Connection, request_id: str, device_id: str) -> ConflictError | NotFoundError:
        state = await sql.standing_of(tx, request_id, device_id) if is_id(device_id) else None
        if state is None:
            return NotFoundError("logs.device", f"{device_id[:40]} is no device of this request")
        if state == "purged":
            return NotFoundError("logs.purged", "it was purged: its receipt says when and by whom")
        return ConflictError("logs.not_ready", "its archive is not there, or not all of it")

    def _zipped(self, rows: Sequence[WholeRow], about: bytes) -> Iterator[bytes]:
        """The archives stored as they are, and what they are; a piece at a time, whatever their size. Blocks."""
        sink = _Sink()
        with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_STORED) as archive:  # it is only written to
            archive.writestr("request.json", about)
            for row in rows:
                info = zipfile.ZipInfo(entry_name(row), _dos_time(row.received_at))
                with archive.open(info, "w", force_zip64=True) as stream:
                    for piece in self._store.pieces(row.sha256, 0, row.length):
                        stream.write(piece)
                        yield sink.taken()
        yield sink.taken()


class _Sink:
    """What a zip is written to, and taken from: it goes forward only."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, content: bytes) -> int:
        self._held += content
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        held, self._held = bytes(self._held), bytearray()
        return held


def check_pattern(text: str, *, is_regex: bool, has_case: bool) -> str:
    """The regular expression of what is looked for.

    Raises:
        InvalidError: empty, too long, or not one.
    """
    if not 1 <= len(text) <= _LONGEST_PATTERN:
        raise InvalidError("logs.pattern", f"1 to {_LONGEST_PATTERN} characters", at="$.q")
    pattern = f"{'' if has_case else '(?i)'}{text if is_regex else re.escape(text)}"
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidError("logs.pattern", f"not a regular expression: {error}", at="$.q") from error
    return pattern


def entry_name(row: WholeRow) -> str:
    """Where an archive is in the zip of all: by practice and name of the PC, which others may share."""
    pc = f"{safe_name(row.hostname)}_{row.device_id[-8:]}"
    return f"{safe_name(row.practice_id)}/{pc}/{safe_name(row.step)}_{safe_name(row.name)}"


def file_name(row: WholeRow) -> str:
    """What the archive of one device is called when it is downloaded."""
    return (
        f"{safe_name(row.practice_id)}_{safe_name(row.hostname)}_{row.received_at:%Y-%m-%d}_{safe_name(row.name)}"
    )


def _dos_time(at: datetime) -> tuple[int, int, int, int, int, int]:
    return at.year, at.month, at.day, at.hour, at.minute, at.second


def _said(row: WholeRow) -> dict[str, object]:
    return {
        "entry": entry_name(row), "device_id": row.device_id, "hostname": row.hostname,
        "practice_id": row.practice_id, "sha256": row.sha256, "size_bytes": row.length,
    }  # fmt: skip


def safe_name(text: str) -> str:
    """Part of a name of a file, whatever it was."""
    return _UNSAFE.sub("-", text).strip("-.")[:_PIECE_NAME] or "unnamed"
