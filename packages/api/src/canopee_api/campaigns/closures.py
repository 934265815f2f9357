"""Conditions compiled to Python closures: what the API evaluates again and again, on one device at a time.

The answer is that of `canopee_contract.condition.evaluate`, without reading the condition again: values are converted,
patterns and versions are read once, and what facts have in common (the same few versions everywhere) is remembered.
"""

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from canopee_contract.condition import All, Condition, Facts, Not, Scalar, Test, as_double
from canopee_contract.pattern import compile_pattern
from canopee_contract.version import version_key

Holds: TypeAlias = Callable[[Facts], bool]
_REMEMBERED = 4_096
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq,
}  # fmt: skip
_key_of = lru_cache(maxsize=16 * _REMEMBERED)(version_key)


def compiled(condition: Condition) -> Holds:
    """A function of the facts of a device: whether the condition holds for it."""
    if isinstance(condition, Test):
        return _test(condition)
    if isinstance(condition, Not):
        inner = compiled(condition.member)
        return lambda facts: not inner(facts)
    members = tuple(compiled(member) for member in condition.members)
    if len(members) == 1:
        return members[0]
    return _all(members) if isinstance(condition, All) else _any(members)


def _all(members: tuple[Holds, ...]) -> Holds:
    def holds(facts: Facts) -> bool:
        for member in members:  # noqa: SIM110  twice as fast as all() with a generator
            if not member(facts):
                return False
        return True

    return holds


def _any(members: tuple[Holds, ...]) -> Holds:
    def holds(facts: Facts) -> bool:
        for member in members:  # noqa: SIM110  as above
            if member(facts):
                return True
        return False

    return holds


def _test(test: Test) -> Holds:
    if test.op == "exists":
        return _exists(test.fact, is_wanted=bool(test.value))
    if isinstance(test.value, tuple):
        return _listed(test.fact, test.value)
    if test.op == "matches":
        return _text(test.fact, lru_cache(maxsize=_REMEMBERED)(compile_pattern(str(test.value)).matches))
    if test.op.startswith("version_"):
        return _version(test.fact, _ORDER[test.op.removeprefix("version_")], str(test.value))
    wanted = as_double(test.value)
    if wanted is None:
        return _same(test.fact, test.value)
    return _number(test.fact, _ORDER[test.op], wanted)


def _exists(name: str, *, is_wanted: bool) -> Holds:
    return lambda facts: (facts.get(name) is not None) is is_wanted


def _same(name: str, wanted: Scalar) -> Holds:
    """A text or a boolean."""
    kind = type(wanted)
    return lambda facts: (fact := facts.get(name)) == wanted and type(fact) is kind


def _number(name: str, compare: Callable[[Any, Any], bool], wanted: float) -> Holds:
    def holds(facts: Facts) -> bool:
        fact = facts.get(name)
        if fact is None or isinstance(fact, str | bool):
            return False
        return compare(float(fact), wanted)

    return holds


def _listed(name: str, listed: tuple[Scalar, ...]) -> Holds:
    texts = frozenset(value for value in listed if isinstance(value, str))
    booleans = frozenset(value for value in listed if isinstance(value, bool))
    doubles = frozenset(double for value in listed if (double := as_double(value)) is not None)

    def holds(facts: Facts) -> bool:
        fact = facts.get(name)
        if isinstance(fact, str):
            return fact in texts
        if fact is None or isinstance(fact, bool):
            return fact in booleans
        return float(fact) in doubles

    return holds


def _text(name: str, accepts: Callable[[str], bool]) -> Holds:
    def holds(facts: Facts) -> bool:
        fact = facts.get(name)
        return isinstance(fact, str) and accepts(fact)

    return holds


def _version(name: str, compare: Callable[[Any, Any], bool], wanted: str) -> Holds:
    key = _key_of(wanted)

    def accepts(version: str) -> bool:
        held = _key_of(version)
        return held is not None and compare(held, key)

    return _text(name, lru_cache(maxsize=_REMEMBERED)(accepts))
