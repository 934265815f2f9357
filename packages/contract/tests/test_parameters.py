from typing import Any

import pytest

from canopee_contract.dataset import Dataset, Field, validate
from canopee_contract.errors import PatternError, SchemaError
from canopee_contract.parameters import ParameterSchema, check_parameters, check_schema
from canopee_contract.pattern import compile_pattern, matches

SCHEMA = {
    "mode": ParameterSchema("string", enum=("fast", "safe"), default="safe"),
    "name": ParameterSchema("string", pattern="[a-z]{1,8}", default="x"),
    "count": ParameterSchema("integer", minimum=1, maximum=10, default=1),
    "ratio": ParameterSchema("number", maximum=1, default=0.5),
    "force": ParameterSchema("boolean", default=False),
}


def test_defaults_stand_for_what_is_not_given() -> None:
    assert check_parameters(SCHEMA, {"count": 3})["count"] == 3
    assert check_parameters(SCHEMA, {})["mode"] == "safe"


@pytest.mark.parametrize(
    "given",
    [
        {"mode": "other"}, {"name": "UPPER"}, {"name": "a b"}, {"name": "x; rm"}, {"name": "a\n"}, {"count": 0},
        {"count": 11}, {"count": 1.5}, {"count": True}, {"count": "1"}, {"ratio": 2}, {"force": 1}, {"unknown": 1},
        {"name": "a" * 2000}, {"mode": None, "other": 1},
    ],
)  # fmt: skip
def test_what_lies_outside_the_schema_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        check_parameters(SCHEMA, given)


def test_a_parameter_without_default_must_be_given() -> None:
    with pytest.raises(SchemaError, match="required"):
        check_parameters({"mode": ParameterSchema("string", enum=("a",))}, {})


@pytest.mark.parametrize(
    "schema",
    [
        ParameterSchema("string"),
        ParameterSchema("string", pattern="("),
        ParameterSchema("integer", minimum=5, default=1),
    ],
)
def test_a_schema_that_lets_free_text_through_or_breaks_itself_is_refused(schema: ParameterSchema) -> None:
    with pytest.raises(SchemaError):
        check_schema({"p": schema})


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("[a-z]+", "abc", True), ("[a-z]+", "abC", False), ("a|b", "b", True), ("a|b", "ab", False),
        ("(ab)*c", "ababc", True), ("[^0-9]{2,3}", "ab", True), ("[^0-9]{2,3}", "a1", False),
        (r"8\.[0-9]", "8.1", True),
        (r"8\.[0-9]", "8x1", False), (".*", "", True), ("", "", True), ("a?", "aa", False),
    ],
)  # fmt: skip
def test_a_pattern_matches_the_whole_text(pattern: str, text: str, expected: bool) -> None:  # noqa: FBT001
    assert matches(pattern, text) is expected


def test_no_pattern_takes_more_than_linear_time() -> None:
    assert not matches("(a+)+b", "a" * 500)
    assert not matches("(a|a)*b", "a" * 500)


@pytest.mark.parametrize("pattern", ["(", "a)", "[", "a{2", "*a", r"(?=a)", r"\1", "a" * 5000])
def test_a_pattern_outside_the_language_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)


DATASET = Dataset(
    "d", 1, "t", "p", 1,
    (
        Field("name", "text", "s", required=True), Field("at", "instant", "s"), Field("sizes", "list", "s"),
        Field("box", "object", "s", items=(Field("n", "integer", "s", required=True),)),
        Field("boxes", "list", "s", items=(Field("n", "number", "s"),)), Field("on", "boolean", "s"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"name": "x"}, ""), ({"name": "x", "at": "2026-11-24T08:00:00Z", "box": {"n": 1}, "sizes": ["a"]}, ""),
        ({"name": "x", "boxes": [{"n": 1.5}], "on": True}, ""), ([], "not_an_object: $"), ({}, "missing_field: $.name"),
        ({"name": None}, "missing_field: $.name"), ({"name": 1}, "wrong_type: $.name is not text"),
        ({"name": "x", "z": 1}, "unknown_field: $.z"),
        ({"name": "x", "at": "monday"}, "wrong_type: $.at is not instant"),
        ({"name": "x", "at": "2026-11-24T08:00:00"}, "wrong_type: $.at is not instant"),
        ({"name": "x", "box": {}}, "missing_field: $.box.n"),
        ({"name": "x", "box": {"n": True}}, "wrong_type: $.box.n is not integer"),
        ({"name": "x", "boxes": [1]}, "not_an_object: $.boxes[0]"),
        ({"name": "x", "sizes": [1]}, "wrong_type: $.sizes[0] is not text"),
        ({"name": "x", "sizes": "a"}, "wrong_type: $.sizes is not a list"),
        ({"name": "x", "on": 1}, "wrong_type: $.on is not boolean"),
    ],
)  # fmt: skip
def test_a_record_is_validated_against_its_dataset(body: object, fault: str) -> None:
    assert validate(DATASET, body) == fault


def test_a_listed_integer_is_not_one_that_only_shares_its_double() -> None:
    schema = {"id": ParameterSchema("integer", enum=(2**53, 0))}
    assert check_parameters(schema, {"id": 2**53}) == {"id": 2**53}
    for other in (2**53 + 1, False):
        with pytest.raises(SchemaError):
            check_parameters(schema, {"id": other})
