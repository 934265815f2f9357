"""A database filled with devices in one statement each: PCs of French practices, as the swarm describes them."""

import psycopg

PREFIX = "01890a5d-ac96-774b-8cce-"

_DEVICES = """
INSERT INTO devices (id, public_key, hostname, practice_id, platform, fingerprint, simulated, enrolled_at)
SELECT ('01890a5d-ac96-774b-8cce-' || lpad(to_hex(g), 12, '0'))::uuid, decode(lpad(to_hex(g), 64, '0'), 'hex'),
       'PC-' || g, 'FR-69-' || lpad((g / 5)::text, 6, '0'), 'windows', md5(g::text), true, now()
FROM generate_series(1, %s) g
"""
_PRESENCE = """
INSERT INTO device_presence (device_id, last_seen_at, agent_version) SELECT id, enrolled_at, '0.1.0' FROM devices
"""
_FACTS = """
INSERT INTO device_facts (device_id, hash, facts, changed_at, is_considered)
SELECT d.id, left(md5(d.hostname), 16), jsonb_build_object(
    'agent.version', '0.1.0', 'device.hostname', d.hostname, 'device.id', d.id::text, 'hardware.cores', 4 + n % 5 * 2,
    'hardware.maker', (ARRAY['Dell Inc.', 'HP', 'LENOVO', 'FUJITSU'])[1 + n % 4], 'hardware.memory_bytes',
    (4 + n % 4 * 4)::bigint * 1073741824, 'hardware.model', 'OptiPlex ' || 3000 + n % 40 * 10, 'os.arch', 'x86_64',
    'os.family', 'windows', 'os.name', (ARRAY['Windows 11 Pro', 'Windows 10 Pro', 'Windows 11 Famille'])[1 + n % 3],
    'os.version', '10.0.' || 19045 + n % 7 * 1000 || '.' || 1000 + n % 900, 'practice.id', d.practice_id,
    'product.edition', (ARRAY['standard', 'premium'])[1 + n % 2], 'product.version', '8.' || n % 4 || '.' || n % 6),
    now(), true
FROM (SELECT *, substr(hostname, 4)::int AS n FROM devices) d
"""


def fill(address: str, devices: int) -> None:
    """Make `devices` devices with their presence and their facts (about 330 bytes each)."""
    with psycopg.connect(address) as connection:
        connection.execute(_DEVICES, (devices,))
        connection.execute(_PRESENCE)
        connection.execute(_FACTS)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def device_id(number: int) -> str:
    """The id of device `number`, from 1."""
    return f"{PREFIX}{number:012x}"
