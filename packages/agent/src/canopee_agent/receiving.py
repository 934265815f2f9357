"""One large file on its way to the disk: received through cuts, made durable, verified, and held while it is used."""

import hashlib
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, TypeAlias

import msgspec

from canopee_agent import locations
from canopee_agent.errors import MismatchError, UnreachableError
from canopee_agent.ports import Download, Machine
from canopee_agent.step import Deadline

_PIECE = 1_048_576
_MOST_CUTS, _PAUSE_S = 5, 2.0
"""How often in a row an answer may break off without bringing anything, and the first wait between two."""

Fetch: TypeAlias = Callable[[int, str, float], AbstractContextManager[Download]]
"""Asks for the bytes from a place on, with the validator of those before it, within so many seconds."""


class Expected(msgspec.Struct, frozen=True):
    """What the file must be."""

    name: str
    """As messages call it."""
    size: int
    sha256: str


class Receiving:
    """The part of a file at `part`: what an earlier attempt left of it is kept, and gone on with."""

    def __init__(self, machine: Machine, part: str, expected: Expected, fetch: Fetch, deadline: Deadline) -> None:
        self._machine, self._part, self._expected = machine, part, expected
        self._fetch, self._deadline = fetch, deadline
        self._etag = ""
        self.received = self.resumed = 0
        """Bytes received this time, and kept from before."""

    @contextmanager
    def whole(self) -> Generator[IO[bytes]]:
        """The whole file, durable and verified, and still held: nobody writes it meanwhile.

        Raises:
            MismatchError: it is not what was signed; nothing of it is kept.
        """
        files = self._machine.files
        try:
            with files.resume(self._part) as stream, locations.told_of(self._part):
                self.resumed = self._kept(stream)
                self.received = self._receive(stream)
                if self.resumed and not self._is_right(stream):  # what was kept is of no use: all of it again
                    stream.truncate(0)
                    self.resumed, self.received = 0, self.received + self._receive(stream)
                files.sync(stream)
                self._verify(stream)
                yield stream
        except MismatchError:
            files.delete(self._part)
            raise

    def _kept(self, stream: IO[bytes]) -> int:
        """Bytes of an earlier attempt; more than the whole file are none of it."""
        kept = stream.seek(0, 2)
        if kept > self._expected.size:
            stream.truncate(0)
            return stream.seek(0)
        return kept

    def _verify(self, stream: IO[bytes]) -> None:
        if not self._is_right(stream):
            raise MismatchError(
                f"{self._expected.name} has not the SHA-256 that was signed; nothing of it is kept"
            )
        self._deadline.check()

    def _is_right(self, stream: IO[bytes]) -> bool:
        return digest(stream, self._deadline) == (self._expected.size, self._expected.sha256)

    def _receive(self, stream: IO[bytes]) -> int:
        """Receive what is missing, through cuts as long as something comes; bytes received."""
        received = cuts = 0
        while stream.seek(0, 2) < self._expected.size:
            before = received
            try:
                for size in self._pieces(stream):
                    received += size
            except UnreachableError:
                cuts = 1 if received > before else cuts + 1
                if cuts >= _MOST_CUTS:
                    raise
                self._machine.clock.sleep(min(_PAUSE_S * 2 ** (cuts - 1), self._deadline.left_s))
        return received

    def _pieces(self, stream: IO[bytes]) -> Generator[int]:
        """Write one answer at the end of the part; the size of each piece."""
        start = stream.seek(0, 2)
        with self._fetch(start, self._etag, self._deadline.left_s) as download:
            self._etag = download.etag
            if download.start != start:  # another file, or a server without ranges: from the beginning
                stream.seek(download.start)
                stream.truncate()
            for piece in download:
                stream.write(piece)
                self._deadline.check()
                yield len(piece)


def digest(stream: IO[bytes], deadline: Deadline) -> tuple[int, str]:
    """Size and SHA-256 of all that the open file holds."""
    stream.seek(0)
    found, size = hashlib.sha256(), 0
    while piece := stream.read(_PIECE):
        found.update(piece)
        size += len(piece)
        deadline.check()
    return size, found.hexdigest()
