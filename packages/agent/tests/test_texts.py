"""Bytes of text files, in the pieces in which they come."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_agent.texts import Decoding, is_binary

TEXT = "été à la mer €\r\nvoilà 日本\n\nfin"


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@given(size=st.integers(1, 60))
def test_no_character_is_lost_wherever_the_pieces_end(encoding: str, size: int) -> None:
    data = TEXT.encode(encoding)
    decoding = Decoding(data)
    assert "".join(decoding.texts(pieces(data, size))) == TEXT


@given(
    st.lists(
        st.tuples(st.text(alphabet="aé€ œ\t", max_size=20), st.sampled_from(["utf-8", "cp1252"])), max_size=20
    ),
    st.integers(1, 50),
)
def test_each_line_is_read_in_its_own_encoding(lines: list[tuple[str, str]], size: int) -> None:
    data = b"".join(text.encode(encoding) + b"\n" for text, encoding in lines)
    expected = "".join(_as_read(text.encode(encoding)) + "\n" for text, encoding in lines)
    assert "".join(Decoding(data).texts(pieces(data, size))) == expected


def _as_read(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def test_a_line_without_end_is_read_in_parts_of_bounded_size_between_characters() -> None:
    data = "é".encode() * 2_000_000
    parts = list(Decoding(data).texts(pieces(b"x" + data, 100_001)))
    assert max(map(len, parts)) < 1_200_000
    assert "".join(parts) == "x" + "é" * 2_000_000


@pytest.mark.parametrize(
    "data", [b"\x00\x01\x02PNG\x00\xff" * 10, b"MZ\x90\x00\x03\x00\x00\x00" * 9, b"\x7fELF" + b"\x00" * 50, b"a\x00b"]
)  # fmt: skip
def test_what_is_no_text_is_known_from_its_first_bytes(data: bytes) -> None:
    assert is_binary(data)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_texts_of_a_practice_are_no_binaries(encoding: str) -> None:
    assert not is_binary("Fermé à 18h — 25 €\r\n".encode(encoding))
    assert not is_binary(b"")
