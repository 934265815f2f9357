"""Records against their dataset: the verdict names the place, and no body makes the check itself fail."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canopee_contract.dataset import Dataset, Field, FieldType, validate

TYPES: tuple[FieldType, ...] = (
    "text", "keyword", "integer", "number", "boolean", "instant", "version", "object", "list",
)  # fmt: skip
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["f", "g"]), inner, max_size=2),
    max_leaves=8,
)
ACCEPTED: dict[FieldType, list[Any]] = {
    "text": ["", "x\n"], "keyword": ["k"], "integer": [0, -1, 2**63], "number": [1, 1.5, -0.0],
    "boolean": [True, False], "instant": ["2026-11-24T08:00:00Z", "2026-11-24T08:00:00.5+01:00"],
    "version": ["8.1"], "object": [{}], "list": [[], ["a"]],
}  # fmt: skip


def _dataset(*fields: Field) -> Dataset:
    return Dataset("d", 1, "t", "p", 1, fields)


def _one(kind: FieldType, *, required: bool = False) -> Dataset:
    return _dataset(Field("f", kind, "s", required=required))


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_accepts_its_own_values_and_an_absent_one(kind: FieldType) -> None:
    for value in ACCEPTED[kind]:
        assert validate(_one(kind), {"f": value}) == "", value
    assert validate(_one(kind), {}) == validate(_one(kind), {"f": None}) == ""


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_refuses_the_values_of_the_others_by_place(kind: FieldType) -> None:
    texts = {"text", "keyword", "instant", "version"}
    numbers = {"integer", "number"}
    family = next((group for group in (texts, numbers) if kind in group), {kind})
    for other in TYPES:
        if other not in family:
            for value in ACCEPTED[other]:
                fault = validate(_one(kind), {"f": value})
                assert fault.startswith(("wrong_type: $.f", "not_an_object: $.f")), (other, value)


@pytest.mark.parametrize("value", [1.0, 1.5, "1", True])
def test_an_integer_is_no_float_no_text_and_no_boolean(value: object) -> None:
    assert validate(_one("integer"), {"f": value}) == "wrong_type: $.f is not integer"


@pytest.mark.parametrize(
    "value", ["", "08:00", "2026-13-01T00:00:00Z", "2026-11-24", "2026-11-24T08:00:00", "x" * 500]
)
def test_an_instant_is_a_whole_one_with_its_offset(value: str) -> None:
    assert validate(_one("instant"), {"f": value}) == "wrong_type: $.f is not instant"


@pytest.mark.parametrize("kind", TYPES)
def test_a_required_field_may_be_neither_missing_nor_null(kind: FieldType) -> None:
    for body in ({}, {"f": None}):
        assert validate(_one(kind, required=True), body) == "missing_field: $.f"


def test_a_fault_is_placed_inside_lists_and_objects() -> None:
    inner = Field("n", "integer", "s", required=True)
    boxes = Field("boxes", "list", "s", items=(Field("box", "object", "s", items=(inner,)),))
    body: Any = {"boxes": [{"box": {"n": 1}}, {"box": {"n": "x"}}]}
    assert validate(_dataset(boxes), body) == "wrong_type: $.boxes[1].box.n is not integer"
    empty: dict[str, Any] = {}
    assert validate(_dataset(boxes), {"boxes": [{"crate": empty}]}) == "unknown_field: $.boxes[0].crate"
    assert validate(_dataset(boxes), {"boxes": [{"box": empty}]}) == "missing_field: $.boxes[0].box.n"


def test_a_list_without_declared_items_is_one_of_texts() -> None:
    items: list[Any] = [1, None, [], {}, True]
    for item in items:
        assert validate(_one("list"), {"f": ["a", item]}) == "wrong_type: $.f[1] is not text"


def test_an_unknown_field_is_quoted_by_its_start_only() -> None:
    assert len(validate(_dataset(), {"k" * 5_000: 1})) < 120


@settings(max_examples=50)
@given(JSON)
def test_any_body_gets_a_verdict(body: object) -> None:
    inner = (Field("f", "list", "s"), Field("g", "number", "s", required=True))
    fault = validate(_dataset(Field("f", "object", "s", items=inner), Field("g", "instant", "s")), body)
    assert fault.partition(": ")[0] in {"", "not_an_object", "missing_field", "unknown_field", "wrong_type"}


@given(st.lists(st.sampled_from(TYPES), min_size=1, max_size=5), st.data())
def test_a_record_built_from_its_dataset_is_accepted_whatever_the_order_of_its_fields(
    kinds: list[FieldType], data: st.DataObject
) -> None:
    fields = [Field(f"f{number}", kind, "s", required=True) for number, kind in enumerate(kinds)]
    body = {field.name: data.draw(st.sampled_from(ACCEPTED[field.type])) for field in fields}
    assert validate(_dataset(*fields), dict(reversed(body.items()))) == ""
