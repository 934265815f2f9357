"""Campaigns over a synthetic fleet, made by PostgreSQL itself: every PC of one large campaign, and many small ones.

Of the large one, rings 0 to 2 (seven PCs of ten) have their order: most are done, one of 25 failed at one of three
steps, some have it and have not answered. The last ring waits. All orders hold one envelope: the API reads it when it
looks for orders of a former epoch, and no PC of this fleet ever does.
"""

from datetime import UTC, datetime

import psycopg

from canopee_contract.order import Order
from canopee_contract.pipeline import PipelineRef
from canopee_trust.documents import seal_order
from canopee_trust.ed25519 import PrivateKey

LARGE = "0193ac00-0000-7000-8000-000000000000"
_SMALL, _SMALL_SIZE = 60, 500
_CAMPAIGNS = """
INSERT INTO campaigns (id, name, kind, pipeline, parameters, condition, max_targets, targets, is_living, is_expanded,
                       not_before, not_after, created_by, created_at, rings, ring, ring_opened_at)
SELECT ('0193ac' || lpad(to_hex(n), 2, '0') || '-0000-7000-8000-000000000000')::uuid, 'Campaign ' || n, 'collect',
       jsonb_build_object('path', 'pipelines/p' || n || '/1.json', 'name', 'p' || n, 'version', 1,
                          'sha256', repeat('0', 64), 'length', 1000),
       '{}', '{"all": []}', 1000000, 0, n %% 2 = 0, true, now() - interval '1 d', now() + interval '30 d', 'bench',
       now() - interval '1 d',
       (SELECT jsonb_agg(jsonb_build_object('up_to_bp', bp, 'not_before', '2026-01-01T00:00:00Z') ORDER BY bp)
        FROM unnest(ARRAY[100, 1000, 7000, 10000]) bp), 2, now() - interval '1 h'
FROM generate_series(0, %(small)s::int) n
"""
_ORDERS = """
INSERT INTO orders (id, device_id, generation, seq, campaign_id, ordinal, envelope, created_at, expires_at,
                    delivered_at, ring)
SELECT gen_random_uuid(), id, 1, %(seq)s, %(campaign)s, place, %(envelope)s,
       now() - interval '1 d', now() + interval '30 d',
       CASE place %% 50 WHEN 0 THEN NULL ELSE now() - interval '1 h' END,
       CASE WHEN place %% 100 = 1 THEN 0 WHEN place %% 100 < 10 THEN 1 ELSE 2 END
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM devices LIMIT %(devices)s) d WHERE place %% 100 < 70
"""
_RUNS = """
INSERT INTO runs (order_id, device_id, state, code, detail, agent_version, started_at, finished_at, received_at, steps)
SELECT id, device_id, CASE WHEN is_bad THEN 'failed' ELSE 'done' END,
       CASE WHEN is_bad THEN 'step.failed' ELSE '' END, '', '1.4.0',
       now() - interval '1 h', now() - interval '1 h', now() - interval '1 h',
       jsonb_build_array(jsonb_build_object(
           'id', 'step_' || ordinal %% 3, 'use', 'run_program', 'state', CASE WHEN is_bad THEN 'failed' ELSE 'done' END,
           'code', CASE WHEN is_bad THEN 'program.exit' ELSE '' END,
           'detail', CASE WHEN is_bad THEN 'exit code ' || ordinal %% 7 ELSE '' END))
FROM (SELECT *, ordinal %% 25 = 3 AS is_bad FROM orders WHERE campaign_id = %(campaign)s AND delivered_at IS NOT NULL) o
WHERE ordinal %% 20 <> 7
"""
_WAITING = """
INSERT INTO waiting_devices (campaign_id, device_id, ring)
SELECT %(campaign)s, id, 3 FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM devices) d
WHERE place %% 100 >= 70
"""


def fill_campaigns(address: str, devices: int) -> None:
    """Add the campaigns to a database that `canopee_proofs.million.fill` has filled with that many devices.

    Raises:
        psycopg.Error: it has some already.
    """
    envelope = _envelope()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(_CAMPAIGNS.encode(), {"small": _SMALL})
        for number in range(_SMALL + 1):
            size = devices if number == 0 else min(devices, _SMALL_SIZE)
            campaign = f"{LARGE[:6]}{number:02x}{LARGE[8:]}"
            given = {"campaign": campaign, "seq": number + 1, "devices": size, "envelope": envelope}
            connection.execute(_ORDERS.encode(), given)
            connection.execute(_RUNS.encode(), given)
        connection.execute(_WAITING.encode(), {"campaign": LARGE})
        for table in ("campaigns", "orders", "runs", "waiting_devices"):
            connection.execute(f"VACUUM ANALYZE {table}".encode())


def _envelope() -> bytes:
    """An order that no policy makes a former one."""
    at, pipeline = datetime(2026, 1, 1, tzinfo=UTC), PipelineRef("pipelines/p0/1.json", "p0", 1, "0" * 64, 1000)
    order = Order(1, LARGE, LARGE, 1, 1_000_000, 1, at, at, at, pipeline, {}, None)
    return seal_order(order, PrivateKey.generate())
