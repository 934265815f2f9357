"""Conditions at their edges: hostile values, bounds, and laws that every evaluator must keep."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_contract.codec import decode, encode
from canopee_contract.condition import (
    MAX_DEPTH,
    MAX_LISTED,
    MAX_TESTS,
    OPERATORS,
    evaluate,
    facts_read,
    parse_condition,
    same_scalar,
    to_data,
)
from canopee_contract.errors import ConditionError

SCALARS = (
    st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, -0.0, 1.0, 1.5]) | st.sampled_from(["", "1", "8.1"])
)
FACTS = st.dictionaries(st.sampled_from(["a", "b"]), SCALARS)
VALUES = {
    "eq": "8.1", "in": ["8.1", 1], "exists": True, "matches": "8.*", "lt": 2, "le": 2, "gt": 2, "ge": 2,
    **{f"version_{op}": "8.1" for op in ("eq", "lt", "le", "gt", "ge")},
}  # fmt: skip


def _test(op: object, value: object, fact: object = "a") -> dict[str, Any]:
    return {"fact": fact, "op": op, "value": value}


def _says(data: object) -> str:
    with pytest.raises(ConditionError) as refused:
        parse_condition(data)
    return refused.value.message


@pytest.mark.parametrize("op", [[], {}, None, 1, True, "EQ", "eq ", "", "and"])
def test_an_operator_that_is_none_of_ours_is_refused_by_place_whatever_its_type(op: object) -> None:
    assert _says(_test(op, 1)).startswith("$.op: ")


@pytest.mark.parametrize("fact", ["", "x" * 201, 1, None, [], {"fact": "a"}])
def test_the_name_of_a_fact_is_a_short_text(fact: object) -> None:
    assert _says(_test("eq", 1, fact)) == "$.fact: the name of a fact is expected"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 2**63, -(2**63) - 1])
def test_a_number_that_json_or_sql_cannot_hold_is_refused(value: float) -> None:
    """A YAML file may hold `.nan` and `.inf`; JSON would turn them into null, which is another condition."""
    assert _says(_test("eq", value)).startswith("$.value: ")
    assert _says(_test("in", [1, value])).startswith("$.value[1]: ")


@pytest.mark.parametrize(
    "data",
    [
        {1: 2, "a": 3}, {"fact": "a", "op": "eq"}, {"fact": "a", "op": "eq", "value": 1, "more": 1},
        {"all": [], "not": {}}, {"ALL": []}, {None: 1}, {"fact": "a"},
    ],
)  # fmt: skip
def test_an_object_of_another_shape_is_refused_with_what_was_found(data: object) -> None:
    assert "exactly one of all, any, not" in _says(data)


@pytest.mark.parametrize("value", ["false", 0, 1.0, "", None, []])
def test_exists_takes_a_boolean_only(value: object) -> None:
    assert _says(_test("exists", value)).startswith("$.value: ")


@pytest.mark.parametrize("op", ["lt", "le", "gt", "ge"])
@pytest.mark.parametrize("value", [True, "1", [1], None])
def test_an_inequality_takes_a_number_only(op: str, value: object) -> None:
    assert _says(_test(op, value)).startswith("$.value: ")


def test_the_place_of_a_fault_is_found_however_deep_it_lies() -> None:
    data = {"all": [{"any": [{"not": {"all": [_test("eq", 1), _test("in", [1, "x", None])]}}]}]}
    assert _says(data).startswith("$.all[0].any[0].not.all[1].value[2]: ")


def test_the_deepest_and_the_longest_conditions_are_accepted_and_one_more_is_not() -> None:
    deep: dict[str, Any] = _test("eq", 1)
    for _ in range(MAX_DEPTH - 1):
        deep = {"not": deep}
    assert evaluate(parse_condition(deep), {}) is bool(MAX_DEPTH % 2 == 0)
    assert "nested deeper" in _says({"not": deep})
    parse_condition({"any": [_test("eq", 1)] * MAX_TESTS})
    spread = {"any": [{"all": [_test("eq", 1)] * (MAX_TESTS // 2)}] * 2 + [_test("eq", 1)]}
    assert f"more than {MAX_TESTS}" in _says(spread)


def test_a_frozen_list_of_devices_is_accepted_up_to_its_bound() -> None:
    listed = [f"device-{number}" for number in range(MAX_LISTED)]
    condition = parse_condition(_test("in", listed, "device.id"))
    assert evaluate(condition, {"device.id": listed[-1]})
    assert not evaluate(condition, {"device.id": "device-x"})
    assert "1 to 50000" in _says(_test("in", [*listed, "one more"]))


@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_every_operator_is_false_on_a_fact_that_is_not_known_so_its_contrary_is_true(op: str) -> None:
    data = _test(op, VALUES[op])
    assert not evaluate(parse_condition(data), {"b": "8.1"})
    assert evaluate(parse_condition({"not": data}), {"b": "8.1"})


@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_every_operator_survives_the_wire_and_reads_one_fact(op: str) -> None:
    condition = parse_condition(_test(op, VALUES[op]))
    again = parse_condition(decode(encode(to_data(condition)), object))
    assert again == condition
    assert facts_read(condition) == {"a"}


@given(SCALARS, SCALARS)
def test_equality_is_symmetric_and_agrees_with_a_list_of_one(left: Any, right: Any) -> None:  # noqa: ANN401
    assert same_scalar(left, right) is same_scalar(right, left)
    assert same_scalar(left, left)
    equal = evaluate(parse_condition(_test("eq", right)), {"a": left})
    assert equal is same_scalar(left, right)
    assert equal is evaluate(parse_condition(_test("in", [right])), {"a": left})


@given(st.lists(SCALARS, min_size=1, max_size=4), SCALARS)
def test_a_list_is_any_of_its_members(listed: list[Any], fact: Any) -> None:  # noqa: ANN401
    among = evaluate(parse_condition(_test("in", listed)), {"a": fact})
    assert among is evaluate(parse_condition({"any": [_test("eq", one) for one in listed]}), {"a": fact})


@given(st.integers(-3, 3) | st.floats(-3, 3), st.integers(-3, 3) | st.floats(-3, 3))
def test_inequalities_are_those_of_numbers(fact: float, value: float) -> None:
    answers = {
        op: evaluate(parse_condition(_test(op, value)), {"a": fact}) for op in ("lt", "le", "gt", "ge", "eq")
    }
    assert answers == {
        "lt": fact < value, "le": fact <= value, "gt": fact > value, "ge": fact >= value, "eq": fact == value,
    }  # fmt: skip


TESTS = st.builds(_test, st.just("eq"), SCALARS, st.sampled_from(["a", "b"]))


@given(st.lists(TESTS, max_size=4), FACTS)
def test_the_laws_of_de_morgan_hold(members: list[Any], facts: dict[str, Any]) -> None:
    opposite = [{"not": member} for member in members]
    for one, other in (("all", "any"), ("any", "all")):
        assert evaluate(parse_condition({"not": {one: members}}), facts) is evaluate(
            parse_condition({other: opposite}), facts
        )


@given(st.lists(TESTS, min_size=1, max_size=4), FACTS)
def test_facts_that_a_condition_does_not_read_change_nothing(members: list[Any], facts: dict[str, Any]) -> None:
    condition = parse_condition({"any": members})
    read = {name: value for name, value in facts.items() if name in facts_read(condition)}
    assert evaluate(condition, facts) is evaluate(condition, {**read, "other": 1})


def test_a_text_is_never_a_number_nor_a_boolean() -> None:
    for fact, value in (("1", 1), (1, "1"), ("true", True), (True, 1), (0, False), ("", False)):
        assert not evaluate(parse_condition(_test("eq", value)), {"a": fact}), (fact, value)


def test_a_pattern_of_a_condition_reads_a_hostile_fact_in_bounded_time() -> None:
    condition = parse_condition(_test("matches", "(a*)*b"))
    assert not evaluate(condition, {"a": "a" * 100_000})
