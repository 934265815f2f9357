"""Conditions as SQL over a row of `device_facts` named `f`: two-valued, so that NOT, AND and OR are those of logic.

Each test is true or false for every row, never NULL. The answer is that of `canopee_contract.condition.evaluate`; the
proof `targeting` holds them to it. Casts stand behind a `CASE` on the type: PostgreSQL may reorder an AND, not a CASE.
The fact `device.id` is the key of the row (`devices/facts.py` checks it), which makes a list of devices an index scan.
"""

import uuid
from collections.abc import Callable
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
_Typed: TypeAlias = dict[str, tuple[str, tuple[Any, ...]]]
"""JSON type of the fact → the expression on it, and its parameters."""


def predicate_of(condition: Condition, test: Callable[[Test], Predicate] | None = None) -> Predicate:
    """The expression of a condition; `test` gives that of a test, when it is there already under another name.

    Run it with `prepare=False`: the parameters must be constants for the planner, or a long list is not hashed.
    """
    if isinstance(condition, Test):
        return (test or _test)(condition)
    if isinstance(condition, Not):
        inner = predicate_of(condition.member, test)
        return Predicate(f"NOT ({inner.text})", inner.values)
    members = [predicate_of(member, test) for member in condition.members]
    if not members:
        return TRUE if isinstance(condition, All) else FALSE
    joined = (" AND " if isinstance(condition, All) else " OR ").join(member.text for member in members)
    return Predicate(f"({joined})", tuple(value for member in members for value in member.values))


def _test(test: Test) -> Predicate:
    if test.fact == _IDENTITY and test.op in {"eq", "in"}:
        return _identity(test)
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
    name, value = test.fact, test.value
    if test.op == "matches":
        text = f'(f.facts->>%s::text) COLLATE "C" ~ %s::text AND char_length(f.facts->>%s::text) <= {MAX_VALUE}'
        return {"string": (text, (name, to_are(str(value)), name))}
    if not isinstance(value, tuple):
        return {"number": (f"(f.facts->%s::text)::float8 {_ORDER[test.op]} %s::float8", (name, as_double(value)))}
    typed: _Typed = {}
    if texts := [one for one in value if isinstance(one, str)]:
        typed["string"] = ('(f.facts->>%s::text) COLLATE "C" = ANY(%s::text[])', (name, texts))
    if booleans := [one for one in value if isinstance(one, bool)]:
        typed["boolean"] = ("(f.facts->%s::text)::boolean = ANY(%s::boolean[])", (name, booleans))
    if doubles := [double for one in value if (double := as_double(one)) is not None]:
        typed["number"] = ("(f.facts->%s::text)::float8 = ANY(%s::float8[])", (name, doubles))
    return typed


def _by_type(fact: str, typed: _Typed) -> Predicate:
    branches = "".join(f" WHEN '{kind}' THEN {text}" for kind, (text, _) in typed.items())
    values = (fact, *(value for _, of_branch in typed.values() for value in of_branch))
    return Predicate(f"CASE jsonb_typeof(f.facts->%s::text){branches} ELSE false END", values)


def _identity(test: Test) -> Predicate:
    """Is the device one of these: by the key."""
    listed = test.value if isinstance(test.value, tuple) else (test.value,)
    ids = [value for value in listed if _is_canonical(value)]
    return Predicate("f.device_id = ANY(%s::uuid[])", (ids,)) if ids else FALSE


def _is_canonical(value: Scalar) -> bool:
    """Written as the API writes an id: any other text is not equal to one."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False
