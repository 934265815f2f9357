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


@pytest.mark.parametrize("text", ["-x", "--purge", "/S", "-", "/"])
def test_a_text_that_a_program_would_take_for_an_option_must_be_listed(text: str) -> None:
    free = {"mode": ParameterSchema("string", pattern=r"[a-zA-Z/\-]*")}
    with pytest.raises(SchemaError, match="list it in an enum"):
        check_parameters(free, {"mode": text})
    assert check_parameters(free, {"mode": f"a{text}"}) == {"mode": f"a{text}"}
    assert check_parameters(free, {"mode": ""}) == {"mode": ""}
    listed = {"mode": ParameterSchema("string", enum=(text,))}
    assert check_parameters(listed, {"mode": text}) == {"mode": text}


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


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 2**63, -(2**64)])
def test_a_number_that_no_message_can_carry_is_refused(value: float) -> None:
    """`nan` compares with nothing: it would pass both bounds, and travel as null."""
    schema = {"n": ParameterSchema("number", minimum=0, maximum=1e30)}
    with pytest.raises(SchemaError, match=r"^n: "):
        check_parameters(schema, {"n": value})


def test_the_bounds_of_a_number_are_part_of_it() -> None:
    schema = {"n": ParameterSchema("integer", minimum=-1, maximum=1)}
    assert [check_parameters(schema, {"n": n})["n"] for n in (-1, 0, 1)] == [-1, 0, 1]
    for n in (-2, 2):
        with pytest.raises(SchemaError):
            check_parameters(schema, {"n": n})


def test_the_longest_text_is_counted_in_characters_and_never_above_the_limit_of_all() -> None:
    def accepts(limit: int, text: str) -> bool:
        try:
            check_parameters({"t": ParameterSchema("string", pattern=".*", max_length=limit)}, {"t": text})
        except SchemaError:
            return False
        return True

    assert accepts(3, "ééé")
    assert not accepts(3, "éééé")
    assert accepts(10_000, "x" * 1_000)
    assert not accepts(10_000, "x" * 1_001)
    assert not accepts(-1, "")


@pytest.mark.parametrize(
    ("given", "code"),
    [({"mode": "safe", "z": 1, "a": 2}, "parameters.unknown"), ({}, "parameters.missing"),
     ({"mode": 1}, "parameters.invalid")],
)  # fmt: skip
def test_a_refusal_carries_a_stable_code(given: dict[str, Any], code: str) -> None:
    with pytest.raises(SchemaError) as refused:
        check_parameters({"mode": ParameterSchema("string", enum=("fast", "safe"))}, given)
    assert refused.value.reason == code


def test_a_choice_is_compared_with_its_type() -> None:
    numbers = {"n": ParameterSchema("number", enum=(1, 2.5))}
    assert check_parameters(numbers, {"n": 1.0}) == {"n": 1.0}
    with pytest.raises(SchemaError, match="not one of the values allowed"):
        check_parameters(numbers, {"n": 2})
    with pytest.raises(SchemaError, match="expected number, found bool"):
        check_parameters(numbers, {"n": True})


@pytest.mark.parametrize(
    "schema",
    [
        ParameterSchema("string", enum=()), ParameterSchema("integer", enum=("a",)),
        ParameterSchema("string", enum=(1,)),
        ParameterSchema("integer", enum=(1, 2, 30), maximum=10), ParameterSchema("boolean", enum=(1,)),
        ParameterSchema("string", enum=("a", "B"), pattern="[a-z]"), ParameterSchema("boolean", default=1),
        ParameterSchema("string", enum=("a",), default="b"), ParameterSchema("string", pattern="[a-z]+", default="A"),
    ],
)  # fmt: skip
def test_a_schema_that_no_value_can_satisfy_or_that_breaks_itself_is_refused_by_its_author(
    schema: ParameterSchema,
) -> None:
    with pytest.raises(SchemaError, match=r"^p: "):
        check_schema({"p": schema})


def test_a_false_or_zero_default_is_a_default() -> None:
    schema = {"f": ParameterSchema("boolean", default=False), "n": ParameterSchema("integer", default=0),
              "t": ParameterSchema("string", enum=("", "x"), default="")}  # fmt: skip
    check_schema(schema)
    assert check_parameters(schema, {}) == {"f": False, "n": 0, "t": ""}


def test_a_listed_integer_is_not_one_that_only_shares_its_double() -> None:
    schema = {"id": ParameterSchema("integer", enum=(2**53, 0))}
    assert check_parameters(schema, {"id": 2**53}) == {"id": 2**53}
    for other in (2**53 + 1, False):
        with pytest.raises(SchemaError):
            check_parameters(schema, {"id": other})
