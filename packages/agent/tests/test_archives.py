import io
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest

from canopee_agent.archives import Limits, opened_archive
from canopee_agent.errors import ArchiveError

LIMITS = Limits(files=100, total_bytes=50_000_000)


def zipped(*names: str, content: bytes = b"x" * 100, mode: int = 0, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive with entries of these names, however bad they are."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name in names:
            entry = zipfile.ZipInfo(name)
            entry.compress_type, entry.external_attr = method, mode << 16
            archive.writestr(entry, b"" if name.endswith("/") else content)
    return output.getvalue()


def _read(data: bytes, limits: Limits = LIMITS) -> dict[str, bytes]:
    with opened_archive(io.BytesIO(data), limits) as archive:
        return {"/".join(one.parts): b"".join(archive.pieces(one)) for one in archive.entries if not one.is_folder}


def _patched(data: bytes, change: Callable[[bytearray, int, int], None]) -> bytes:
    """`data` after `change(bytes, local header, central header)` of its first entry."""
    raw = bytearray(data)
    change(raw, raw.index(b"PK\x03\x04"), raw.index(b"PK\x01\x02"))
    return bytes(raw)


HOSTILE_NAMES = [
    ["../a"], ["a/../../b"], ["/abs"], ["C:/x"], ["C:\\x"], ["a\\..\\..\\b"], ["\\\\srv\\s\\x"], ["a:stream"],
    ["NUL"], ["con.txt"], ["a/COM1.log"], ["LPT¹"], ["aux .txt"], ["x."], ["x "], ["a//b"], ["./a"], ["A", "a"],
    ["a", "a/b"], ["cafe\u0301"], ["a" * 300], ["a?b"], ["a|b"], ["a\x1fb"], ["Dir/x", "dir/y"], ["a", "a/"],
    ["a/b/"] * 2,
    ["stra\u00dfe", "STRASSE"], ["/"], ["a/.."], ["CLOCK$"], ["CONIN$"], ["a\x7f"], ["x/" * 130 + "y"],
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", HOSTILE_NAMES, ids=lambda names: ascii(names)[:40])
def test_a_name_that_leads_elsewhere_or_stands_for_another_is_refused(names: list[str]) -> None:
    with pytest.raises(ArchiveError):
        _read(zipped(*names))


def test_a_name_that_the_library_would_cut_at_nul_is_refused() -> None:
    with pytest.raises(ArchiveError):
        _read(zipped("QNULQ").replace(b"QNULQ", b"x\x00y.."))


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR]
)
def test_links_and_special_files_are_refused(kind: int) -> None:
    with pytest.raises(ArchiveError, match=r"link|folder at once"):
        _read(zipped("link", content=b"/etc/passwd", mode=kind | 0o777))


def test_bombs_are_refused_by_ratio_by_size_and_by_count() -> None:
    with pytest.raises(ArchiveError, match="times larger"):
        _read(zipped("b", content=bytes(40_000_000)))
    with pytest.raises(ArchiveError, match="bytes"):
        _read(zipped(*(f"f{number}" for number in range(11)), content=b"x" * 100), Limits(total_bytes=1_000))
    with pytest.raises(ArchiveError, match="more than 100"):
        _read(zipped(*(f"f{number}" for number in range(101)), content=b""))


def test_a_size_that_lies_is_found_when_the_file_is_read() -> None:
    def declare(size: int) -> Callable[[bytearray, int, int], None]:
        def change(raw: bytearray, local: int, central: int) -> None:
            struct.pack_into("<I", raw, local + 22, size)
            struct.pack_into("<I", raw, central + 24, size)

        return change

    good = zipped("b", content=b"y" * 5_000)
    for size in (4_999, 5_001, 0, 900_000):
        with pytest.raises(ArchiveError):
            _read(_patched(good, declare(size)))
    assert _read(_patched(good, declare(5_000))) == {"b": b"y" * 5_000}


def test_a_wrong_checksum_encryption_and_other_methods_are_refused() -> None:
    def flip(offset: int, mask: int) -> Callable[[bytearray, int, int], None]:
        def change(raw: bytearray, local: int, central: int) -> None:
            raw[local + offset] ^= mask
            raw[central + offset + 2] ^= mask

        return change

    for change in (flip(14, 1), flip(6, 1)):
        with pytest.raises(ArchiveError):
            _read(_patched(zipped("a"), change))
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with pytest.raises(ArchiveError, match="method"):
            _read(zipped("a", method=method))


def test_entries_that_share_their_bytes_are_refused() -> None:
    raw = bytearray(zipped("a", "b", content=b"z" * 1_000))
    second = raw.index(b"PK\x01\x02", raw.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", raw, second + 42, 0)
    with pytest.raises(ArchiveError, match="overlaps"):
        _read(bytes(raw))


def test_an_entry_that_reaches_into_the_directory_is_refused() -> None:
    def longer(raw: bytearray, _: int, central: int) -> None:
        struct.pack_into("<I", raw, central + 20, 5_000)

    with pytest.raises(ArchiveError, match="overlaps"):
        _read(_patched(zipped("a"), longer))


def test_the_two_headers_of_an_entry_must_agree_on_its_name() -> None:
    def rename(raw: bytearray, local: int, _: int) -> None:
        raw[local + 30 : local + 31] = b"b"

    with pytest.raises(ArchiveError):
        _read(_patched(zipped("a"), rename))


def test_what_is_no_archive_is_said_and_an_empty_one_is_empty() -> None:
    for data in (b"", b"PK", b"not a zip" * 100, zipped("a")[:-1], zipped("a")[20:]):
        with pytest.raises(ArchiveError, match=r"cannot be read|outside the archive"):
            _read(data)
    assert _read(b"PK\x05\x06" + bytes(18)) == {}


def test_an_ordinary_archive_is_read_with_its_folders_accents_and_empty_files() -> None:
    data = zipped("Cabinet/", "Cabinet/éditeur.txt", "Cabinet/bin/", "Cabinet/bin/a.exe", "lisez-moi", mode=0)
    assert sorted(_read(data)) == ["Cabinet/bin/a.exe", "Cabinet/éditeur.txt", "lisez-moi"]
    assert _read(zipped("vide", content=b"")) == {"vide": b""}
    assert _read(zipped("stored", method=zipfile.ZIP_STORED)) == {"stored": b"x" * 100}
