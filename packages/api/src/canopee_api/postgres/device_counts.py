"""SQL of the counts beside the fleet table: facets, states, what to watch."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from canopee_api.postgres.conditions import TRUE, Predicate
from canopee_api.postgres.database import Connection
from canopee_api.postgres.device_filters import FACETS, Asked, Source, both, filter_of, general, source, watch_of
from canopee_api.postgres.device_states import ages_of, state_of
from canopee_contract.fleet import WATCHES, Watch

MOST_VALUES = 50
_GROUPED = ("state", "platform", "agent_version", "os", "product")
_OWN = (*_GROUPED, "practice", "tag")
_BY_DEVICE: tuple[Watch, ...] = ("failed", "update_failed")
"""What no kind or age tells."""


class FacetRow(msgspec.Struct, frozen=True):
    """How many devices in a state have a value."""

    facet: str
    value: str
    state: str
    devices: int


async def facets_of(tx: Connection, asked: Asked) -> list[FacetRow]:
    """The devices that pass, by state (facet `total`), and the values of each facet by state.

    What no facet filters by is looked at once. The devices are counted by kind and age, and the few combinations that
    exist are counted again for each short column. Practices are too many for that, tags too few.
    """
    own = {name: filter_of(asked, name) for name in _OWN}
    rest = general(asked)
    passing, presence = Predicate(""), "device_presence"
    if rest is not TRUE:
        where, presence = source("p.", rest.text, have_facts=asked.condition is not None), "passing"
        text = f"passing AS MATERIALIZED (SELECT {{id}} AS device_id, p.kind, p.last_seen_at FROM {{source}} WHERE {rest.text}), "  # noqa: E501, S608  the values are parameters
        passing = Predicate(where.query(text), rest.values)
    made = (passing, *_short_facets(asked, own, presence), *_long_facets(own, presence))
    query = "WITH " + "".join(one.text for one in made)
    cursor = await tx.execute(query.encode(), [value for one in made for value in one.values], prepare=False)
    return [FacetRow(row[0], row[1], row[2], row[3]) for row in await cursor.fetchall()]


def _short_facets(asked: Asked, own: Mapping[str, Predicate], presence: str) -> Sequence[Predicate]:
    filtered = [name for name in _GROUPED if own[name] is not TRUE]
    state, counted = state_of(asked.now), _by_age(asked, both(own["practice"], own["tag"]), presence)
    columns = "".join(f", {FACETS[name]} AS {name}" for name in _GROUPED if name != "state")
    passes = "".join(f", ({own[name].text}) AS passes_{name}" for name in filtered)
    values = (*state.values, *(value for name in filtered for value in own[name].values), *counted.values)
    parts = " UNION ALL ".join(_part(name, filtered) for name in ("total", *_GROUPED))
    grouped = f"""grouped AS MATERIALIZED (
        SELECT {state.text} AS state{columns}{passes}, p.devices FROM {counted.text} p
        JOIN device_kinds k ON k.id = p.kind) """  # noqa: S608  the values are parameters
    return [Predicate(grouped, values), Predicate(parts)]


def _by_age(asked: Asked, which: Predicate, presence: str = "device_presence") -> Predicate:
    """Devices counted by kind and age: a table that stands for `p` wherever only these are asked for."""
    ages, where = ages_of(asked.now), source("p.", which.text, presence=presence)
    text = f"""(SELECT p.kind, max(p.last_seen_at) AS last_seen_at, count(*) AS devices FROM {{source}}
                WHERE {which.text} GROUP BY p.kind, {ages.text})"""  # noqa: S608  the values are parameters
    return Predicate(where.query(text), (*which.values, *ages.values))


def _part(name: str, filtered: Sequence[str]) -> str:
    """The counts of one facet, with every filter but its own."""
    value = "''" if name == "total" else name
    group = "state" if name in {"total", "state"} else f"{name}, state"
    others = " AND ".join(f"passes_{one}" for one in filtered if one != name) or "true"
    return f"SELECT '{name}', {value}, state, sum(devices)::bigint FROM grouped WHERE {others} GROUP BY {group}"  # noqa: S608  constants of this module


def _long_facets(own: Mapping[str, Predicate], presence: str) -> Sequence[Predicate]:
    which = {name: both(*(one for other, one in own.items() if other != name)) for name in ("practice", "tag")}
    held = source("d.", which["practice"].text, presence=presence)
    given = source("p.", which["tag"].text, presence=presence)
    tagged = Source(f"{given.text} JOIN device_tags t ON t.device_id = {given.id}", given.id)
    return [
        _listed("practice", "d.practice_id", held, which["practice"]), _listed("tag", "t.tag", tagged, which["tag"])
    ]  # fmt: skip


def _listed(name: str, column: str, where: Source, which: Predicate) -> Predicate:
    text = f""" UNION ALL (SELECT '{name}', {column}, '', count(*) FROM {{source}} WHERE {which.text}
                GROUP BY 2 ORDER BY 4 DESC, 2 LIMIT {MOST_VALUES})"""  # noqa: S608  the values are parameters
    return Predicate(where.query(text), which.values)


async def practice_names(tx: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Practice → its name, of those that were imported."""
    cursor = await tx.execute("SELECT id, name FROM practices WHERE id = ANY(%s::text[])", (list(ids),))
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def count_states(tx: Connection, now: datetime, ids: Sequence[str]) -> dict[str, int]:
    """Some devices of the fleet, by state."""
    state = state_of(now)
    query = f"""SELECT {state.text}, count(*) FROM device_presence p JOIN device_kinds k ON k.id = p.kind
                WHERE p.device_id = ANY(%s::uuid[]) GROUP BY 1"""  # noqa: S608  constants of this module
    cursor = await tx.execute(query.encode(), [*state.values, list(ids)])
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def count_devices(tx: Connection) -> int:
    """The whole fleet, revoked devices included."""
    row = await (await tx.execute("SELECT count(*) FROM devices")).fetchone()
    return row[0] if row else 0


