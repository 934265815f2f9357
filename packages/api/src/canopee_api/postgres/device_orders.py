"""The orders in which the fleet table can be read, and pages in them: after a device, not after a number of rows."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime

import msgspec

from canopee_api.errors import InvalidError
from canopee_api.postgres.conditions import TRUE, Predicate
from canopee_api.postgres.device_states import rank_of

_FACT = "fact:"
_LONGEST_FACT = 200


class Key(msgspec.Struct, frozen=True):
    """What a column sorts by: an expression that is never NULL, its type, and a table that it needs besides."""

    expression: Predicate
    kind: str
    joined: str = ""


class Mark(msgspec.Struct, frozen=True):
    """The last row of a page: its sort key as text, whether it has none, and its id."""

    sort: str
    value: str
    is_missing: bool
    id: str


_C = 'COLLATE "C"'
_PRACTICES = """JOIN (SELECT known.practice_id, folded(coalesce(pr.name, known.practice_id)) COLLATE "C" AS key
      FROM (SELECT DISTINCT practice_id FROM devices) known LEFT JOIN practices pr ON pr.id = known.practice_id
      ORDER BY key) o ON o.practice_id = d.practice_id"""
"""Ordered before it is joined: PostgreSQL stops at the practices of the page, or folds each name once."""
_COLUMNS = {
    "id": Key(Predicate("{id}"), "uuid"),
    "hostname": Key(Predicate(f"folded(d.hostname) {_C}"), "text"),
    "practice": Key(Predicate("o.key"), "text", _PRACTICES),
    "platform": Key(Predicate(f"k.platform {_C}"), "text"),
    "agent_version": Key(Predicate(f"k.agent_key {_C}"), "text"),
    "last_seen": Key(Predicate("p.last_seen_at"), "timestamptz"),
    "enrolled": Key(Predicate("d.enrolled_at"), "timestamptz"),
}  # fmt: skip
SORTS = (*_COLUMNS, "state", f"{_FACT}<name>")


class Order(msgspec.Struct, frozen=True):
    """An order of the table: by a column, then by id, so that no two rows are equal.

    Devices without the value come last either way: those with it are one `part` of the table, they are another.
    """

    sort: str
    key: Key
    fact: str
    is_descending: bool

    @property
    def parts(self) -> "Sequence[Part]":
        """The parts of the table, in order; every device is in one."""
        down = " DESC" if self.is_descending else ""
        held = Part(self.key, Predicate(f"{self.key.expression.text}{down}, {{id}}", self.key.expression.values))
        if not self.fact:
            return [held]
        return [
            msgspec.structs.replace(held, which=Predicate("f.facts ? %s::text", (self.fact,)), have_facts=True),
            Part(
                _COLUMNS["id"],
                Predicate("{id}"),
                Predicate("(f.facts ? %s::text) IS NOT TRUE", (self.fact,)),
                is_missing=True,
            ),
        ]

    def after(self, mark: Mark) -> "Sequence[tuple[Part, Predicate]]":
        """The parts that are left after the row that a page ended with, and which rows of each."""
        left = [part for part in self.parts if part.is_missing or not mark.is_missing]
        return [(part, self._beyond(part, mark) if part.is_missing == mark.is_missing else TRUE) for part in left]

    def _beyond(self, part: "Part", mark: Mark) -> Predicate:
        held, kind, values = part.key.expression.text, part.key.kind, part.key.expression.values
        if part.is_missing:
            return Predicate("{id} > %s::uuid", (mark.id,))
        if self.is_descending:
            return Predicate(
                f"{held} < %s::{kind} OR ({held} = %s::{kind} AND {{id}} > %s::uuid)",
                (*values, mark.value, *values, mark.value, mark.id),
            )
        return Predicate(f"({held}, {{id}}) > (%s::{kind}, %s::uuid)", (*values, mark.value, mark.id))


class Part(msgspec.Struct, frozen=True):
    """Devices of an order that are read together."""

    key: Key
    by: Predicate
    """What stands after ORDER BY."""
    which: Predicate = TRUE
    have_facts: bool = False
    is_missing: bool = False
    """They lack the value."""


def order_of(sort: str, now: datetime) -> Order:
    """The order of a `sort` parameter: a column, or `fact:<name>`; `-` before it turns it round.

    A fact sorts as a version where it is one, else numbers as numbers and texts as texts.

    Raises:
        InvalidError: there is no such column.
    """
    name = sort.removeprefix("-")
    if name in _COLUMNS:
        return Order(sort, _COLUMNS[name], "", sort.startswith("-"))
    if name == "state":
        return Order(sort, Key(rank_of(now), "int"), "", sort.startswith("-"))
    fact = name.removeprefix(_FACT)
    if not name.startswith(_FACT) or not 1 <= len(fact) <= _LONGEST_FACT:
        raise InvalidError("sort.unknown", f"sort by {', '.join(SORTS)}; - before it turns it round", at="sort")
    value = Predicate("coalesce(f.version_keys->%s::text, f.facts->%s::text, 'null'::jsonb)", (fact, fact))
    return Order(sort, Key(value, "jsonb"), fact, sort.startswith("-"))


def to_cursor(mark: Mark) -> str:
    """A mark as it travels."""
    return base64.urlsafe_b64encode(msgspec.json.encode(msgspec.structs.astuple(mark))).decode().rstrip("=")


def mark_of(cursor: str, order: Order) -> Mark | None:
    """The mark of a cursor, `None` for the first page; raises `InvalidError`."""
    if not cursor:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found = Mark(*msgspec.json.decode(raw, type=tuple[str, str, bool, str]))
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise InvalidError("page.cursor", "pass the `next` of the page before", at="after") from error
    if found.sort != order.sort:
        raise InvalidError("page.cursor", f"this page continues a list sorted by {found.sort[:80]}", at="after")
    return found
