"""A database filled with a synthetic fleet, made by PostgreSQL itself: for measures that need a million devices.

    address = EmbeddedServer(folder).start()
    migrate(address)
    fill(address, 1_000_000)

The fleet is the same for the same number: ids, practices (ten PCs each), versions, memory sizes and makers are
functions of a device's rank. Nobody holds the devices' keys: they can be targeted and counted, but never call.
"""

import hashlib
import uuid

import psycopg

_CHUNK = 50_000
_DEVICES = """
INSERT INTO devices (id, public_key, hostname, practice_id, platform, fingerprint, simulated, enrolled_at)
SELECT id_of(n), sha256(n::text::bytea), 'POSTE-' || n, 'C' || lpad((n / 10)::text, 6, '0'), 'windows', md5(n::text),
       true, now()
FROM generate_series(%(first)s::int, %(last)s::int) n
"""
_PRESENCE = """
INSERT INTO device_presence (device_id, last_seen_at, agent_version)
SELECT id_of(n), now() - n %% 86400 * interval '1 s', '1.4.' || n %% 4
FROM generate_series(%(first)s::int, %(last)s::int) n
"""
_FACTS = """
INSERT INTO device_facts (device_id, hash, facts, changed_at, is_considered)
SELECT id_of(n), left(md5('facts' || n), 16), jsonb_build_object(
    'device.id', id_of(n), 'device.hostname', 'POSTE-' || n, 'practice.id', 'C' || lpad((n / 10)::text, 6, '0'),
    'agent.version', '1.4.' || n %% 4, 'os.family', CASE n %% 50 WHEN 0 THEN 'linux' ELSE 'windows' END,
    'os.name', CASE n %% 3 WHEN 0 THEN 'Windows 10 Pro' ELSE 'Windows 11 Pro' END,
    'os.version', CASE n %% 3 WHEN 0 THEN '10.0.19045.' ELSE '10.0.26100.' END || n %% 7000, 'os.arch', 'x86_64',
    'hardware.cores', (ARRAY[2, 4, 6, 8, 12, 16])[n %% 6 + 1],
    'hardware.memory_bytes', (ARRAY[4, 8, 16, 32])[n %% 4 + 1] * 1073741824::bigint,
    'hardware.maker', (ARRAY['Dell Inc.', 'HP', 'LENOVO'])[n %% 3 + 1], 'hardware.model', 'Model ' || n %% 40,
    'product.version', '8.' || n %% 4 || '.' || n %% 23 || CASE n %% 11 WHEN 0 THEN '-rc' || n %% 3 ELSE '' END,
    'product.edition', (ARRAY['solo', 'cabinet', 'groupe'])[n %% 3 + 1]), now(), true
FROM generate_series(%(first)s::int, %(last)s::int) n
"""


def device_id(number: int) -> str:
    """The id of device `number`, from 1."""
    return str(uuid.UUID(f"0193ab{number:06x}70008000{_md5(str(number))[:12]}"))


def facts_hash(number: int) -> str:
    """The hash of its facts that the database holds."""
    return _md5(f"facts{number}")[:16]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def fill(address: str, devices: int) -> None:
    """Add `devices` devices with presence and facts (about 420 bytes of JSON each) to a migrated, empty database.

    They count as considered by the living campaigns. Some minutes for a million.

    Raises:
        psycopg.Error: the database is not empty, or not migrated.
    """
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION pg_temp.id_of(n int) RETURNS uuid IMMUTABLE RETURN "
            "('0193ab' || lpad(to_hex(n), 6, '0') || '-7000-8000-' || left(md5(n::text), 12))::uuid"
        )
        for first in range(1, devices + 1, _CHUNK):
            bounds = {"first": first, "last": min(first + _CHUNK - 1, devices)}
            for statement in (_DEVICES, _FACTS, _PRESENCE):
                connection.execute(statement.replace("id_of(", "pg_temp.id_of(").encode(), bounds)
        for table in ("devices", "device_presence", "device_facts"):
            connection.execute(f"VACUUM ANALYZE {table}")
