"""Conditions: which devices, as data.

    {"all": [C, …]}   {"any": [C, …]}   {"not": C}   {"fact": "os.build", "op": "ge", "value": 19045}

The evaluator here is the reference: the agent uses it as it is; whatever compiles a condition to something
faster must give the same answer. The logic has two values. A test on a fact that the device does not have, or
whose value is of another type than the test needs, is false (so `not` of it is true); only `exists` speaks of
absence. `{"all": []}` holds everywhere, `{"any": []}` nowhere.

| op | value | true when the fact |
|---|---|---|
| `eq` | text, number or boolean | is of the same type and equal |
| `in` | non-empty list of such values | is equal to one of them |
| `exists` | boolean | is known (true) or not known (false) |
| `lt` `le` `gt` `ge` | number | is a number that compares so |
| `version_eq` `version_lt` `version_le` `version_gt` `version_ge` | version | is a version that compares so |
| `matches` | pattern | is a text that matches as a whole |

Versions and patterns are those of `version.py` and `pattern.py`. Texts are equal when their code points are: no
case is folded, nothing is normalised. A boolean is not a number. Numbers compare as IEEE 754 doubles, the only ones
that Python, PostgreSQL and JavaScript share: 1 and 1.0 are equal, and so are 2⁵³ and 2⁵³ + 1. The numbers of a
condition are those that `codec.py` reads: finite, integers of 64 bits.
"""

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias, cast

import msgspec

from canopee_contract.codec import INTEGER_MAX, INTEGER_MIN, encode
from canopee_contract.errors import ConditionError, PatternError
from canopee_contract.pattern import compile_pattern, matches
from canopee_contract.version import version_key

MAX_DEPTH = 8
MAX_TESTS = 500
MAX_LISTED = 50_000
"""Longest list of an `in`: a frozen list of devices is a condition on `device.id`."""
_SHOWN_VALUES, _SHOWN_CHARACTERS = 10, 200

Scalar: TypeAlias = str | int | float | bool
Facts: TypeAlias = Mapping[str, Scalar]

_NUMERIC: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip
_VERSION = {f"version_{name}": compare for name, compare in _NUMERIC.items()} | {"version_eq": operator.eq}
OPERATORS = frozenset({"eq", "in", "exists", "matches", *_NUMERIC, *_VERSION})


class All(msgspec.Struct, frozen=True):
    """True when every member is."""

    members: "tuple[Condition, ...]"


class Any_(msgspec.Struct, frozen=True):  # noqa: N801  `Any` is taken
    """True when a member is."""

    members: "tuple[Condition, ...]"


class Not(msgspec.Struct, frozen=True):
    """True when its member is false."""

    member: "Condition"


class Test(msgspec.Struct, frozen=True):
    """One comparison of one fact."""

    __test__ = False  # not a test of pytest
    fact: str
    op: str
    value: Scalar | tuple[Scalar, ...]


Condition: TypeAlias = All | Any_ | Not | Test
ALWAYS = All(())


def evaluate(condition: Condition, facts: Facts) -> bool:
    """Whether `condition` holds for a device with these facts."""
    if isinstance(condition, All):
        return all(evaluate(member, facts) for member in condition.members)
    if isinstance(condition, Any_):
        return any(evaluate(member, facts) for member in condition.members)
    if isinstance(condition, Not):
        return not evaluate(condition.member, facts)
    fact = facts.get(condition.fact)
    if condition.op == "exists":
        return (fact is not None) == condition.value
    return fact is not None and _compare(condition, fact)


def parse_condition(data: object) -> Condition:
    """Read a condition from its JSON value.

    Raises:
        ConditionError: not well formed; the message names the place, as in `$.all[2].op`.
    """
    return _parse(data, "$", MAX_DEPTH, [MAX_TESTS])


def to_data(condition: Condition) -> dict[str, Any]:
    """The JSON value of a condition: the inverse of `parse_condition`."""
    if isinstance(condition, All):
        return {"all": [to_data(member) for member in condition.members]}
    if isinstance(condition, Any_):
        return {"any": [to_data(member) for member in condition.members]}
    if isinstance(condition, Not):
        return {"not": to_data(condition.member)}
    value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    return {"fact": condition.fact, "op": condition.op, "value": value}


def facts_read(condition: Condition) -> frozenset[str]:
    """The names of the facts that a condition reads."""
    if isinstance(condition, Test):
        return frozenset({condition.fact})
    members = (condition.member,) if isinstance(condition, Not) else condition.members
    return frozenset[str]().union(*(facts_read(member) for member in members))


def each_test(condition: Condition, at: str = "$") -> Iterator[tuple[str, Test]]:
    """Each elementary test with its place, as in `$.all[2].not`, in the order of the text."""
    if isinstance(condition, Test):
        yield at, condition
    elif isinstance(condition, Not):
        yield from each_test(condition.member, f"{at}.not")
    else:
        key = "all" if isinstance(condition, All) else "any"
        for number, member in enumerate(condition.members):
            yield from each_test(member, f"{at}.{key}[{number}]")


