import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_contract.checkin import CheckIn
from canopee_contract.codec import MAX_DEPTH, MAX_MESSAGE_BYTES, decode, encode, inspect
from canopee_contract.errors import MalformedError
from canopee_contract.facts import FactSet
from canopee_contract.report import RunVerdict

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


class Message(msgspec.Struct):
    name: str
    size: int = 0


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "bad_json"), (b"{", "bad_json"), (b'{"a":1}x', "bad_json"), (b"{'a':1}", "bad_json"), (b"01", "bad_json"),
        (b"\xff", "bad_utf8"), (b'"\xed\xa0\x80"', "bad_utf8"), (b'{"a":1,"a":1}', "duplicate_key"),
        (b'[{"b":{"a":1,"a":2}}]', "duplicate_key"), (b"NaN", "bad_number"), (b"-Infinity", "bad_number"),
        (b"1e400", "bad_number"), (b"9223372036854775808", "bad_number"), (b"-9223372036854775809", "bad_number"),
        (b"1" * 5000, "bad_number"), (b'"a\\u0000b"', "bad_string"), (b'{"\\u0000":1}', "bad_string"),
        (b'"\\ud800"', "bad_string"), (b'"\\udc00\\ud800"', "bad_string"), (b"[" * 33 + b"]" * 33, "too_deep"),
        (b"[" * 200_000, "too_deep"), (b'{"a":' * 40 + b"1" + b"}" * 40, "too_deep"),
        (b" " * (MAX_MESSAGE_BYTES + 1), "too_large"),
    ],
)  # fmt: skip
def test_what_another_reader_would_refuse_or_read_differently_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(MalformedError) as refused:
        inspect(raw)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "raw", [b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, b"9223372036854775807", b'"\\ud83d\\ude00"', b"-0.0"]
)
def test_what_lies_just_within_the_bounds_is_read(raw: bytes) -> None:
    inspect(raw)


@given(JSON)
def test_every_acceptable_value_survives_a_round_trip(value: object) -> None:
    assert inspect(encode(value)) == value


@pytest.mark.parametrize("raw", [b"{}", b"[]", b'{"name":1}', b'{"name":"x","size":"1"}', b"null"])
def test_a_message_of_another_shape_is_refused_with_its_place(raw: bytes) -> None:
    with pytest.raises(MalformedError) as refused:
        decode(raw, Message)
    assert refused.value.reason == "bad_shape"


def test_the_same_message_always_gives_the_same_bytes() -> None:
    assert encode({"b": 1, "a": 2}) == encode({"a": 2, "b": 1}) == b'{"a":2,"b":1}'


def test_unknown_fields_of_a_message_are_ignored() -> None:
    assert decode(b'{"name":"x","newer":true}', Message) == Message("x")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xef\xbb\xbf{}", "bad_json"), (b'{"a":1,"\\u0061":2}', "duplicate_key"), (b"[1,]", "bad_json"),
        (b'"a\nb"', "bad_json"), (b"\xc0\x80", "bad_utf8"), (b'"\xf4\x90\x80\x80"', "bad_utf8"),
        (b"Infinity", "bad_number"), (b'[{"a":"x\\ud800y"}]', "bad_string"), (b"[-1e999]", "bad_number"),
        (b'{"a":1', "bad_json"), (b"\0", "bad_json"),
    ],
)  # fmt: skip
def test_a_trick_of_one_reader_is_refused_by_name(raw: bytes, reason: str) -> None:
    with pytest.raises(MalformedError) as refused:
        decode(raw, Message)
    assert refused.value.reason == reason


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0d8e+-.19 truefalsn', max_size=40).map(str.encode))
def test_any_bytes_are_read_alike_by_both_readers_or_refused(raw: bytes) -> None:
    try:
        value = inspect(raw)
    except MalformedError as refused:
        assert refused.reason in {"bad_utf8", "bad_json", "duplicate_key", "too_deep", "bad_string", "bad_number"}  # noqa: PT017  either is right
    else:
        assert decode(raw, object) == value


def test_a_limit_of_size_may_be_lower_and_includes_its_last_byte() -> None:
    assert decode(b'{"name":"x"}', Message, max_bytes=12) == Message("x")
    with pytest.raises(MalformedError, match="12 bytes; at most 11"):
        decode(b'{"name":"x"}', Message, max_bytes=11)


