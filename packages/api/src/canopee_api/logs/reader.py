"""What archives hold, read in a process of its own: it may be killed, and has little memory and time.

An archive comes from a PC: it may be anything. `main` reads one `Task` as JSON from standard input and writes JSON
lines: matches as they are found, then the answer. Nothing is unpacked to disk; a long line is read in pieces.
"""

import lzma
import re
import resource
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any, cast

import msgspec

from canopee_contract.log_requests import ArchiveFile, ArchiveText, LogLine, LogMatch

MOST_FILES = 10_000
MOST_READ_BYTES = 8 * 2**30
MANIFEST = "manifest.json"
_MANIFEST_BYTES = 8 * 2**20
_LONGEST = 16_384
"""Characters of a line; what follows is the next piece of it, and counts as no line."""
_SHOWN = 2_000
"""Characters of a line that are shown."""
_MEMORY_BYTES = 1_500_000_000
_CPU_S = 60
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, RuntimeError, OSError,
    ValueError,
)  # fmt: skip


class Task(msgspec.Struct, frozen=True):
    """What to do with an archive."""

    path: str
    """Of the file on this machine."""
    kind: str
    """`list`, `text` or `search`."""
    number: int = 0
    """Of the file inside, from 1, as it is listed."""
    member: str = ""
    """Of a search: its path; empty for every file."""
    first: int = 1
    count: int = 500
    pattern: str = ""
    """A regular expression."""
    limit: int = 200


class Listed(msgspec.Struct):
    """The answer to `list`."""

    files: list[ArchiveFile]
    is_cut: bool
    manifest: dict[str, Any]


class Searched(msgspec.Struct):
    """The last line of the answer to `search`; the matches are before it."""

    ended_by: str
    files: int
    read_bytes: int


class Failed(msgspec.Struct):
    """The archive, or the file inside, cannot be read."""

    failed: str


