"""The orders in which the fleet table can be read, and pages in them: after a device, not after a number of rows."""

import base64
import binascii
from datetime import datetime

import msgspec

from canopee_api.errors import InvalidError
from canopee_api.postgres.conditions import TRUE, Predicate
from canopee_api.postgres.device_states import state_of

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
_COLUMNS = {
    "id": Key(Predicate("d.id"), "uuid"),
    "hostname": Key(Predicate(f"folded(d.hostname) {_C}"), "text"),
    "practice": Key(
        Predicate(f"folded(coalesce(pr.name, d.practice_id)) {_C}"), "text",
        "LEFT JOIN practices pr ON pr.id = d.practice_id",
    ),
    "platform": Key(Predicate(f"d.platform {_C}"), "text"),
    "agent_version": Key(
        Predicate(f"coalesce(v.key, '') {_C}"), "text",
        """LEFT JOIN (SELECT agent_version, version_sort_key(agent_version) AS key
                      FROM (SELECT DISTINCT agent_version FROM device_presence) known) v
           ON v.agent_version = p.agent_version""",
    ),
    "last_seen": Key(Predicate("p.last_seen_at"), "timestamptz"),
    "enrolled": Key(Predicate("d.enrolled_at"), "timestamptz"),
}  # fmt: skip
SORTS = (*_COLUMNS, "state", f"{_FACT}<name>")
_STATES = ("suspect", "online", "late", "offline", "revoked")


class Order(msgspec.Struct, frozen=True):
    """An order of the table: by a column, then by id, so that no two rows are equal."""

    sort: str
    key: Key
    missing: Predicate
    is_descending: bool

    @property
    def by(self) -> Predicate:
        """What stands after ORDER BY; devices without the value come last either way."""
        down = " DESC" if self.is_descending else ""
        missing = f"{self.missing.text}, " if self.missing is not TRUE else ""
        values = self.missing.values if self.missing is not TRUE else ()
        return Predicate(
            f"{missing}{self.key.expression.text}{down}, d.id", (*values, *self.key.expression.values)
        )

    def beyond(self, mark: Mark) -> Predicate:
        """The rows after the one that a page ended with."""
        held, kind, values = self.key.expression.text, self.key.kind, self.key.expression.values
        if self.is_descending:
            after = Predicate(
                f"{held} < %s::{kind} OR ({held} = %s::{kind} AND d.id > %s::uuid)",
                (*values, mark.value, *values, mark.value, mark.id),
            )
        else:
            after = Predicate(f"({held}, d.id) > (%s::{kind}, %s::uuid)", (*values, mark.value, mark.id))
        if self.missing is TRUE:
            return after
        same = "" if mark.is_missing else "NOT "
        text, more = f"{same}{self.missing.text} AND ({after.text})", (*self.missing.values, *after.values)
        if mark.is_missing:
            return Predicate(text, more)
        return Predicate(f"({text}) OR {self.missing.text}", (*more, *self.missing.values))


def order_of(sort: str, now: datetime) -> Order:
    """The order of a `sort` parameter: a column, or `fact:<name>`; `-` before it turns it round.

    A fact sorts as a version where it is one, else numbers as numbers and texts as texts.

    Raises:
        InvalidError: there is no such column.
    """
    name = sort.removeprefix("-")
    if name in _COLUMNS:
        return Order(sort, _COLUMNS[name], TRUE, sort.startswith("-"))
    if name == "state":
        state = state_of(now)
        place = Predicate(f"array_position(%s::text[], {state.text})", (list(_STATES), *state.values))
        return Order(sort, Key(place, "int"), TRUE, sort.startswith("-"))
    fact = name.removeprefix(_FACT)
    if not name.startswith(_FACT) or not 1 <= len(fact) <= _LONGEST_FACT:
        raise InvalidError("sort.unknown", f"sort by {', '.join(SORTS)}; - before it turns it round", at="sort")
    value = Predicate("coalesce(f.version_keys->%s::text, f.facts->%s::text, 'null'::jsonb)", (fact, fact))
    missing = Predicate("(f.facts->%s::text IS NULL)", (fact,))
    return Order(sort, Key(value, "jsonb"), missing, sort.startswith("-"))


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
