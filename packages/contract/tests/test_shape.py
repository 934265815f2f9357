"""The quick reader of records says yes only where the careful one has nothing to say."""

import json
import random
from typing import Any

import msgspec
import pytest

from canopee_contract.codec import encode, inspect
from canopee_contract.dataset import Dataset, Field, validate
from canopee_contract.errors import MalformedError
from canopee_contract.shape import Shape

DATASET = Dataset(
    "visit", 1, "Visit", "a test", 30,
    (
        Field("name", "keyword", "It.", required=True),
        Field("count", "integer", "It.", required=True),
        Field("part", "number", "It."),
        Field("class", "boolean", "A name that Python keeps for itself."),
        Field("at", "instant", "It."),
        Field("version", "version", "It."),
        Field("tags", "list", "It."),
        Field("disks", "list", "It.", items=(Field("mount", "text", "", required=True), Field("free", "integer", ""))),
        Field("place", "object", "It.", items=(Field("seen_at", "instant", "It."), Field("floor", "integer", "It."))),
    ),
)  # fmt: skip
SHAPE = Shape(DATASET)
WHOLE: dict[str, Any] = {
    "name": 'Éditeur \\ "x"', "count": 3, "part": 1.5, "class": True, "at": "2026-11-24T08:00:00Z", "version": "8.1",
    "tags": ["a", "b"], "disks": [{"mount": "C:\\", "free": 7}, {"mount": "D:\\"}],
    "place": {"seen_at": "2026-11-24T08:00:00+01:00", "floor": -2},
}  # fmt: skip


def _careful(body: bytes) -> str:
    try:
        inspect(body)
    except MalformedError as error:
        return error.reason
    return validate(DATASET, msgspec.json.decode(body))


def test_a_whole_record_is_accepted_in_the_order_of_its_fields_and_sorted() -> None:
    assert SHAPE.accepts(encode(WHOLE))
    assert SHAPE.accepts(json.dumps(WHOLE, separators=(",", ":"), ensure_ascii=False).encode())


def test_a_record_with_only_what_is_required_is_accepted() -> None:
    assert SHAPE.accepts(b'{"name":"a","count":0}')
    assert SHAPE.accepts(b'{"name":"a","count":0,"part":null}')


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"a","count":0,"count":1}',
        b'{"name":"a"}',
        b'{"name":"a","count":null}',
        b'{"name":"a","count":0,"other":1}',
        b'{"name":"a","count":true}',
        b'{"name":"a","count":1.0}',
        b'{"name":"a","count":9223372036854775808}',
        b'{"name":"a\\u0000","count":0}',
        b'{"name":"a\xff","count":0}',
        b'{"name":"\\ud800","count":0}',
        b'{"name":"a","count":0,"at":"yesterday"}',
        b'{"name":"a","count":0,"place":{"seen_at":"2026-11-24T08:00:00"}}',
        b'{"name":"a","count":0,"tags":[1]}',
        b'{"name":"a","count":0,"disks":[{}]}',
        b"[1]",
        b"",
        b'{"name":"a","count":0} ',
        b'{"name": "a","count":0}',
        b'{"name":"\\u0061","count":0}',
    ],
)
def test_what_is_not_a_record_or_is_written_otherwise_is_left_to_the_careful_reader(body: bytes) -> None:
    assert not SHAPE.accepts(body)


def test_ten_thousand_changed_records_are_never_accepted_against_the_careful_reader() -> None:
    draw, whole = random.Random(7), encode(WHOLE)
    for _ in range(10_000):
        start, length = draw.randrange(len(whole)), draw.randrange(4)
        put = draw.choice(
            (b"", b"0", b'"', b"9" * 19, b"null", b",", b"}", b"\\u0000", b"\xc3", b" ", b"1e5", b"[[")
        )
        body = whole[:start] + put + whole[start + length :]
        if SHAPE.accepts(body):
            assert _careful(body) == "", body


def test_a_dataset_without_fields_accepts_an_empty_object_only() -> None:
    shape = Shape(Dataset("empty", 1, "Empty", "a test", 30, ()))
    assert shape.accepts(b"{}")
    assert not shape.accepts(b'{"a":1}')
