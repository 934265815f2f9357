"""SQL of targeting: whom a condition reaches, among the devices that have sent facts and are not revoked."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from psycopg.errors import QueryCanceled

from canopee_api.errors import InvalidError
from canopee_api.postgres.conditions import Predicate, predicate_of
from canopee_api.postgres.database import Connection
from canopee_contract.condition import Condition, Scalar, Test

_FLEET = "device_facts f WHERE NOT EXISTS (SELECT FROM devices d WHERE d.id = f.device_id AND d.state = 'revoked')"
_LONGEST_MS = 20_000
_NO_ID = "00000000-0000-0000-0000-000000000000"


@asynccontextmanager
async def preview(tx: Connection) -> AsyncGenerator[None]:
    """Bounds what a person may ask: some patterns take seconds to compile.

    Raises:
        InvalidError: `condition.too_slow`.
    """
    await tx.execute(f"SET LOCAL statement_timeout = {_LONGEST_MS}".encode())
    await tx.execute("SET LOCAL jit = off")
    try:
        yield
    except QueryCanceled as error:
        raise InvalidError(
            "condition.too_slow",
            f"more than {_LONGEST_MS // 1000} s for this fleet: use fewer tests, or simpler patterns "
            "(no repetition inside a repetition)",
            at="$.condition",
        ) from error


async def count_matching(
    tx: Connection, condition: Condition, tests: Sequence[Test]
) -> tuple[int, int, list[int]]:
    """The size of the fleet; of how many the condition holds; and each of its tests that are given.

    One pass over the facts, in which each of these tests is made once a device: `OFFSET 0` keeps PostgreSQL from
    writing its expression twice.
    """
    named = {test: f"t{number}" for number, test in enumerate(tests)}
    made = {name: predicate_of(test) for test, name in named.items()}
    whole = predicate_of(condition, lambda test: Predicate(named[test]) if test in named else predicate_of(test))
    columns = "".join(f", {predicate.text} AS {name}" for name, predicate in made.items())
    counts = "".join(f", count(*) FILTER (WHERE {name})" for name in made)
    query = f"""SELECT count(*), count(*) FILTER (WHERE {whole.text}){counts}
                FROM (SELECT f.device_id, f.facts, f.version_keys{columns} FROM {_FLEET} OFFSET 0) f"""  # noqa: S608  the values are parameters
    values = [*whole.values, *(value for predicate in made.values() for value in predicate.values)]
    row = await (await tx.execute(query.encode(), values, prepare=False)).fetchone()
    fleet, total, *passing = row or (0, 0, *(0 for _ in tests))
    return fleet, total, passing


async def matching_ids(tx: Connection, condition: Condition, *, after: str, limit: int) -> list[str]:
    """Ids for which a condition holds, by increasing id: the first `limit` of those after `after`."""
    predicate = predicate_of(condition)
    query = f"""SELECT f.device_id FROM {_FLEET} AND f.device_id > %s::uuid AND {predicate.text}
                ORDER BY f.device_id LIMIT %s"""  # noqa: S608  the values of conditions are parameters
    cursor = await tx.execute(query.encode(), [after or _NO_ID, *predicate.values, limit], prepare=False)
    return [row[0] for row in await cursor.fetchall()]


async def facts_of(tx: Connection, device_id: str) -> tuple[str, dict[str, Scalar] | None] | None:
    """State of a device, and its facts if it has sent any; `None` when it is unknown."""
    cursor = await tx.execute(
        "SELECT d.state, f.facts FROM devices d LEFT JOIN device_facts f ON f.device_id = d.id WHERE d.id = %s",
        (device_id,),
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None
