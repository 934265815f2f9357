"""Archives of logs: whatever files are called on a PC, every system and every strict reader takes what is sent."""

import gc
import io
import zipfile
from datetime import UTC, datetime
from typing import IO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canopee_agent.archives import Limits, opened_archive
from canopee_agent.fakes import FakeOutbox
from canopee_agent.log_archive import LogArchive
from canopee_contract.log_manifest import MANIFEST, LogManifest

NOW = datetime(2026, 11, 24, tzinfo=UTC)
HOSTILE = [
    "/../../etc/passwd", "C:\\..\\..\\x", "\\\\srv\\share\\a.log", "/logs/con", "/logs/aux.log", "/a:b", "/x. ", "/",
    "", "/manifest.json", "manifest.json", "/e\u0301.log", "/é.log", "/\u017f.log", "/S.log", "/ss", "/ß", "/\x00\n",
    "/" + "x" * 500,
]  # fmt: skip


def archived(paths: list[str]) -> bytes:
    outbox = FakeOutbox()
    with outbox.create("logs.zip") as stream:
        archive = LogArchive(stream)
        for path in paths:
            archive.add(path, NOW, iter(("", "text ", "é\n")))
        archive.end(LogManifest(1, NOW, ()))
    return outbox.files["logs.zip"]


class FullDisk(io.BytesIO):
    """Takes one write."""

    def write(self, data: object, /) -> int:  # noqa: ARG002  nothing is kept
        if self.closed:
            raise ValueError("written to after its end")
        if self.tell():
            raise OSError(28, "No space left on device")
        return self.seek(1)


def test_an_archive_that_failed_writes_nothing_more_when_it_is_forgotten() -> None:
    stream = FullDisk()
    with pytest.raises(OSError, match="No space"), stream, LogArchive(stream) as archive:
        archive.add("a.log", NOW, iter(("text",)))
    del archive
    gc.collect()  # what fails in there is an error of this test


def check(paths: list[str]) -> None:
    stream = cast("IO[bytes]", io.BytesIO(archived(paths)))
    with opened_archive(stream, Limits()) as archive:
        texts = [b"".join(archive.pieces(entry)) for entry in archive.entries]
        assert texts[:-1] == ["text é\n".encode()] * len(paths)
        assert archive.entries[-1].parts == (MANIFEST,)


def test_hostile_names_become_names_that_the_strict_reader_takes() -> None:
    check(HOSTILE)


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_names_become_names_that_the_strict_reader_takes(paths: list[str]) -> None:
    check([f"/{path}" for path in paths])


def test_a_text_without_a_character_is_no_file() -> None:
    archive = LogArchive(cast("IO[bytes]", io.BytesIO()))
    assert archive.add("/a", NOW, iter(("", ""))) is None


def test_an_archive_tells_its_size_and_when_its_files_were_written() -> None:
    with zipfile.ZipFile(io.BytesIO(archived(["/a.log"]))) as opened:
        assert opened.getinfo("a.log").date_time == (2026, 11, 24, 0, 0, 0)
        assert opened.testzip() is None
