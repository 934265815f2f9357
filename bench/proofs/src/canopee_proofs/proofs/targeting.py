"""The proof `targeting`."""

import itertools
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from canopee_api.campaigns.closures import compiled
from canopee_api.postgres.conditions import predicate_of
from canopee_api.postgres.location import forget
from canopee_api.postgres.migrate import migrate
from canopee_api.postgres.server import EmbeddedServer
from canopee_contract.codec import encode
from canopee_contract.condition import Condition, Scalar, evaluate, to_data
from canopee_kit.clock import SystemClock
from canopee_kit.ids import new_id
from canopee_proofs.hostile_conditions import Draw
from canopee_proofs.proof import Proof, Setting, Verdict

_ROWS, _CONDITIONS = 50, 40
Facts = dict[str, Scalar]


class Targeting(Proof):
    """The agent (the reference), the API in memory (closures) and the API in SQL agree on whom a condition reaches.

    Random conditions are held against random facts, absent ones, hostile numbers and texts, versions and near misses of
    patterns included. The reference reads the facts as the agent has them, the closures as PostgreSQL gives them back.
    """

    usual_cases: ClassVar[int] = 100_000
    short_cases: ClassVar[int] = 10_000

    def run(self, setting: Setting) -> Verdict:
        server, home = EmbeddedServer(setting.folder / "home", options={"fsync": "off"}), setting.folder / "home"
        try:
            address = server.start()
            migrate(address)
            with psycopg.connect(address, autocommit=True) as connection:
                return _try(connection, setting)
        finally:
            server.stop()
            forget(home)


def _try(connection: psycopg.Connection[Any], setting: Setting) -> Verdict:
    violations: list[str] = []
    batches = -(-setting.cases // (_ROWS * _CONDITIONS))
    held = 0
    for number in range(batches):
        draw = Draw(setting.random(str(number)))
        fleet, conditions = [draw.facts() for _ in range(_ROWS)], [draw.condition() for _ in range(_CONDITIONS)]
        with connection.transaction(force_rollback=True):
            _store(connection, fleet)
            answers = _ask(connection, conditions)
        for (facts, (stored, answer)), (place, condition) in itertools.product(
            zip(fleet, answers, strict=True), enumerate(conditions)
        ):
            reference, holds = evaluate(condition, facts), compiled(condition)
            held += reference
            if (reference, reference, reference) != (holds(facts), holds(stored), answer[place]):
                violations.append(
                    f"batch {number}: reference {reference}, closure {holds(facts)} and {holds(stored)}, SQL "
                    f"{answer[place]}: {encode(to_data(condition)).decode()} on {encode(facts).decode()}"
                )
        if number % 10 == 0:
            setting.say(f"{(number + 1) * _ROWS * _CONDITIONS} cases, {held} of which hold")
    return Verdict(batches * _ROWS * _CONDITIONS, tuple(violations))


def _store(connection: psycopg.Connection[Any], fleet: Sequence[Facts]) -> None:
    now = SystemClock().now()
    for number, facts in enumerate(fleet):
        device = new_id(now)
        connection.execute(
            """INSERT INTO devices
                   (id, public_key, hostname, practice_id, platform, fingerprint, simulated, enrolled_at)
               VALUES (%s, %s, %s, '', 'windows', '', true, %s)""",
            (device, number.to_bytes(4, "big"), str(number), now),
        )
        connection.execute(
            "INSERT INTO device_facts (device_id, hash, facts, changed_at) VALUES (%s, '', %s, %s)",
            (device, Jsonb(facts, dumps=encode), now),
        )


def _ask(
    connection: psycopg.Connection[Any], conditions: Sequence[Condition]
) -> list[tuple[Facts, Sequence[bool | None]]]:
    """Of each device in the order of `_store`: its facts as PostgreSQL gives them back, and what holds."""
    predicates = [predicate_of(condition) for condition in conditions]
    columns = ", ".join(predicate.text for predicate in predicates)
    query = f"SELECT f.facts::text, {columns} FROM device_facts f JOIN devices d ON d.id = f.device_id "  # noqa: S608  the values are parameters
    rows = connection.execute(
        (query + "ORDER BY d.hostname::int").encode(),
        [value for predicate in predicates for value in predicate.values],
        prepare=False,
    ).fetchall()
    return [(msgspec.json.decode(row[0]), row[1:]) for row in rows]
