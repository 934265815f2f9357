"""Servers that hold files, in memory; part of `fakes.py`."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from canopee_agent.addresses import check_address
from canopee_agent.errors import MismatchError, MissingError, UnreachableError
from canopee_agent.ports import Download, Wanted
from canopee_kit.clock import FakeClock


class FakeDownloads:
    """Servers that hold files, and the ways in which they fail.

    Each failure is used once: `cuts` says after how many bytes the next answers break off.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._files: dict[str, tuple[bytes, str]] = {}
        self._redirects: dict[str, str] = {}
        self.cuts: list[int] = []
        self.piece = 65_536
        """Bytes of one piece."""
        self.seconds_a_piece = 0.0
        self.ignores_ranges = False
        self.requests: list[Wanted] = []
        """What was asked for, oldest first."""

    def serve(self, url: str, content: bytes, etag: str = '"1"') -> None:
        """Hold a file, in place of what was there."""
        self._files[url] = (content, etag)

    def redirect(self, url: str, target: str) -> None:
        """Answer that the file is elsewhere."""
        self._redirects[url] = target

    @contextmanager
    def fetch(self, wanted: Wanted) -> Generator[Download]:
        self.requests.append(wanted)
        url = wanted.url
        check_address(url, wanted.hosts)
        while url in self._redirects:
            url = self._redirects[url]
            check_address(url, wanted.hosts)
        if url not in self._files:
            raise MissingError(f"{url}: the server answers 404")
        content, etag = self._files[url]
        is_same = not self.ignores_ranges and wanted.etag in {"", etag}
        start = wanted.start if is_same else 0
        if len(content) != wanted.size:
            raise MismatchError(f"{url} has {len(content)} bytes and not {wanted.size}")
        cut = self.cuts.pop(0) if self.cuts else None
        yield FakeDownload(start, etag, self._pieces(content[start:], cut))

    def _pieces(self, content: bytes, cut: int | None) -> Iterator[bytes]:
        for at in range(0, len(content if cut is None else content[:cut]), self.piece):
            self._clock.advance(self.seconds_a_piece)
            yield content[at : min(at + self.piece, len(content) if cut is None else cut)]
        if cut is not None:
            raise UnreachableError("the connection was cut")


class FakeDownload:
    """`ports.Download`."""

    def __init__(self, start: int, etag: str, pieces: Iterator[bytes]) -> None:
        self.start, self.etag, self._pieces = start, etag, pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces
