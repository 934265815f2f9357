"""Conditions as SQL over a row of `device_facts` named `f`: two-valued, so that NOT, AND and OR are those of logic.

Each test is true or false for every row, never NULL. The answer is that of `canopee_contract.condition.evaluate`; the
proof `targeting` holds them to it. Casts stand behind a `CASE` on the type: PostgreSQL may reorder an AND, not a CASE.
The fact `device.id` is the key of the row (`devices/facts.py` checks it), which makes a list of devices an index scan.
"""

import uuid
from typing import Any, TypeAlias

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.patterns import to_are
from canopee_contract.condition import All, Condition, Not, Scalar, Test, as_double
from canopee_contract.pattern import MAX_VALUE

_ORDER = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "="}
_IDENTITY = "device.id"


class Predicate(msgspec.Struct, frozen=True):
    """A boolean expression, and the parameters of its `%s`, in order."""

    text: str
    values: tuple[Any, ...] = ()


TRUE, FALSE = Predicate("true"), Predicate("false")
_Typed: TypeAlias = dict[str, tuple[str, Any]]
"""JSON type of the fact → the expression on it, with one parameter."""


def predicate_of(condition: Condition) -> Predicate:
    """The expression of a condition.

    Run it with `prepare=False`: the parameters must be constants for the planner, or a long list is not hashed.
    """
    if isinstance(condition, Test):
        return _identity(condition) if condition.fact == _IDENTITY else _test(condition)
    if isinstance(condition, Not):
        inner = predicate_of(condition.member)
        return Predicate(f"NOT ({inner.text})", inner.values)
    members = [predicate_of(member) for member in condition.members]
    if not members:
        return TRUE if isinstance(condition, All) else FALSE
    joined = (" AND " if isinstance(condition, All) else " OR ").join(member.text for member in members)
    return Predicate(f"({joined})", tuple(value for member in members for value in member.values))


def _test(test: Test) -> Predicate:
    if test.op == "exists":
        return Predicate("f.facts ? %s::text" if test.value else "NOT (f.facts ? %s::text)", (test.fact,))
    if test.op == "eq" and as_double(test.value) is None:
        return Predicate("f.facts @> %s", (Jsonb({test.fact: test.value}),))
    if test.op.startswith("version_"):
        compared = _ORDER[test.op.removeprefix("version_")]
        text = f'coalesce((f.version_keys->>%s::text) COLLATE "C" {compared} version_sort_key(%s), false)'
        return Predicate(text, (test.fact, test.value))
    return _by_type(test.fact, _typed(test))


def _typed(test: Test) -> _Typed:
    """The tests that depend on the type of the fact; a type that is not there is false."""
    if test.op == "matches":
        length = f"char_length(f.facts->>%s::text) <= {MAX_VALUE}"
        return {"string": (f'{length} AND (f.facts->>%s::text) COLLATE "C" ~ %s::text', to_are(str(test.value)))}
    if not isinstance(test.value, tuple):
        return {"number": (f"(f.facts->%s::text)::float8 {_ORDER[test.op]} %s::float8", as_double(test.value))}
    typed: _Typed = {}
    if texts := [value for value in test.value if isinstance(value, str)]:
        typed["string"] = ('(f.facts->>%s::text) COLLATE "C" = ANY(%s::text[])', texts)
    if booleans := [value for value in test.value if isinstance(value, bool)]:
        typed["boolean"] = ("(f.facts->%s::text)::boolean = ANY(%s::boolean[])", booleans)
    if doubles := [double for value in test.value if (double := as_double(value)) is not None]:
        typed["number"] = ("(f.facts->%s::text)::float8 = ANY(%s::float8[])", doubles)
    return typed


def _by_type(fact: str, typed: _Typed) -> Predicate:
    branches, values = "", [fact]
    for kind, (text, value) in typed.items():
        branches += f" WHEN '{kind}' THEN {text}"
        values += [fact] * text.count("->") + [value]
    return Predicate(f"CASE jsonb_typeof(f.facts->%s::text){branches} ELSE false END", tuple(values))


def _identity(test: Test) -> Predicate:
    """A test on the id itself: by the key, when that is all it asks for."""
    if test.op in {"eq", "in"}:
        listed = test.value if isinstance(test.value, tuple) else (test.value,)
        ids = [value for value in listed if _is_canonical(value)]
        return Predicate("f.device_id = ANY(%s::uuid[])", (ids,)) if ids else FALSE
    return _test(test)


def _is_canonical(value: Scalar) -> bool:
    """Written as the API writes an id: any other text is not equal to one."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False
