"""SQL of the counts beside the fleet table: facets, states, what to watch."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from canopee_api.postgres.conditions import TRUE, Predicate
from canopee_api.postgres.database import Connection
from canopee_api.postgres.device_filters import FACETS, JOINED, Asked, both, filter_of, general, watch_of
from canopee_api.postgres.device_states import state_of
from canopee_contract.fleet import WATCHES, Watch

MOST_VALUES = 50
_GROUPED = ("state", "platform", "agent_version", "os", "product")
_OWN = (*_GROUPED, "practice", "tag")


class FacetRow(msgspec.Struct, frozen=True):
    """How many devices in a state have a value."""

    facet: str
    value: str
    state: str
    devices: int


async def facets_of(tx: Connection, asked: Asked) -> list[FacetRow]:
    """The devices that pass, by state (facet `total`), and the values of each facet by state.

    One pass over the fleet counts all the short columns together; the few combinations that exist are then counted
    again for each of them. Practices are too many for that, tags too few: each has its own query.
    """
    own = {name: filter_of(asked, name) for name in _OWN}
    return [
        *await _short_facets(tx, asked, own),
        *await _listed(tx, "practice", "d.practice_id", JOINED, _others(asked, own, "practice")),
        *await _listed(
            tx, "tag", "t.tag", f"device_tags t JOIN {JOINED} ON d.id = t.device_id", _others(asked, own, "tag")
        ),
    ]


async def _short_facets(tx: Connection, asked: Asked, own: Mapping[str, Predicate]) -> list[FacetRow]:
    filtered = [name for name in _GROUPED if own[name] is not TRUE]
    state, which = state_of(asked.now), both(general(asked), own["practice"], own["tag"])
    columns = "".join(f", {FACETS[name]} AS {name}" for name in _GROUPED if name != "state")
    passes = "".join(f", ({own[name].text}) AS passes_{name}" for name in filtered)
    keys = ", ".join(str(place + 1) for place in range(len(_GROUPED) + len(filtered)))
    parts = " UNION ALL ".join(_part(name, filtered) for name in ("total", *_GROUPED))
    query = f"""
        WITH grouped AS MATERIALIZED (
            SELECT {state.text} AS state{columns}{passes}, count(*) AS devices FROM {JOINED} WHERE {which.text}
            GROUP BY {keys})
        {parts}"""  # noqa: S608  the values are parameters
    values = [*state.values, *(value for name in filtered for value in own[name].values), *which.values]
    cursor = await tx.execute(query.encode(), values, prepare=False)
    return [FacetRow(row[0], row[1], row[2], row[3]) for row in await cursor.fetchall()]


def _part(name: str, filtered: Sequence[str]) -> str:
    """The counts of one facet, with every filter but its own."""
    value = "''" if name == "total" else name
    group = "state" if name in {"total", "state"} else f"{name}, state"
    others = " AND ".join(f"passes_{one}" for one in filtered if one != name) or "true"
    return f"SELECT '{name}', {value}, state, sum(devices)::bigint FROM grouped WHERE {others} GROUP BY {group}"  # noqa: S608  constants of this module


async def _listed(tx: Connection, name: str, column: str, source: str, which: Predicate) -> list[FacetRow]:
    query = f"""SELECT {column}, count(*) FROM {source} WHERE {which.text}
                GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_VALUES}"""  # noqa: S608  the values are parameters
    cursor = await tx.execute(query.encode(), which.values, prepare=False)
    return [FacetRow(name, row[0], "", row[1]) for row in await cursor.fetchall()]


def _others(asked: Asked, own: Mapping[str, Predicate], name: str) -> Predicate:
    return both(general(asked), *(one for other, one in own.items() if other != name))


async def practice_names(tx: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Practice → its name, of those that were imported."""
    cursor = await tx.execute("SELECT id, name FROM practices WHERE id = ANY(%s::text[])", (list(ids),))
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def count_states(tx: Connection, now: datetime, ids: Sequence[str] | None = None) -> dict[str, int]:
    """The fleet, or some devices of it, by state."""
    state = state_of(now)
    which, values = ("true", []) if ids is None else ("d.id = ANY(%s::uuid[])", [list(ids)])
    query = f"""SELECT {state.text}, count(*) FROM devices d JOIN device_presence p ON p.device_id = d.id
                WHERE {which} GROUP BY 1"""  # noqa: S608  constants of this module
    cursor = await tx.execute(query.encode(), [*state.values, *values])
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
    made, state = [watch_of(asked, watch) for watch in WATCHES], state_of(asked.now)
    counts = ", ".join(f"count(*) FILTER (WHERE {one.text})" for one in made)
    query = f"SELECT {state.text}, count(*), {counts} FROM {JOINED} GROUP BY 1"  # noqa: S608  the values are parameters
    values = [*state.values, *(value for one in made for value in one.values)]
    rows = await (await tx.execute(query.encode(), values, prepare=False)).fetchall()
    watches: dict[Watch, int] = {watch: sum(row[place + 2] for row in rows) for place, watch in enumerate(WATCHES)}
    return {row[0]: row[1] for row in rows}, watches


async def agent_versions(tx: Connection) -> list[str]:
    """The versions of agents in the fleet."""
    cursor = await tx.execute("SELECT DISTINCT agent_version FROM device_presence")
    return [row[0] for row in await cursor.fetchall()]
