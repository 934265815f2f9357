"""One log file on its way off the PC: its tail, as text, within a range of dates, redacted; in memory of a few windows.

Others may go on writing it: what is read is what was there when it was opened. A file that ends with `.gz` is unpacked.
"""

import gzip
import itertools
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, cast

import msgspec

from canopee_agent import locations
from canopee_agent.errors import BusyError, DeniedError, MissingError, StepError
from canopee_agent.globs import Match
from canopee_agent.line_times import SAMPLE_LINES, LineTimes, between, given_format, known_format
from canopee_agent.ports import Found, Machine
from canopee_agent.redaction import Redaction, told
from canopee_agent.step import Deadline
from canopee_agent.texts import SAMPLE, Decoding, is_binary

_PIECE = 262_144
_SAMPLE_CHARACTERS = 65_536
_MOST_UNPACKED = 4 * 2**30
"""Bytes that a compressed file may become."""


class Range(msgspec.Struct, frozen=True):
    """Dates on the wall of the PC: from `since` on, before `until`."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.since is None and self.until is None


class Source:
    """One file; what is said of it is true once `texts` has come to its end."""

    def __init__(self, machine: Machine, match: Match, redaction: Redaction, deadline: Deadline) -> None:
        self._machine, self._match, self._redaction, self._deadline = machine, match, redaction, deadline
        self.size = match.found.size
        self.is_cut = self.is_changed = False
        self.encoding = self.time_format = ""
        self.lines_left_out = 0
        self.redacted: dict[str, int] = {}

    @property
    def modified_at(self) -> datetime:
        """When the file was written last."""
        return datetime.fromtimestamp(self._match.found.modified_ns // 10**9, UTC)

    def texts(self, limit: int, dates: Range, time_format: str = "") -> Iterator[str]:
        """Its last `limit` bytes as text, the lines of `dates`, redacted.

        Raises:
            StepError: it is no text, it is damaged, or it cannot be read.
            MissingError, DeniedError, BusyError: as `Files.open`.
        """
        path, before = self._match.path, dict(self._redaction.counts)
        with self._machine.files.open(path) as raw, locations.told_of(path), _packed():
            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if path.lower().endswith(".gz") else raw
            sample = stream.read(SAMPLE)
            if is_binary(sample):
                raise StepError("it is no text: nothing could be hidden in it")
            start = self._start(stream, limit)
            decoding = Decoding(sample)
            texts = decoding.texts(self._pieces(stream, start))
            if self.is_cut:
                texts = _from_the_next_line(texts)
            if not dates.is_open:
                texts = self._dated(texts, dates, time_format)
            yield from self._redaction.stream(texts)
            self.encoding = decoding.name
        after = self._redaction.counts
        self.redacted = told({kind: count - before.get(kind, 0) for kind, count in after.items()})
        self.is_changed = self._now() != self._match.found

    def _start(self, stream: IO[bytes], limit: int) -> int:
        """Where to begin, so that `limit` bytes are read; `size` is then what there is."""
        if isinstance(stream, gzip.GzipFile):
            self.size = self._unpacked_size(stream)
        else:
            self.size = stream.seek(0, 2)
        self.is_cut = self.size > limit
        start = max(0, self.size - limit)
        return start - start % 2  # no character of UTF-16 is cut

    def _unpacked_size(self, stream: IO[bytes]) -> int:
        stream.seek(0)
        size = 0
        while piece := stream.read(_PIECE):
            self._deadline.check()
            size += len(piece)
            if size > _MOST_UNPACKED:
                raise StepError(f"it becomes more than {_MOST_UNPACKED} bytes")
        return size

    def _pieces(self, stream: IO[bytes], start: int) -> Iterator[bytes]:
        """What was there when it was opened: a file that grows faster than it is read comes to an end."""
        left = self.size - start
        stream.seek(start)
        while left > 0 and (piece := stream.read(min(_PIECE, left))):
            self._deadline.check()
            left -= len(piece)
            yield piece

    def _dated(self, texts: Iterator[str], dates: Range, time_format: str) -> Iterator[str]:
        """The lines of a range, where the format of their times is known; else all of them."""
        head: list[str] = []
        while sum(map(len, head)) < _SAMPLE_CHARACTERS and (text := next(texts, None)) is not None:
            head.append(text)
        wall, sample = self._machine.system.wall, "".join(head)[:_SAMPLE_CHARACTERS].split("\n")[:SAMPLE_LINES]
        written_at = wall(self.modified_at)
        times = given_format(time_format, wall) if time_format else known_format(sample, wall, written_at)
        every = itertools.chain(head, texts)
        if times is None:
            yield from every
            return
        self.time_format = times.name
        yield from self._in_range(every, times, dates)

    def _in_range(self, texts: Iterator[str], times: LineTimes, dates: Range) -> Iterator[str]:
        kept: list[str] = []
        size = 0
        for line, is_in in between(_lines(texts), times, dates.since, dates.until):
            if not is_in:
                self.lines_left_out += 1
                continue
            kept.append(line)
            size += len(line)
            if size >= _PIECE:
                yield "".join(kept)
                kept, size = [], 0
        yield "".join(kept)

    def _now(self) -> Found | None:
        try:
            return self._machine.files.look(self._match.path)
        except (MissingError, DeniedError, BusyError):
            return None


@contextmanager
def _packed() -> Generator[None]:
    """What the decompressor says of damaged bytes is a file that cannot be read."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise StepError(f"its compressed bytes are damaged: {error}") from error


def _lines(texts: Iterator[str]) -> Iterator[str]:
    """Lines with their end, whatever the parts that they come in."""
    held = ""
    for text in texts:
        *whole, held = (held + text).split("\n")
        for line in whole:
            yield line + "\n"
        if len(held) > _PIECE:  # endless: what comes now is another line
            yield held
            held = ""
    if held:
        yield held


def _from_the_next_line(texts: Iterator[str]) -> Iterator[str]:
    """Without the end of a line whose start was cut, which may be half of what should be hidden."""
    for text in texts:
        _, separator, rest = text.partition("\n")
        if separator:
            yield rest
            break
    yield from texts
