"""The filters of the fleet table as SQL over `p` (device_presence), `k` (its kind), `d` (devices), `f` (device_facts).

Each is true or false for every device, never NULL: facets count with and without one of them. `{id}` is the id of a
device, in whichever of these tables a query reads: `source` says.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from canopee_api.postgres.conditions import TRUE, Predicate, predicate_of
from canopee_api.postgres.device_states import SILENT, in_state
from canopee_api.postgres.patterns import contained
from canopee_contract.condition import Condition
from canopee_contract.fleet import DeviceQuery, Watch

FAILED_SINCE = timedelta(hours=24)
FACETS: Mapping[str, str] = {
    "platform": "k.platform", "agent_version": "k.agent_version", "os": "k.os", "product": "k.product",
    "practice": "d.practice_id",
}  # fmt: skip
"""Filter → the column that it compares; `state` and `tag` are not columns."""
_ALIAS = re.compile(r"\b([pkdf])\.")
_KIND, _DEVICE = "JOIN device_kinds k ON k.id = p.kind", "JOIN devices d ON d.id = {id}"
_FACTS = "LEFT JOIN device_facts f ON f.device_id = {id}"
_ID_LENGTH, _SHORTEST_ID, _MOST_WORDS = 32, 4, 6
_HEXADECIMAL = frozenset("0123456789abcdef")


class Outdated(msgspec.Struct, frozen=True):
    """What an old agent is: the family and architecture of a platform, and the versions below its newest release."""

    family: str
    arch: str
    versions: Sequence[str]


class Asked(msgspec.Struct, frozen=True):
    """A query with what it needs to be understood."""

    query: DeviceQuery
    now: datetime
    condition: Condition | None = None
    outdated: Sequence[Outdated] = ()


class Source(msgspec.Struct, frozen=True):
    """What stands after FROM, and the id of a device there."""

    text: str
    id: str

    def query(self, text: str) -> str:
        """A query with its `{source}` and `{id}` filled in."""
        return text.replace("{source}", self.text).replace("{id}", self.id)


def source(*texts: str, have_facts: bool = False, presence: str = "device_presence") -> Source:
    """The tables that these expressions name and no other: joining one costs as much as the fleet is large.

    `have_facts`: they hold for no device without facts. `presence`: what stands for `p`.
    """
    named = {alias for text in texts for alias in _ALIAS.findall(text)}
    joins = [_DEVICE] if "d" in named else []
    if named & {"p", "k"} or presence != "device_presence":
        joins = [*([_KIND] if "k" in named else []), *joins, *([_FACTS] if "f" in named else [])]
        return _joined(f"{presence} p", "p.device_id", joins)
    if have_facts and "f" in named:
        return _joined("device_facts f", "f.device_id", joins)
    return _joined("devices d", "d.id", [_FACTS] if "f" in named else [])


def _joined(first: str, key: str, joins: Sequence[str]) -> Source:
    return Source(" ".join((first, *joins)).replace("{id}", key), key)


def both(*predicates: Predicate) -> Predicate:
    """All of them."""
    asked = [one for one in predicates if one is not TRUE]
    if not asked:
        return TRUE
    return Predicate(" AND ".join(f"({one.text})" for one in asked), tuple(v for one in asked for v in one.values))


def either(*predicates: Predicate) -> Predicate:
    """One of them."""
    text = " OR ".join(f"({one.text})" for one in predicates)
    return Predicate(text, tuple(value for one in predicates for value in one.values))


def everything(asked: Asked) -> Predicate:
    """Every filter of the query."""
    return both(general(asked), *(filter_of(asked, name) for name in ("state", "tag", *FACETS)))


def filter_of(asked: Asked, name: str) -> Predicate:
    """The filter of one facet; `TRUE` when nothing is asked of it."""
    wanted: list[str] = getattr(asked.query, name)
    if not wanted:
        return TRUE
    if name == "tag":
        return Predicate("{id} IN (SELECT device_id FROM device_tags WHERE tag = ANY(%s::text[]))", (wanted,))
    if name == "state":
        return in_state(asked.now, wanted)
    return Predicate(f"{FACETS[name]} = ANY(%s::text[])", (wanted,))


def general(asked: Asked) -> Predicate:
    """The filters that are no facet: the search, what to watch, the condition."""
    words = [_word(word) for word in asked.query.q.split()[:_MOST_WORDS]]
    watched = [watch_of(asked, one) for one in asked.query.watch]
    return both(*words, either(*watched) if watched else TRUE, _condition(asked.condition))


def watch_of(asked: Asked, watch: Watch) -> Predicate:
    """The devices of which `watch` warns."""
    alive = Predicate("k.state <> 'revoked'")
    if watch == "suspect":
        return Predicate("k.state = 'suspect'")
    if watch == "no_facts":
        return both(alive, Predicate("NOT k.has_facts"))
    if watch == "update_failed":
        returned = "{id} IN (SELECT device_id FROM device_facts WHERE facts ? 'agent.update_failed')"
        return both(alive, Predicate(returned))
    if watch == "silent":
        return both(alive, Predicate("p.last_seen_at <= %s::timestamptz", (asked.now - SILENT,)))
    if watch == "failed":
        failed = """{id} IN (SELECT r.device_id FROM runs r
                    WHERE r.state IN ('failed', 'timed_out') AND NOT r.is_dry AND r.received_at > %s::timestamptz)"""
        return both(alive, Predicate(failed, (asked.now - FAILED_SINCE,)))
    old = [_outdated(one) for one in asked.outdated if one.versions]
    return both(alive, either(*old)) if old else Predicate("false")


def _outdated(one: Outdated) -> Predicate:
    text = "k.family = %s AND k.arch = %s AND k.agent_version = ANY(%s::text[])"
    return Predicate(text, (one.family, one.arch, list(one.versions)))


def _condition(condition: Condition | None) -> Predicate:
    """As targeting has it: neither revoked devices nor those without facts."""
    if condition is None:
        return TRUE
    reachable = Predicate(
        "f.device_id IS NOT NULL AND {id} NOT IN (SELECT id FROM devices WHERE state = 'revoked')"
    )
    return both(reachable, predicate_of(condition))


def _word(word: str) -> Predicate:
    pattern = contained(word)
    text = """d.search LIKE folded(%s)
              OR d.practice_id IN (SELECT id FROM practices WHERE search LIKE folded(%s))"""
    found = Predicate(text, (pattern, pattern))
    digits = word.lower().replace("-", "")
    if not (_SHORTEST_ID <= len(digits) <= _ID_LENGTH and _HEXADECIMAL.issuperset(digits)):
        return found
    bounds = digits.ljust(_ID_LENGTH, "0"), digits.ljust(_ID_LENGTH, "f")
    return either(found, Predicate("d.id BETWEEN %s::uuid AND %s::uuid", bounds))
