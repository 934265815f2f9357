"""Zip archives made to harm whoever extracts them, and damaged ones; for the proof `archives`."""

import io
import random
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache

_NAMES = (
    "../a", "a/../../b", "/abs", "C:/x", "C:\\x", "a\\..\\..\\b", "\\\\srv\\s\\x", "a:stream", "NUL", "con.txt",
    "a/COM1.log", "LPT¹", "aux .txt", "x.", "x ", "a//b", "./a", "cafe\u0301", "QNULQ", "a" * 300, "a?b", "a|b", "é",
    "a/b", "a/b/", "A/B", "d0/f0.txt", "D0/F0.TXT", "ok.txt", ".canopee-x.unzip/y", "..", "~", "%TEMP%/x", "$HOME",
)  # fmt: skip
_MODES = (0, stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFCHR | 0o644, stat.S_IFDIR)
_MANIFESTS = (
    b"", b"[]", b"{", b"[" * 5_000, b'{"a":' * 5_000, b'{"files": 7}', b'{"files": [7]}',
    b'{"files": [{"name": ["a"]}]}',
    b'{"files": [{"name": "a.log", "x": {"y": 1e999}}]}', b'{"files": [{"name": "\\ud800"}]}', b"\xff\xfe{",
    b'{"v": 1}',
)  # fmt: skip
_TEXTS = (
    b"", b"\xff", b"\xff\xfe", b"\xfe\xff\xd8", b"\xff\xfea\0\n\0" * 99, b"\xfe\xff" + b"\0a" * 40_001, b"\r\n" * 300,
    b"\xef\xbb\xbfx\r\n", b"x" * 50_000, "é\n".encode("cp1252"), b"\xed\xa0\x80\n", b"\x1b[2Jx\n",
)  # fmt: skip
_VALUES = (0, 1, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


def archives(draw: random.Random) -> Iterator[bytes]:
    """One after the other, for ever: harmful names, links, bombs, then ordinary archives damaged in many ways."""
    while True:
        yield draw.choice(_MAKERS)(draw)


def _zipped(entries: Sequence[tuple[str, bytes, int]], draw: random.Random) -> bytes:
    output = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(output, "w") as archive:
        warnings.simplefilter("ignore")  # a name given twice, on purpose
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = draw.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))
            entry.external_attr = mode << 16
            archive.writestr(entry, b"" if name.endswith("/") else content)
    return output.getvalue().replace(b"QNULQ", b"x\x00y..")


def _named(draw: random.Random) -> bytes:
    names = draw.choices(_NAMES, k=draw.randint(1, 3))
    return _zipped([(name, b"x" * draw.randrange(200), draw.choice(_MODES)) for name in names], draw)


def _linked(draw: random.Random) -> bytes:
    """A link, then a file through it."""
    entries = [("link", draw.choice((b"..", b"/tmp", b"/etc/passwd")), stat.S_IFLNK | 0o777), ("link/x", b"x", 0)]
    return _zipped(entries, draw)


def _bomb(draw: random.Random) -> bytes:
    """Zeros, or lines without end: the larger ones are above the limits."""
    return _bombs(draw.choice((1_100_000, 4_500_000)), draw.choice((b"\0", b"x", b"x\n")), draw.randrange(2))


@cache
def _bombs(size: int, filling: bytes, seed: int) -> bytes:
    """Made once each: compressing them is what takes long."""
    return _zipped([("b", filling * (size // len(filling)), 0)], random.Random(seed))  # noqa: S311  repeatable


def _logs(draw: random.Random) -> bytes:
    """What the API reads: a manifest that says anything, texts in odd encodings, methods that ask for memory."""
    said = draw.choice(_MANIFESTS)
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for name, content in (
            ("manifest.json", said),
            ("a.log", draw.choice(_TEXTS)),
            ("b.log", draw.randbytes(99)),
        ):
            archive.writestr(name, content, draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
    data = bytearray(output.getvalue())
    for _ in range(draw.choice((0, 0, 1, 3))):
        data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data)


def _many(draw: random.Random) -> bytes:
    return _zipped([(f"f{number}", b"", 0) for number in range(draw.choice((39, 41, 120)))], draw)


def _good(draw: random.Random) -> bytes:
    count = draw.randint(0, 12)
    return _zipped(
        [(f"d{number % 3}/f{number}.txt", draw.randbytes(draw.randrange(300)), 0) for number in range(count)], draw
    )


def _damaged(draw: random.Random) -> bytes:
    data = bytearray(_good(draw))
    for _ in range(draw.choice((1, 2, 4, 16))):
        data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data)


def _lying(draw: random.Random) -> bytes:
    """One field of one header says something else: sizes, offsets, lengths, flags."""
    data = bytearray(_good(draw))
    heads = [at for mark in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06") for at in _places(data, mark)]
    at = draw.choice(heads) + draw.randrange(4, 44, 2)
    form = draw.choice(("<H", "<I"))
    value = draw.choice(_VALUES) & (0xFFFF if form == "<H" else 0xFFFFFFFF)
    if at + struct.calcsize(form) <= len(data):
        struct.pack_into(form, data, at, value)
    return bytes(data)


def _spliced(draw: random.Random) -> bytes:
    first, second = _good(draw), _named(draw)
    return first[: draw.randrange(len(first))] + second[draw.randrange(len(second)) :]


def _overlapping(draw: random.Random) -> bytes:
    """Two names for the same bytes, or an entry inside another one."""
    data = bytearray(_good(draw))
    where = [(at, struct.unpack_from("<I", data, at + 42)[0]) for at in _places(data, b"PK\x01\x02")]
    if len(where) > 1:
        (_, first), (at, own) = draw.sample(where, 2)
        struct.pack_into(
            "<I",
            data,
            at + 42,
            draw.choice((first, first + draw.randrange(64), own - draw.randrange(1, 9))) % 2**32,
        )
    return bytes(data)


def _zip64(draw: random.Random) -> bytes:
    """Sizes and offsets in 64 bits, that lie: in the extra field of an entry, and in the end of the archive."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for number in range(draw.randint(1, 4)):
            with archive.open(zipfile.ZipInfo(f"f{number}"), "w", force_zip64=True) as entry:
                entry.write(draw.randbytes(draw.randrange(200)))
    data = bytearray(output.getvalue())
    for at in _places(data, b"PK\x01\x02"):
        if draw.random() < 0.5:  # noqa: PLR2004  one in two
            struct.pack_into("<I", data, at + draw.choice((20, 24, 42)), 0xFFFFFFFF)
    for at in _places(data, b"\x01\x00\x10\x00"):
        struct.pack_into(
            "<Q", data, at + draw.choice((4, 12)), draw.choice((0, 1, 2**31, 2**32, 2**63, 2**64 - 1))
        )
    end = data.find(b"PK\x05\x06")
    if draw.random() < 0.5:  # noqa: PLR2004
        record = struct.pack(
            "<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, *(draw.choice((0, 1, end, 2**40)) for _ in range(4))
        )
        locator = struct.pack("<IIQI", 0x07064B50, 0, draw.choice((end, 0, 2**50)), 1)
        data[end:end] = record + locator
    return bytes(data)


def _places(data: bytearray, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


_MAKERS: Sequence[Callable[[random.Random], bytes]] = (
    _named, _named, _linked, _bomb, _many, _good, _damaged, _damaged, _damaged, _lying, _lying, _spliced,
    _overlapping, _zip64, _logs, _logs,
)  # fmt: skip