def test_a_refusal_quotes_no_more_than_the_start_of_a_key() -> None:
    raw = b'{"%s":1,"%s":2}' % (b"k" * 5000, b"k" * 5000)
    with pytest.raises(MalformedError) as refused:
        inspect(raw)
    assert len(refused.value.message) < 120


def _slowly(raw: bytes, kind: type[Any]) -> Any:  # noqa: ANN401
    try:
        inspect(raw)
        return msgspec.json.decode(raw, type=kind)
    except MalformedError as error:
        return _reason(error)
    except msgspec.DecodeError:
        return "malformed"


def _quickly(raw: bytes, kind: type[Any]) -> Any:  # noqa: ANN401
    try:
        return decode(raw, kind)
    except MalformedError as error:
        return _reason(error)


def _reason(error: MalformedError) -> str:
    return "malformed" if error.reason in {"bad_shape", "bad_json"} else error.reason


@pytest.mark.parametrize(
    ("kind", "whole"),
    [
        (CheckIn, CheckIn(7, "0.1.0", "0123456789abcdef", 3, trust_version=2, wait_s=240)),
        (FactSet, FactSet("0" * 16, {"os.name": "Windows 11 Pro", "hardware.cores": 8, "a.b": 1.5, "c.d": True})),
        (RunVerdict, RunVerdict("01890a5d-ac96-774b-bcce-b302099a8057", "accepted")),
    ],
    ids=lambda value: getattr(value, "__name__", "message"),
)
def test_the_quick_reading_of_a_message_never_differs_from_the_careful_one(kind: type[Any], whole: Any) -> None:  # noqa: ANN401
    draw, raw = random.Random(11), encode(whole)
    assert decode(raw, kind) == whole
    for _ in range(3_000):
        start, length = draw.randrange(len(raw)), draw.randrange(5)
        put = draw.choice(
            (b"", b"0", b'"', b"9" * 25, b"null", b",", b"}", b"\\u0000", b"\xc3", b" ", b"1e999", b"[" * 40)
        )
        changed = raw[:start] + put + raw[start + length :]
        assert _quickly(changed, kind) == _slowly(changed, kind), changed


@pytest.mark.timeout(20)
def test_a_megabyte_of_keys_with_one_of_them_twice_is_refused_at_once() -> None:
    """Looking for it by counting took minutes of processor: one small message would have held a server."""
    keys = [f'"{number}":0' for number in range(100_000)]
    with pytest.raises(MalformedError, match="'99999' appears twice"):
        inspect(("{" + ",".join([*keys, keys[-1]]) + "}").encode(), max_bytes=2 * MAX_MESSAGE_BYTES)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "raw",
    [
        b"[" + b"0," * 500_000 + b"0]", b'"' + b"a" * 1_000_000 + b'"', b'"' + b"\\u0041" * 170_000 + b'"',
        b"{" + b",".join(b'"%d":[]' % number for number in range(70_000)) + b"}", b" " * 1_000_000 + b"1",
        b"[" + b"1e308," * 150_000 + b"0]",
    ],
    ids=["array", "text", "escapes", "object", "spaces", "numbers"],
)  # fmt: skip
def test_the_largest_messages_of_every_shape_are_read(raw: bytes) -> None:
    assert len(raw) <= MAX_MESSAGE_BYTES
    inspect(raw)


def test_a_key_that_is_written_in_two_ways_is_still_one_key_at_every_depth() -> None:
    for raw in (b'{"a":{"b":1,"\\u0062":2}}', b'[[{"":1,"":2}]]', '{"é":1,"\\u00e9":2}'.encode()):
        with pytest.raises(MalformedError) as refused:
            inspect(raw)
        assert refused.value.reason == "duplicate_key"


def test_keys_that_look_alike_are_two_keys() -> None:
    assert inspect('{"é":1,"e\u0301":2,"E":3,"e":4}'.encode()) == {"é": 1, "e\u0301": 2, "E": 3, "e": 4}


@pytest.mark.parametrize(
    "raw", [b'{"name":"x","size":1.0}', b'{"name":"x","size":true}', b'{"name":"x","size":null}']
)
def test_an_integer_is_written_as_one(raw: bytes) -> None:
    with pytest.raises(MalformedError, match=r"\$\.size"):
        decode(raw, Message)


KEYS = st.text(alphabet=["a", "b", "é", '"', "\U0001f600"], max_size=4)


@given(st.dictionaries(KEYS, st.integers(0, 9), max_size=5))
def test_the_order_of_keys_never_changes_the_bytes(value: dict[str, int]) -> None:
    assert encode(dict(reversed(value.items()))) == encode(value)