async def count_practices(tx: Connection) -> int:
    """Practices with a device that is not revoked."""
    cursor = await tx.execute(
        "SELECT count(*) FROM (SELECT DISTINCT practice_id FROM devices WHERE state <> 'revoked') held"
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def count_fleet(tx: Connection, asked: Asked) -> tuple[dict[str, int], dict[Watch, int]]:
    """The fleet by state; and how many devices each watch warns of, as many as its filter shows."""
    state, counted = state_of(asked.now), _by_age(asked, TRUE)
    made: dict[Watch, Predicate] = {watch: watch_of(asked, watch) for watch in WATCHES if watch not in _BY_DEVICE}
    counts = ", ".join(f"sum(p.devices) FILTER (WHERE {one.text})" for one in made.values())
    query = f"""SELECT {state.text}, sum(p.devices)::bigint, {counts} FROM {counted.text} p
                JOIN device_kinds k ON k.id = p.kind GROUP BY 1"""  # noqa: S608  the values are parameters
    values = [*state.values, *(value for one in made.values() for value in one.values), *counted.values]
    rows = await (await tx.execute(query.encode(), values, prepare=False)).fetchall()
    watches: dict[Watch, int] = {
        watch: sum(int(row[place + 2] or 0) for row in rows) for place, watch in enumerate(made)
    }
    for watch in _BY_DEVICE:
        watches[watch] = await _count(tx, watch_of(asked, watch))
    return {row[0]: row[1] for row in rows}, watches


async def _count(tx: Connection, which: Predicate) -> int:
    query = source(which.text).query(f"SELECT count(*) FROM {{source}} WHERE {which.text}")  # noqa: S608  the values are parameters
    row = await (await tx.execute(query.encode(), which.values, prepare=False)).fetchone()
    return row[0] if row else 0


async def agent_versions(tx: Connection) -> list[str]:
    """The versions of agents in the fleet, and some that it has had."""
    cursor = await tx.execute("SELECT DISTINCT agent_version FROM device_kinds")
    return [row[0] for row in await cursor.fetchall()]