def main() -> int:
    """Do one task."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    for line in answers(task):
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
    return 0


def answers(task: Task) -> Iterator[bytes]:
    """The lines of the answer, whatever the archive is: what cannot be read is `Failed`, and nothing is raised."""
    try:
        with zipfile.ZipFile(task.path) as archive:
            yield from map(msgspec.json.encode, _answers(archive, task))
    except KeyError:
        yield msgspec.json.encode(Failed("there is no such file in the archive"))
    except (*_UNREADABLE, MemoryError) as error:
        yield msgspec.json.encode(Failed(f"this is no archive that can be read: {type(error).__name__}"))


def _answers(archive: zipfile.ZipFile, task: Task) -> Iterator[msgspec.Struct]:
    if task.kind == "list":
        yield listing(archive)
    elif task.kind == "text":
        yield text_of(archive, task)
    else:
        yield from search(archive, task)


def listing(archive: zipfile.ZipFile) -> Listed:
    """Every file, with what the PC says of it."""
    manifest = _manifest(archive)
    try:
        said = {
            str(one.get("name") or one.get("path")): one
            for one in msgspec.convert(manifest.pop("files", []), list[dict[str, Any]])
        }
    except msgspec.ValidationError:
        said = {}
    members = _members(archive)
    files = [
        ArchiveFile(
            one.filename, one.file_size, one.compress_size, _modified(one), _about(said, one.filename), number
        )
        for number, one in members[:MOST_FILES]
    ]  # fmt: skip
    return Listed(files, len(members) > MOST_FILES, manifest)


def _members(archive: zipfile.ZipFile) -> list[tuple[int, zipfile.ZipInfo]]:
    """The files that the PC took, with their numbers."""
    files = [one for one in archive.infolist() if not one.filename.endswith("/") and one.filename != MANIFEST]
    return list(enumerate(files, 1))


def _about(said: dict[str, dict[str, Any]], path: str) -> dict[str, Any]:
    """What the manifest says of a file, but for its name."""
    return {name: value for name, value in said.get(path, {}).items() if name != "name"}


def text_of(archive: zipfile.ZipFile, task: Task) -> ArchiveText:
    """Some lines of a file."""
    lines, following = list[LogLine](), None
    info = dict(_members(archive))[task.number]
    if _is_binary(archive, info):
        return ArchiveText(info.filename, [], None, is_binary=True)
    for number, text in _lines(archive, info):
        if number >= task.first + task.count:
            following = number
            break
        if number >= task.first and (not lines or lines[-1].number != number):
            lines.append(LogLine(number, text[:_SHOWN], len(text) > _SHOWN))
    return ArchiveText(info.filename, lines, following)


def search(archive: zipfile.ZipFile, task: Task) -> Iterator[LogMatch | Searched]:
    """The lines in which a pattern is found, as they are found."""
    pattern, found, files, read = re.compile(task.pattern), 0, 0, 0
    members = [one for one in _members(archive) if task.member in {"", one[1].filename}]
    if task.member and not members:
        raise KeyError(task.member)
    for file, info in members:
        if _is_binary(archive, info):
            continue
        files += 1
        try:
            for line, text in _lines(archive, info):
                read += len(text)
                if read > MOST_READ_BYTES:
                    yield Searched("bytes", files, read)
                    return
                match = pattern.search(text)
                if match is None:
                    continue
                yield _match(LogMatch(info.filename, line, text, match.start(), match.end(), file))
                found += 1
                if found >= task.limit:
                    yield Searched("matches", files, read)
                    return
        except _UNREADABLE:
            continue  # one file that is spoiled does not hide the others
    yield Searched("end", files, read)


def _match(whole: LogMatch) -> LogMatch:
    """With what is around it only, of a long line."""
    first = max(0, whole.start - _SHOWN // 4) if len(whole.text) > _SHOWN else 0
    shown = whole.text[first : first + _SHOWN]
    end = min(whole.end - first, len(shown))
    return msgspec.structs.replace(whole, text=shown, start=whole.start - first, end=end)


def _lines(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[tuple[int, str]]:
    """The lines with their numbers; a long one in pieces of the same number."""
    with archive.open(info) as stream:
        start = cast("zipfile.ZipExtFile", stream).peek(2)
        encoding = "utf-16-le" if start[:2] == b"\xff\xfe" else "utf-16-be" if start[:2] == b"\xfe\xff" else ""
        number = 1
        for piece in _pieces(stream, encoding):
            text = piece.removeprefix("\ufeff") if number == 1 else piece
            yield number, text.rstrip("\r\n")
            if piece.endswith("\n"):
                number += 1


def _pieces(stream: IO[bytes], encoding: str) -> Iterator[str]:
    """Up to the end of each line, or so many bytes of it."""
    if not encoding:
        while raw := stream.readline(_LONGEST):
            yield _decoded(raw)
        return
    end, held = "\n".encode(encoding), b""
    while block := stream.read(_LONGEST):
        held += block
        while held:
            at = _aligned(held, end)
            if at < 0 and len(held) < 2 * _LONGEST:
                break
            cut = at + len(end) if at >= 0 else _LONGEST
            yield held[:cut].decode(encoding, "replace")
            held = held[cut:]
    if held:
        yield held.decode(encoding, "replace")


def _aligned(held: bytes, end: bytes) -> int:
    """Where a line of two-byte characters ends; -1: not here."""
    at = held.find(end)
    while at % 2 and at >= 0:
        at = held.find(end, at + 1)
    return at


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _is_binary(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Whether it is no text: what cannot be opened is none either."""
    try:
        with archive.open(info) as stream:
            start = stream.read(8_192)
    except _UNREADABLE:
        return True
    return start[:2] not in {b"\xff\xfe", b"\xfe\xff"} and b"\0" in start


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    """What the PC says of the archive; nothing when it says nothing that can be read."""
    try:
        with archive.open(MANIFEST) as stream:
            return msgspec.json.decode(stream.read(_MANIFEST_BYTES), type=dict[str, Any])
    except (KeyError, msgspec.DecodeError, *_UNREADABLE):
        return {}


def _modified(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time, tzinfo=UTC)
    except ValueError:
        return None


if __name__ == "__main__":
    sys.exit(main())
