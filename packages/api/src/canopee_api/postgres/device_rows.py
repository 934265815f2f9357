"""SQL of the fleet table: rows in an order, facets, what to watch; one query for what a person sees at once."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec
from psycopg.errors import QueryCanceled

from canopee_api.errors import InvalidError
from canopee_api.postgres.conditions import TRUE, Predicate
from canopee_api.postgres.database import Connection
from canopee_api.postgres.device_filters import Asked, both, everything, source
from canopee_api.postgres.device_orders import Mark, Order, Part
from canopee_api.postgres.device_states import state_of
from canopee_contract.condition import Scalar

_LONGEST_MS = 20_000


class LastRunRow(msgspec.Struct, frozen=True):
    """The newest run of a device."""

    id: str
    pipeline: str
    state: str
    code: str
    finished_at: datetime


class DeviceRow(msgspec.Struct, frozen=True):
    """A device as people see it."""

    id: str
    hostname: str
    practice_id: str
    platform: str
    simulated: bool
    generation: int
    state: str
    enrolled_at: datetime
    last_seen_at: datetime
    agent_version: str
    facts: dict[str, Scalar]
    facts_at: datetime | None
    practice_name: str
    practice_city: str
    tags: list[str]
    last_run: LastRunRow | None


_ROW = """
SELECT d.id, d.hostname, d.practice_id, d.platform, d.simulated, d.generation, {state}, d.enrolled_at,
       p.last_seen_at, p.agent_version, coalesce(f.facts, '{{}}'), f.changed_at,
       coalesce(pr.name, ''), coalesce(pr.city, ''),
       ARRAY(SELECT t.tag FROM device_tags t WHERE t.device_id = d.id ORDER BY t.tag COLLATE "C"),
       r.order_id, r.pipeline, r.state, r.code, r.finished_at
FROM {devices} d JOIN device_presence p ON p.device_id = d.id JOIN device_kinds k ON k.id = p.kind
LEFT JOIN device_facts f ON f.device_id = d.id
LEFT JOIN practices pr ON pr.id = d.practice_id
LEFT JOIN LATERAL (
    SELECT r.order_id, (c.pipeline->>'name') || '@' || (c.pipeline->>'version') AS pipeline, r.state, r.code,
           r.finished_at
    FROM (SELECT * FROM runs WHERE device_id = d.id AND NOT is_dry ORDER BY order_id DESC LIMIT 1) r
    JOIN orders o ON o.id = r.order_id JOIN campaigns c ON c.id = o.campaign_id) r ON true
"""


@asynccontextmanager
async def bounded(tx: Connection) -> AsyncGenerator[None]:
    """Bounds what a person may ask: a pattern in a condition may take seconds; plans are made for these very values.

    Raises:
        InvalidError: `devices.too_slow`.
    """
    await tx.execute(f"SET LOCAL statement_timeout = {_LONGEST_MS}".encode())
    await tx.execute("SET LOCAL jit = off")
    await tx.execute(
        "SET LOCAL work_mem = '64MB'"
    )  # what a look at a large fleet sorts and hashes stays in memory
    try:
        yield
    except QueryCanceled as error:
        message = f"more than {_LONGEST_MS // 1000} s for this fleet: use fewer tests, or simpler patterns"
        raise InvalidError("devices.too_slow", message, at="condition") from error


async def get_device(tx: Connection, device_id: str, *, now: datetime) -> DeviceRow | None:
    """One device."""
    found = await devices_of(tx, [device_id], now=now)
    return found[0] if found else None


async def devices_of(tx: Connection, ids: Sequence[str], *, now: datetime) -> list[DeviceRow]:
    """These devices, in the order given; those that are not there are left out."""
    state = state_of(now)
    query = _ROW.format(state=state.text, devices="devices") + "WHERE d.id = ANY(%s::uuid[])"
    cursor = await tx.execute(query.encode(), (*state.values, list(ids)))
    found = {row[0]: _row(row) for row in await cursor.fetchall()}
    return [found[one] for one in ids if one in found]


async def page_of(
    tx: Connection, asked: Asked, order: Order, *, after: Mark | None, limit: int
) -> list[tuple[str, Mark]]:
    """Ids of the devices that pass, with the mark of each, in an order."""
    found: list[tuple[str, Mark]] = []
    for part, beyond in order.after(after) if after else [(part, TRUE) for part in order.parts]:
        if len(found) < limit:
            rows = await _read(tx, asked, part, beyond, limit - len(found))
            found += [(row[0], Mark(order.sort, row[1], part.is_missing, row[0])) for row in rows]
    return found


async def _read(tx: Connection, asked: Asked, part: Part, beyond: Predicate, limit: int) -> list[tuple[str, str]]:
    which, key = both(everything(asked), part.which, beyond), part.key
    where = source(
        which.text, key.expression.text, key.joined, have_facts=part.have_facts or asked.condition is not None
    )
    query = f"""SELECT id, key::text FROM (
                    SELECT {{id}} AS id, {key.expression.text} AS key FROM {{source}} {key.joined}
                    WHERE {which.text} ORDER BY {part.by.text} LIMIT %s) found"""  # noqa: S608  the values are parameters
    values = [*key.expression.values, *which.values, *part.by.values, limit]
    rows = await (await tx.execute(where.query(query).encode(), values, prepare=False)).fetchall()
    return [(row[0], row[1]) for row in rows]


async def ids_of(tx: Connection, asked: Asked) -> list[str]:
    """Every device that passes, by id."""
    which = everything(asked)
    where = source(which.text, have_facts=asked.condition is not None)
    query = f"SELECT {{id}} FROM {{source}} WHERE {which.text} ORDER BY {{id}}"  # noqa: S608  the values are parameters
    cursor = await tx.execute(where.query(query).encode(), which.values, prepare=False)
    return [row[0] for row in await cursor.fetchall()]


async def stream(tx: Connection, asked: Asked, order: Order, *, block: int) -> AsyncGenerator[list[DeviceRow]]:
    """Every device that passes, in an order, some at a time."""
    state = state_of(asked.now)
    for part in order.parts:
        which = both(everything(asked), part.which)
        where = source("d.*", which.text, part.by.text, part.key.joined, have_facts=part.have_facts)
        passing = where.query(
            f"""(SELECT d.*, row_number() OVER (ORDER BY {part.by.text}) AS nth
                 FROM {{source}} {part.key.joined} WHERE {which.text})"""  # noqa: S608  the values are parameters
        )
        query = _ROW.format(state=state.text, devices=passing) + "ORDER BY d.nth"
        async with tx.cursor(name="export") as cursor:
            await cursor.execute(query.encode(), (*state.values, *part.by.values, *which.values))
            while rows := await cursor.fetchmany(block):
                yield [_row(row) for row in rows]


async def fact_names(tx: Connection, asked: Asked) -> list[str]:
    """The names of the facts that the devices which pass have."""
    which = everything(asked)
    where = source("f.facts", which.text, have_facts=True)
    query = f"SELECT DISTINCT name FROM {{source}}, jsonb_object_keys(f.facts) name WHERE {which.text}"  # noqa: S608  the values are parameters
    cursor = await tx.execute(where.query(query).encode(), which.values, prepare=False)
    return sorted(row[0] for row in await cursor.fetchall())


def _row(row: Sequence[Any]) -> DeviceRow:
    run = LastRunRow(*row[15:20]) if row[15] is not None else None
    return DeviceRow(*row[:15], last_run=run)