def describe(test: Test) -> str:
    """A test as people read it: `product.version version_lt "8.2"`; what is long is cut."""
    listed = len(test.value) if isinstance(test.value, tuple) else 0
    if listed > _SHOWN_VALUES:
        return f"{test.fact} {test.op} [{listed} values]"
    text = encode(test.value).decode()
    return f"{test.fact} {test.op} {text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + '…'}"


def same_scalar(left: Scalar, right: Scalar) -> bool:
    """Equality of facts: a boolean equals only a boolean, a text a text, and numbers compare as doubles."""
    numbers = as_double(left), as_double(right)
    if numbers == (None, None):
        return type(left) is type(right) and left == right
    return numbers[0] == numbers[1]


def as_double(value: object) -> float | None:
    """A number as the double by which it compares; `None` for anything else, booleans included."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _compare(test: Test, fact: Scalar) -> bool:
    if isinstance(test.value, tuple):
        return any(same_scalar(fact, value) for value in test.value)
    if test.op == "eq":
        return same_scalar(fact, test.value)
    if test.op in _NUMERIC:
        number = as_double(fact)
        return number is not None and _NUMERIC[test.op](number, as_double(test.value))
    if not isinstance(fact, str):
        return False
    if test.op == "matches":
        return matches(str(test.value), fact)
    key = version_key(fact)
    return key is not None and _VERSION[test.op](key, version_key(str(test.value)))


def _parse(data: object, at: str, depth: int, budget: list[int]) -> Condition:
    if depth == 0:
        raise ConditionError(f"{at}: nested deeper than {MAX_DEPTH}")
    if not isinstance(data, dict):
        raise ConditionError(f"{at}: a condition is an object")
    document = cast("dict[str, Any]", data)
    keys = set(document)
    if keys == {"fact", "op", "value"}:
        budget[0] -= 1
        if budget[0] < 0:
            raise ConditionError(f"{at}: more than {MAX_TESTS} tests")
        return _parse_test(document, at)
    if keys == {"not"}:
        return Not(_parse(document["not"], f"{at}.not", depth - 1, budget))
    for key, kind in (("all", All), ("any", Any_)):
        if keys == {key}:
            members = _list(document[key], f"{at}.{key}")
            return kind(tuple(_parse(m, f"{at}.{key}[{n}]", depth - 1, budget) for n, m in enumerate(members)))
    raise ConditionError(
        f"{at}: exactly one of all, any, not, or fact + op + value; found: {sorted(map(str, keys))}"
    )


def _list(value: object, at: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConditionError(f"{at}: a list is expected")
    return cast("list[Any]", value)


def _parse_test(data: dict[str, Any], at: str) -> Test:
    fact, op, value = data["fact"], data["op"], data["value"]
    if not isinstance(fact, str) or not 1 <= len(fact) <= 200:  # noqa: PLR2004  longest name of a fact
        raise ConditionError(f"{at}.fact: the name of a fact is expected")
    if not isinstance(op, str) or op not in OPERATORS:
        raise ConditionError(f"{at}.op: {op!r} is not one of {', '.join(sorted(OPERATORS))}")
    return Test(fact, op, _parse_value(op, value, f"{at}.value"))


def _parse_value(op: str, value: object, at: str) -> Scalar | tuple[Scalar, ...]:
    if op == "in":
        listed = _list(value, at)
        if not 1 <= len(listed) <= MAX_LISTED:
            raise ConditionError(f"{at}: 1 to {MAX_LISTED} values are expected")
        return tuple(_scalar(item, f"{at}[{n}]") for n, item in enumerate(listed))
    single = _scalar(value, at)
    if op == "exists" and not isinstance(single, bool):
        raise ConditionError(f"{at}: true or false is expected")
    if op in _NUMERIC and as_double(single) is None:
        raise ConditionError(f"{at}: a number is expected")
    if op in _VERSION and (not isinstance(single, str) or version_key(single) is None):
        raise ConditionError(f"{at}: {single!r} is not a version")
    if op == "matches":
        _check_pattern(single, at)
    return single


def _scalar(value: object, at: str) -> Scalar:
    if not isinstance(value, str | int | float | bool):
        raise ConditionError(f"{at}: a text, a number or a boolean is expected")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConditionError(f"{at}: a finite number is expected")
    if isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX:
        raise ConditionError(f"{at}: an integer of at most 64 bits is expected")
    return value


def _check_pattern(value: Scalar, at: str) -> None:
    if not isinstance(value, str):
        raise ConditionError(f"{at}: a pattern is a text")
    try:
        compile_pattern(value)
    except PatternError as error:
        raise ConditionError(f"{at}: {error.message}") from error
