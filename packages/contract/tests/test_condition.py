from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_contract.condition import ALWAYS, each_test, evaluate, facts_read, parse_condition, to_data
from canopee_contract.errors import ConditionError
from canopee_contract.version import version_key

FACTS = {
    "os.family": "windows",
    "os.build": 19045,
    "product.version": "8.1.10",
    "is.server": False,
    "disk.free": 12.5,
    "huge": 2**53 + 1,
    "zero": -0.0,
    "accent": "\u00e9",
}


def _test(fact: str, op: str, value: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"fact": fact, "op": op, "value": value}


@pytest.mark.parametrize(
    ("fact", "op", "value", "expected"),
    [
        ("os.family", "eq", "windows", True), ("os.family", "eq", "Windows", False), ("os.build", "eq", 19045.0, True),
        ("is.server", "eq", False, True), ("is.server", "eq", 0, False), ("os.build", "eq", "19045", False),
        ("os.family", "in", ["linux", "windows"], True), ("os.build", "in", [1, 2], False),
        ("os.build", "ge", 19045, True), ("os.build", "lt", 19045, False), ("disk.free", "gt", 12, True),
        ("os.family", "gt", 1, False), ("is.server", "lt", 1, False), ("is.server", "in", [0, "False"], False),
        ("huge", "eq", 2**53, True), ("huge", "gt", 2**53, False), ("huge", "in", [2.0**53], True),
        ("zero", "eq", 0, True), ("zero", "lt", 0, False), ("accent", "eq", "e\u0301", False),
        ("product.version", "version_lt", "8.2", True), ("product.version", "version_gt", "8.1.9", True),
        ("product.version", "version_eq", "8.1.10.0", True), ("os.family", "version_lt", "8.2", False),
        ("os.build", "version_lt", "8.2", False), ("os.family", "matches", "win.*", True),
        ("os.family", "matches", "win", False), ("os.build", "matches", "19045", False),
        ("os.family", "exists", True, True), ("nothing", "exists", True, False), ("nothing", "exists", False, True),
        ("nothing", "eq", "x", False), ("nothing", "version_lt", "9", False), ("nothing", "matches", ".*", False),
    ],
)  # fmt: skip
def test_a_test_on_a_fact(fact: str, op: str, value: Any, expected: bool) -> None:  # noqa: ANN401, FBT001
    assert evaluate(parse_condition(_test(fact, op, value)), FACTS) is expected


def test_members_are_combined_and_absence_is_false_under_not() -> None:
    true, absent = _test("os.build", "gt", 1), _test("nothing", "eq", 1)
    cases: tuple[tuple[Any, bool], ...] = (
        ({"all": []}, True), ({"any": []}, False), ({"not": absent}, True), ({"all": [true, absent]}, False),
        ({"any": [true, absent]}, True), ({"all": [true, {"not": {"any": [absent]}}]}, True),
    )  # fmt: skip
    for data, expected in cases:
        assert evaluate(parse_condition(data), FACTS) is expected, data


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (None, "$"), ([], "$"), ({}, "$"), ({"all": {}}, "$.all"), ({"all": [{"any": 1}]}, "$.all[0].any"),
        ({"all": [], "any": []}, "$"), (_test("", "eq", 1), "$.fact"), (_test("a.b", "like", 1), "$.op"),
        (_test("a.b", "in", []), "$.value"), (_test("a.b", "in", [[]]), "$.value[0]"),
        (_test("a.b", "exists", 1), "$.value"), (_test("a.b", "lt", "1"), "$.value"),
        (_test("a.b", "version_lt", "x"), "$.value"), (_test("a.b", "matches", "(a+)+("), "$.value"),
        (_test("a.b", "eq", 2**63), "$.value"), (_test("a.b", "lt", -(2**63) - 1), "$.value"),
        (_test("a.b", "eq", float("nan")), "$.value"), (_test("a.b", "in", [1, float("inf")]), "$.value[1]"),
        (_test("a.b", "eq", None), "$.value"), ({"not": [_test("a.b", "eq", 1)]}, "$.not"),
    ],
)  # fmt: skip
def test_what_is_not_a_condition_is_refused_with_its_place(data: object, place: str) -> None:
    with pytest.raises(ConditionError) as refused:
        parse_condition(data)
    assert refused.value.message.split(": ")[0] == place


def test_a_condition_too_deep_or_too_long_is_refused() -> None:
    deep: dict[str, Any] = _test("a.b", "eq", 1)
    for _ in range(9):
        deep = {"not": deep}
    with pytest.raises(ConditionError, match="deeper"):
        parse_condition(deep)
    with pytest.raises(ConditionError, match="more than"):
        parse_condition({"all": [_test("a.b", "eq", 1)] * 501})


SCALARS = (
    st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.sampled_from(["windows", "8.1", "8.10-rc1", "x"])
)
NAMES = st.sampled_from(["a.a", "b.b", "c.c"])
TESTS: st.SearchStrategy[Any] = st.builds(
    _test, NAMES, st.sampled_from(["eq", "exists"]), st.booleans()
) | st.builds(_test, NAMES, st.just("in"), st.lists(SCALARS, min_size=1, max_size=3))


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists: st.SearchStrategy[Any] = st.lists(inner, max_size=3)
    return (
        st.fixed_dictionaries({"all": lists})
        | st.fixed_dictionaries({"any": lists})
        | st.fixed_dictionaries({"not": inner})
    )


CONDITIONS = st.recursive(TESTS, _combined, max_leaves=8)


@given(CONDITIONS, st.dictionaries(st.sampled_from(["a.a", "b.b", "c.c"]), SCALARS))
def test_not_is_always_the_contrary_and_data_survives_a_round_trip(data: Any, facts: dict[str, Any]) -> None:  # noqa: ANN401
    condition = parse_condition(data)
    assert evaluate(parse_condition({"not": data}), facts) is not evaluate(condition, facts)
    assert parse_condition(to_data(condition)) == condition
    assert facts_read(condition) <= {"a.a", "b.b", "c.c"}


def test_the_each_test_a_condition_come_in_its_order_with_their_places() -> None:
    one, two, three = _test("a.b", "eq", 1), _test("c.d", "exists", True), _test("e.f", "lt", 2)  # noqa: FBT003  JSON
    places = [
        (at, to_data(test))
        for at, test in each_test(parse_condition({"all": [one, {"not": {"any": [two, three]}}]}))
    ]
    assert places == [("$.all[0]", one), ("$.all[1].not.any[0]", two), ("$.all[1].not.any[1]", three)]
    assert list(each_test(parse_condition(one))) == [("$", parse_condition(one))]


def test_the_condition_without_members_holds_everywhere() -> None:
    assert evaluate(ALWAYS, {})


@pytest.mark.parametrize(
    ("lower", "higher"),
    [("8.1", "8.2"), ("8.9", "8.10"), ("8.2.0-rc1", "8.2"), ("8.2-a", "8.2-b"), ("1", "1.0.0.1"), ("9", "10")],
)
def test_versions_are_ordered_by_their_numbers(lower: str, higher: str) -> None:
    low, high = version_key(lower), version_key(higher)
    assert low is not None
    assert high is not None
    assert low < high


def test_build_metadata_and_missing_numbers_do_not_count() -> None:
    assert version_key("8.2+abc") == version_key("8.2.0.0")


@pytest.mark.parametrize(
    "text", ["", "v8", "8.", ".8", "8..1", "1.2.3.4.5.6.7", "8.2 ", "8,2", "٨", "1" * 10, "8.2\n"]
)
def test_anything_else_is_no_version(text: str) -> None:
    assert version_key(text) is None
