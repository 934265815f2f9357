"""How the bytes of a text file are read: byte order mark, UTF-16 without one, UTF-8, else cp1252, line by line.

Log files of Windows programs mix them: whoever appends to a file does not ask how it began. UTF-8 and cp1252 are told
apart for each line, so that one line of an old program does not spoil the others.
"""

import codecs
import unicodedata
from collections.abc import Iterable, Iterator

SAMPLE = 4_096
"""Bytes from which UTF-16 is known."""
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_MANY_NULS = 0.3
_STRANGE, _MANY_STRANGE = frozenset({"Cc", "Cn", "Co", "Cs"}), 0.02
"""What no log has many of: control characters, and those that mean nothing."""
_LONGEST_LINE = 1_048_576
"""Bytes of a line that are read at once; the rest of it is another one."""
_LONGEST_CHARACTER = 3


def wide_encoding(sample: bytes, *, starts: bool = True) -> str:
    """`utf-16-le` or `utf-16-be`, with a mark or without; empty for another encoding.

    `starts`: whether `sample` has the start of the file.
    """
    for mark, name in BOMS[1:]:
        if starts and sample.startswith(mark):
            return name
    sample = sample[:SAMPLE]
    for odd, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if sample[odd::2].count(0) > max(1, len(sample[odd::2]) * _MANY_NULS):
            return name
    return ""


def is_binary(sample: bytes) -> bool:
    """Whether these first bytes of a file are no text in any encoding that is known here."""
    sample, wide = sample[:SAMPLE], wide_encoding(sample)
    if not wide:
        return b"\x00" in sample
    text = sample[: len(sample) // 2 * 2].decode(wide, "replace").removeprefix("\ufeff")
    strange = sum(unicodedata.category(char) in _STRANGE and char not in "\t\r\n\f" for char in text)
    return strange > len(text) * _MANY_STRANGE


class Decoding:
    """Bytes on their way to text; `name` says how they were read, once all have been."""

    def __init__(self, sample: bytes) -> None:
        """`sample`: the first bytes of the file, whether or not it is read from there."""
        found = wide_encoding(sample)
        self._codec = codecs.getincrementaldecoder(found)("replace") if found else None
        self._names: set[str] = {found} if found else set()

    def texts(self, pieces: Iterable[bytes]) -> Iterator[str]:
        """The text, in parts of whole lines where lines are not endless; a byte order mark is left out."""
        if self._codec is not None:
            yield from _by_codec(pieces, self._codec)
            return
        held = b""
        for piece in pieces:
            held += piece
            end = held.rfind(b"\n") + 1
            if not end and len(held) >= _LONGEST_LINE:
                end = _whole_characters(held)
            if end:
                yield self._mixed(held[:end])
                held = held[end:]
        if held:
            yield self._mixed(held)

    @property
    def name(self) -> str:
        """Such as `cp1252`, or `cp1252, utf-8` where lines differ; `utf-8` for a text in ASCII."""
        return ", ".join(sorted(self._names)) or "utf-8"

    def _mixed(self, data: bytes) -> str:
        data = data.removeprefix(codecs.BOM_UTF8)
        if data.isascii():
            return data.decode("ascii")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return "".join(map(self._line, data.splitlines(keepends=True)))
        self._names.add("utf-8")
        return text

    def _line(self, line: bytes) -> str:
        if line.isascii():
            return line.decode("ascii")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            self._names.add("cp1252")
            return line.decode("cp1252", "replace")
        self._names.add("utf-8")
        return text


def _by_codec(pieces: Iterable[bytes], codec: codecs.IncrementalDecoder) -> Iterator[str]:
    is_first = True
    for piece in pieces:
        text = codec.decode(piece)
        yield text.removeprefix("\ufeff") if is_first else text
        is_first = is_first and not text
    yield codec.decode(b"", final=True)


def _whole_characters(data: bytes) -> int:
    """How many bytes of `data` end with a whole character of UTF-8."""
    for back in range(1, min(_LONGEST_CHARACTER, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:  # noqa: PLR2004  ASCII
            return len(data)
        if byte >= 0xC0:  # noqa: PLR2004  the first byte of a character
            return len(data) - back
    return len(data)
