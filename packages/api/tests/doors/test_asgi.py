from collections.abc import MutableMapping
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from canopee_api.doors.asgi import GoneError, read_body
from canopee_api.errors import InvalidError, TooLargeError

MAX = 1_000


async def _read(
    *parts: bytes, headers: dict[bytes, bytes] | None = None, is_cut: bool = False
) -> tuple[bytes, int]:
    """The body, and how many parts were asked for; after a cut, the client is gone."""
    messages: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": is_cut or number < len(parts)}
        for number, part in enumerate(parts, start=1)
    ]
    taken = 0

    async def receive() -> MutableMapping[str, Any]:
        nonlocal taken
        taken += 1
        return messages[taken - 1] if taken <= len(messages) else {"type": "http.disconnect"}

    try:
        return await read_body({"headers": list((headers or {}).items())}, receive, max_bytes=MAX), taken
    except TooLargeError as error:
        error.args = (*error.args, taken)
        raise


async def _taken_before_refusal(*parts: bytes, headers: dict[bytes, bytes] | None = None) -> int:
    with pytest.raises(TooLargeError) as refused:
        await _read(*parts, headers=headers)
    assert refused.value.reason == "body.too_large"
    return refused.value.args[-1]


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=12))
async def test_a_body_is_the_same_however_it_is_cut(parts: list[bytes]) -> None:
    assert (await _read(*parts))[0] == b"".join(parts)


async def test_a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_not() -> None:
    assert len((await _read(b"x" * MAX))[0]) == MAX
    assert len((await _read(b"x" * 500, b"x" * 500))[0]) == MAX
    await _taken_before_refusal(b"x" * (MAX + 1))
    await _taken_before_refusal(b"x" * 500, b"x" * 501)


async def test_a_body_declared_too_large_is_refused_at_its_first_part() -> None:
    for length in (b"1001", b"99999999999999999999999999"):
        assert await _taken_before_refusal(b"x", b"x", b"x", headers={b"content-length": length}) == 1


async def test_a_body_without_end_is_refused_as_soon_as_it_passes_the_limit() -> None:
    assert await _taken_before_refusal(*[b"x" * 100] * 500) == 11


async def test_a_declared_length_that_lies_or_is_no_number_changes_nothing() -> None:
    for length in (b"1", b"-5", b"x", b"", b"1e9", "٣".encode()):
        assert (await _read(b"ab", b"cd", headers={b"content-length": length}))[0] == b"abcd"


@pytest.mark.parametrize("parts", [(), (b"x",), (b"x", b"y")])
async def test_a_client_that_goes_away_in_the_middle_is_noticed(parts: tuple[bytes, ...]) -> None:
    with pytest.raises(GoneError):
        await _read(*parts, is_cut=True)


def _zstd(content: bytes, **options: Any) -> bytes:  # noqa: ANN401
    return zstandard.ZstdCompressor(**options).compress(content)


async def _unpacked(body: bytes, encoding: bytes = b"zstd") -> bytes:
    return (await _read(body, headers={b"content-encoding": encoding}))[0]


@given(st.binary(max_size=MAX))
async def test_what_was_compressed_is_read_as_it_was(content: bytes) -> None:
    assert await _unpacked(_zstd(content)) == content
    assert await _unpacked(_zstd(content, write_content_size=False, write_checksum=True)) == content
    assert await _unpacked(content, b"identity") == content


@pytest.mark.parametrize("size", [MAX + 1, 2_000_000, 20_000_000])
@pytest.mark.parametrize("is_declared", [True, False])
async def test_a_bomb_is_refused_whatever_it_declares(size: int, is_declared: bool) -> None:  # noqa: FBT001
    with pytest.raises(TooLargeError):
        await _unpacked(_zstd(b"\0" * size, write_content_size=is_declared))


async def test_a_bomb_in_a_second_frame_is_not_unpacked() -> None:
    assert await _unpacked(_zstd(b"first") + _zstd(b"\0" * 4_000_000)) == b"first"


async def test_a_window_that_would_take_much_memory_is_refused() -> None:
    wide = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    body = packer.compress(b"x" * 900) + packer.flush()
    with pytest.raises(InvalidError) as refused:
        await _unpacked(body)
    assert refused.value.reason == "body.zstd"


async def test_every_cut_of_a_compressed_body_is_refused_or_shorter_and_never_something_else() -> None:
    content = bytes(range(256)) * 3
    whole = _zstd(content, write_checksum=True)
    for length in range(len(whole)):
        try:
            read = await _unpacked(whole[:length])
        except InvalidError:
            continue
        assert content.startswith(read), length


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"zstd, zstd", b"ZSTD", b" zstd", b"x"])
async def test_an_encoding_that_is_not_ours_says_which_is(encoding: bytes) -> None:
    with pytest.raises(InvalidError, match="compressed with zstd") as refused:
        await _unpacked(b"x", encoding)
    assert refused.value.reason == "body.encoding"
