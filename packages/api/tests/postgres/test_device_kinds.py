"""The database keeps the kind of each device: what is counted by kind is what the devices are, whoever wrote it."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import psycopg
import pytest
from psycopg.types.json import Jsonb

from canopee_api.postgres.migrate import migrations

Connection: TypeAlias = psycopg.Connection[Any]
_WRONG = """
SELECT d.id FROM devices d JOIN device_presence p ON p.device_id = d.id LEFT JOIN device_facts f ON f.device_id = d.id
LEFT JOIN device_kinds k ON k.id = p.kind
WHERE (k.state, k.platform, k.agent_version, k.has_facts, k.os, k.product, k.family, k.arch) IS DISTINCT FROM
      (d.state, d.platform, p.agent_version, f.device_id IS NOT NULL, coalesce(f.facts->>'os.name', ''),
       coalesce(f.facts->>'product.version', ''), coalesce(f.facts->>'os.family', ''),
       coalesce(f.facts->>'os.arch', ''))
"""
_DEVICE = """
INSERT INTO devices (id, public_key, hostname, practice_id, platform, fingerprint, simulated, enrolled_at)
VALUES (gen_random_uuid(), %s, 'PC', 'FR-1', 'windows', '', false, now()) RETURNING id
"""
_PRESENCE = "INSERT INTO device_presence (device_id, last_seen_at, agent_version) VALUES (%s, now(), '1.0.0')"
_FACTS = """
INSERT INTO device_facts (device_id, hash, facts, changed_at) VALUES (%(id)s, md5(%(facts)s::text), %(facts)s, now())
ON CONFLICT (device_id) DO UPDATE SET hash = excluded.hash, facts = excluded.facts
WHERE device_facts.hash <> excluded.hash
"""


def _enrol(connection: Connection, number: int) -> str:
    row = connection.execute(_DEVICE, (number.to_bytes(4),)).fetchone()
    assert row is not None
    connection.execute(_PRESENCE, row)
    return str(row[0])


def _send(connection: Connection, device: str, facts: dict[str, Any]) -> None:
    connection.execute(_FACTS, {"id": device, "facts": Jsonb(facts)})


def _kinds(connection: Connection) -> int:
    row = connection.execute("SELECT count(DISTINCT kind) FROM device_presence").fetchone()
    return row[0] if row else 0


@pytest.fixture
def connection(database_url: str) -> Connection:
    return psycopg.connect(database_url, autocommit=True)


@pytest.mark.parametrize(
    "write",
    [
        "UPDATE devices SET state = 'revoked' WHERE id = %s",
        "UPDATE devices SET platform = 'linux' WHERE id = %s",
        "UPDATE device_presence SET agent_version = '1.1.0' WHERE device_id = %s",
        """UPDATE device_facts SET facts = facts || '{"os.name": "Windows 11"}' WHERE device_id = %s""",
        """UPDATE device_facts SET facts = facts || '{"product.version": 8}' WHERE device_id = %s""",
        "UPDATE device_facts SET facts = facts - 'os.family' WHERE device_id = %s",
        """UPDATE device_facts SET facts = facts || '{"os.arch": "arm64"}' WHERE device_id = %s""",
    ],
)
def test_whatever_changes_of_a_device_its_kind_follows_and_that_of_others_does_not(
    connection: Connection, write: str
) -> None:
    with connection:
        devices = [_enrol(connection, number) for number in range(2)]
        assert _kinds(connection) == 1
        for device in devices:
            _send(connection, device, {"os.name": "Windows 10", "os.family": "windows", "os.arch": "x86_64"})
        assert (_kinds(connection), connection.execute(_WRONG).fetchall()) == (1, [])
        connection.execute(write.encode(), (devices[0],))
        assert (_kinds(connection), connection.execute(_WRONG).fetchall()) == (2, [])


def test_a_name_of_any_length_and_one_that_looks_like_two_are_kinds_of_their_own(connection: Connection) -> None:
    sent = [{"os.name": "x" * 4_000}, {"os.name": "a", "product.version": "b,c"}, {"os.name": 'a","b'}, {}]
    with connection:
        for number, facts in enumerate(sent):
            _send(connection, _enrol(connection, number), facts)
        assert (_kinds(connection), connection.execute(_WRONG).fetchall()) == (4, [])


def test_many_writers_at_once_never_wait_for_one_another_in_a_circle(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as first:
        devices = [_enrol(first, number) for number in range(12)]

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with psycopg.connect(database_url, autocommit=True) as connection:
            for turn in range(40):
                device, version = chance.choice(devices), str(turn // 4)
                match chance.randrange(4):
                    case 0:
                        with connection.transaction():  # as the writer of presence does
                            some = sorted(chance.sample(devices, 6))
                            connection.execute(
                                "SELECT FROM device_presence WHERE device_id = ANY(%s) ORDER BY device_id FOR UPDATE",
                                (some,),
                            )
                            connection.execute(
                                "UPDATE device_presence SET agent_version = %s WHERE device_id = ANY(%s)",
                                (version, some),
                            )
                    case 1:
                        states = chance.choice(["active", "suspect"])
                        connection.execute("UPDATE devices SET state = %s WHERE id = %s", (states, device))
                    case _:
                        _send(connection, device, {"os.name": chance.choice("abc"), "product.version": version})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with psycopg.connect(database_url) as connection:
        assert connection.execute(_WRONG).fetchall() == []


def test_devices_from_before_kinds_get_theirs(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        for migration in migrations():
            if migration.name.startswith("0050"):
                for number in range(3):
                    device = _enrol(connection, number)
                    if number:
                        _send(connection, device, {"os.name": f"Windows {number}"})
            connection.execute(migration.sql.encode())
        assert (_kinds(connection), connection.execute(_WRONG).fetchall()) == (3, [])
