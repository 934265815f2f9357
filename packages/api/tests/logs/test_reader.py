"""What archives hold, whatever a PC put in them."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from canopee_api.logs.reader import Searched, Task, answers, listing, search, text_of
from canopee_contract.log_requests import LogMatch


def opened(files: Mapping[str, bytes]) -> zipfile.ZipFile:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 24, 8, 0, 0)), text)
    return zipfile.ZipFile(content)


def found(
    archive: zipfile.ZipFile, pattern: str, **changes: object
) -> tuple[list[tuple[str, int, str]], Searched]:
    """Path, line and what was found; and how it ended."""
    task = msgspec.structs.replace(Task("", "search", pattern=pattern), **changes)
    *matches, ended = search(archive, task)
    assert isinstance(ended, Searched)
    some = [one for one in matches if isinstance(one, LogMatch)]
    return [(one.path, one.line, one.text[one.start : one.end]) for one in some], ended


def test_a_listing_says_what_the_pc_says_of_each_file() -> None:
    manifest = {
        "files": [{"path": "C:\\app.log", "name": "app.log", "cut": True}],
        "redacted": {"phone_number": 2},
    }
    held = listing(opened({"app.log": b"x" * 1_000, "manifest.json": msgspec.json.encode(manifest)}))
    (one,) = held.files
    assert (one.path, one.size_bytes, one.about) == ("app.log", 1_000, {"path": "C:\\app.log", "cut": True})
    assert one.modified_at == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert held.manifest == {"redacted": {"phone_number": 2}}


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{", b'{"files": 3}', b'{"files": [1, null]}', b"\xff"])
def test_a_manifest_that_says_nothing_sensible_hides_no_file(manifest: bytes) -> None:
    held = listing(opened({"app.log": b"x", "manifest.json": manifest}))
    assert [one.path for one in held.files] == ["app.log"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_lines_are_found_whatever_the_encoding(encoding: str) -> None:
    text = "démarré\r\nnœud ĀĊ\r\n" if encoding.startswith("utf") else "démarré\r\nfenêtre\r\n"
    archive = opened({"app.log": (text + "échec à l'ouverture\r\nfin").encode(encoding)})
    assert found(archive, "(?i)ÉCHEC")[0] == [("app.log", 3, "échec")]
    lines = text_of(archive, Task("", "text", 1)).lines
    assert [one.number for one in lines] == [1, 2, 3, 4]
    assert (lines[0].text, lines[3].text) == ("démarré", "fin")


def nameless(content: bytes) -> bytes:
    """An archive of one file that has no name."""
    about = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, zlib.crc32(content), len(content), len(content), 0, 0)
    local = b"PK\3\4" + about + content
    central = b"PK\1\2" + struct.pack("<H", 20) + about + struct.pack("<HHHII", 0, 0, 0, 0, 0)
    return local + central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def test_a_file_without_a_name_is_read_as_any_other() -> None:
    archive = zipfile.ZipFile(io.BytesIO(nameless(b"one needle\n")))
    assert [(one.number, one.path) for one in listing(archive).files] == [(1, "")]
    assert [one.text for one in text_of(archive, Task("", "text", 1)).lines] == ["one needle"]
    assert found(archive, "needle")[0] == [("", 1, "needle")]


def test_text_comes_in_parts_that_follow_one_another() -> None:
    archive = opened({"app.log": b"".join(b"line %d\n" % number for number in range(1, 11))})
    first = text_of(archive, Task("", "text", 1, first=1, count=4))
    assert ([one.text for one in first.lines], first.next_line) == (["line 1", "line 2", "line 3", "line 4"], 5)
    last = text_of(archive, Task("", "text", 1, first=9, count=4))
    assert ([one.number for one in last.lines], last.next_line) == ([9, 10], None)


def test_a_line_without_end_is_read_in_pieces_and_shown_cut() -> None:
    archive = opened({"app.log": b"a" * 100_000 + b"needle" + b"b" * 100_000 + b"\nnext needle\n"})
    matches, ended = found(archive, "needle")
    assert matches == [("app.log", 1, "needle"), ("app.log", 2, "needle")]
    assert ended.read_bytes < 250_000
    lines = text_of(archive, Task("", "text", 1)).lines
    assert [(one.number, len(one.text), one.is_cut) for one in lines] == [(1, 2_000, True), (2, 11, False)]


def test_a_search_ends_at_its_limit_and_says_so() -> None:
    archive = opened({"a.log": b"x\n" * 50, "b.log": b"x\n" * 50})
    matches, ended = found(archive, "x", limit=60)
    assert (len(matches), matches[-1], ended.ended_by) == (60, ("b.log", 10, "x"), "matches")
    assert found(archive, "x", member="b.log", limit=200)[1] == Searched("end", 1, 50)


def test_the_manifest_is_no_file_in_which_something_is_found() -> None:
    archive = opened({"app.log": b"phone_number\n", "manifest.json": b'{"redacted": {"phone_number": 2}}'})
    matches, ended = found(archive, "phone_number")
    assert matches == [("app.log", 1, "phone_number")]
    assert ended.files == 1


def test_what_is_no_text_is_passed_over_and_said_to_be_none() -> None:
    archive = opened({"app.exe": b"MZ\0\0needle\n", "app.log": b"needle\n", "folder/": b""})
    assert found(archive, "needle")[0] == [("app.log", 1, "needle")]
    assert text_of(archive, Task("", "text", 1)).is_binary


def test_a_file_is_known_by_its_number_where_it_is_listed_read_and_found() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in (("folder/", ""), ("a.log", "one"), ("manifest.json", "{}")):
            archive.writestr(name, text)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.log", "two")
    archive = zipfile.ZipFile(content)
    held = listing(archive).files
    assert [(one.number, one.path) for one in held] == [(1, "a.log"), (2, "a.log")]
    texts = [text_of(archive, Task("", "text", one.number)).lines[0].text for one in held]
    assert texts == ["one", "two"], "of two files of one name, each is read"
    matches = search(archive, Task("", "search", pattern="one|two", member="a.log"))
    assert [(one.file, one.text) for one in matches if isinstance(one, LogMatch)] == [(1, "one"), (2, "two")]
    for number in (0, 3):
        with pytest.raises(KeyError):
            text_of(archive, Task("", "text", number))
    with pytest.raises(KeyError):
        list(search(archive, Task("", "search", pattern="x", member="manifest.json")))


def test_a_file_that_is_spoiled_does_not_hide_the_others() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.log", b"needle and more, which is long enough to be spoiled\n" * 400)
        archive.writestr("b.log", b"needle\n")
    raw = bytearray(content.getvalue())
    raw[60:100] = b"\xff" * 40
    matches, ended = found(zipfile.ZipFile(io.BytesIO(bytes(raw))), "needle")
    assert ("b.log", 1, "needle") in matches
    assert ended.ended_by == "end"


def test_a_file_compressed_in_an_odd_way_and_spoiled_does_not_hide_the_others(tmp_path: Path) -> None:
    path, texts = tmp_path / "a.zip", {"first.log": b"found\n" * 99, "last.log": b"found\n"}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("first.log", texts["first.log"], zipfile.ZIP_LZMA)
        archive.writestr("last.log", texts["last.log"], zipfile.ZIP_STORED)
        at = archive.getinfo("first.log").header_offset
    spoiled = bytearray(path.read_bytes())
    spoiled[at + 60 : at + 70] = b"\xff" * 10
    path.write_bytes(spoiled)
    lines = list(answers(Task(str(path), "search", pattern="found")))
    assert [msgspec.json.decode(line, type=LogMatch).path for line in lines[:-1]] == ["last.log"]
    assert msgspec.json.decode(lines[-1], type=Searched).ended_by == "end"
    (text,) = answers(Task(str(path), "text", number=1))
    assert b"is_binary" in text or b"failed" in text


def test_a_bomb_is_read_without_being_held() -> None:
    compressor, block = zlib.compressobj(9), b"\0" * 0 + b"A" * 2**20
    raw = b"".join(compressor.compress(block) for _ in range(64)) + compressor.flush()
    assert len(raw) < 2**17
    archive = opened({"bomb.log": zlib.decompress(raw)})
    matches, ended = found(archive, re.escape("needle"))
    assert (matches, ended.read_bytes) == ([], 64 * 2**20)
