"""Devices of a campaign: every filter shows those of the whole list that it names, page after page; counts agree."""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime

import psycopg
import pytest

from canopee_api.postgres.campaign_devices import DeviceRow, Wanted, causes, list_devices
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.orders import count_by_state
from canopee_contract.campaign import ring_position

_CAMPAIGN, _OTHER = "0193ac00-0000-7000-8000-000000000000", "0193ac00-0000-7000-8000-000000000001"
_NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
_STATES = ("waiting", "pending", "delivered", "expired", "cancelled", "done", "failed", "timed_out", "skipped")
_FLEET = """
INSERT INTO devices (id, public_key, hostname, practice_id, platform, fingerprint, simulated, enrolled_at, state, generation)
SELECT ('0193ab00-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n::text::bytea, 'PC-' || n || CASE n % 3 WHEN 0 THEN 'É' ELSE '' END,
       'FR-' || n % 4, 'windows', '', false, now(), CASE n % 7 WHEN 0 THEN 'revoked' ELSE 'active' END, 1 + (n % 7 = 0)::int
FROM generate_series(1, 60) n;
INSERT INTO campaigns (id, name, kind, pipeline, parameters, condition, max_targets, is_living, not_before, not_after,
                       created_by, created_at, stopped_at)
SELECT id::uuid, '', 'collect', '{}', '{}', '{}', 100, true, '2026-11-01Z', '2026-12-01Z', '', '2026-11-01Z', NULL
FROM unnest(ARRAY['0193ac00-0000-7000-8000-000000000000', '0193ac00-0000-7000-8000-000000000001']) id;
"""  # noqa: E501  one row a line
_ORDERS = """
INSERT INTO orders (id, device_id, generation, seq, campaign_id, ordinal, envelope, created_at, expires_at, delivered_at, ring)
SELECT gen_random_uuid(), id, 1, %(seq)s, %(campaign)s, 0, '', '2026-11-01Z',
       CASE WHEN random() < 0.2 THEN '2026-11-20Z' ELSE '2026-12-01Z' END::timestamptz,
       CASE WHEN random() < 0.5 THEN '2026-11-02Z'::timestamptz END, floor(random() * 3)
FROM devices WHERE random() < 0.7;
"""  # noqa: E501  one row a line
_RUNS = """
INSERT INTO runs (order_id, device_id, state, code, detail, agent_version, finished_at, received_at, steps)
SELECT id, device_id, state, CASE state WHEN 'skipped' THEN 'condition.false' ELSE '' END, '', '', now(), now(),
       jsonb_build_array(jsonb_build_object('id', 's' || floor(random() * 3), 'use', 'run_program', 'state', state,
                                            'code', CASE WHEN random() < 0.5 THEN 'program.exit' ELSE '' END))
FROM (SELECT *, (ARRAY['done', 'failed', 'timed_out', 'skipped', 'cancelled'])[1 + floor(random() * 5)] AS state
      FROM orders) o
WHERE random() < 0.6;
INSERT INTO waiting_devices (campaign_id, device_id, ring)
SELECT c.id, d.id, 2 FROM campaigns c, devices d
WHERE NOT EXISTS (SELECT FROM orders o WHERE o.campaign_id = c.id AND o.device_id = d.id);
"""


@pytest.fixture
async def tx(database_url: str) -> AsyncGenerator[Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SELECT setseed(0.42)")
        connection.execute(_FLEET.encode())
        for seq, campaign in enumerate((_CAMPAIGN, _OTHER), start=1):
            connection.execute(_ORDERS.encode(), {"seq": seq, "campaign": campaign})
        connection.execute(_RUNS.encode())
    database = Database(database_url, size=1)
    await database.open()
    async with database.transaction() as tx:
        yield tx
    await database.close()


async def _listed(tx: Connection, wanted: Wanted, limit: int = 1_000) -> list[DeviceRow]:
    found: list[DeviceRow] = []
    while rows := await list_devices(
        tx, _CAMPAIGN, wanted, after=found[-1].id if found else "", limit=limit, now=_NOW
    ):
        found += rows
    return found


def _ids(rows: Sequence[DeviceRow]) -> list[str]:
    return [row.id for row in rows]


async def test_every_filter_shows_those_of_the_whole_list_that_it_names(tx: Connection) -> None:
    whole = await _listed(tx, Wanted())
    assert len(whole) == 60
    assert _ids(whole) == sorted({*_ids(whole)})
    for state in (*_STATES, "unknown"):
        assert _ids(await _listed(tx, Wanted(states=[state]))) == [row.id for row in whole if row.state == state]
    mixed = [row.id for row in whole if row.state in {"failed", "expired", "waiting"} and row.ring == 2]
    assert _ids(await _listed(tx, Wanted(states=["failed", "expired", "waiting"], ring=2))) == mixed
    for cause in await causes(tx, _CAMPAIGN, limit=50):
        wanted = Wanted(states=[cause.state], step=cause.step, code=cause.code)
        assert len(await _listed(tx, wanted)) >= cause.devices
    assert {row.step for row in await _listed(tx, Wanted(step="s1"))} <= {"s1"}


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(states=["delivered", "failed", "waiting"]), Wanted(ring=1)])
async def test_pages_hold_what_the_whole_list_does(tx: Connection, wanted: Wanted) -> None:
    assert await _listed(tx, wanted, limit=4) == await _listed(tx, wanted)


@pytest.mark.parametrize(("q", "fits"), [("pc-1", "PC-1"), ("5é", "5É"), ("5E", "5É"), ("fr-2", None), ("%", "%")])
async def test_a_search_is_that_of_the_table_of_devices(tx: Connection, q: str, fits: str | None) -> None:
    whole = await _listed(tx, Wanted())
    expected = [row.id for row in whole if (fits in row.hostname if fits else row.practice_id == "FR-2")]
    assert _ids(await _listed(tx, Wanted(q=q))) == expected


async def test_counts_by_state_and_ring_are_those_of_the_list(tx: Connection) -> None:
    whole = Counter((row.ring, row.state) for row in await _listed(tx, Wanted()))
    counts = await count_by_state(tx, [_CAMPAIGN, _OTHER], now=_NOW)
    mine = Counter[tuple[int, str]]()
    for one in counts:
        mine[one.ring, one.state] += one.devices if one.campaign_id == _CAMPAIGN else 0
    assert +mine == whole
    assert sum(one.devices for one in counts) == 120


async def test_the_place_of_a_device_is_that_of_the_contract(tx: Connection) -> None:
    rows = await (await tx.execute("SELECT id, place FROM devices")).fetchall()
    assert [place for _, place in rows] == [ring_position(device) for device, _ in rows]


async def test_an_order_that_is_not_current_any_more_is_listed_and_counted_by_the_one_that_is(
    tx: Connection,
) -> None:
    before = await _listed(tx, Wanted())
    ended = next(row.id for row in before if row.state == "failed")
    await tx.execute(
        "UPDATE orders SET is_current = false WHERE campaign_id = %s AND device_id = %s", (_CAMPAIGN, ended)
    )
    assert _ids(await _listed(tx, Wanted())) == [row.id for row in before if row.id != ended]
    await tx.execute(
        """INSERT INTO orders (id, device_id, generation, seq, campaign_id, ordinal, envelope, created_at, expires_at,
                               delivered_at, occurrence)
           VALUES (gen_random_uuid(), %s, 1, 9, %s, 0, '', '2026-11-01Z', '2026-12-01Z', '2026-11-02Z', 'b')""",
        (ended, _CAMPAIGN),
    )
    states = {row.id: row.state for row in await _listed(tx, Wanted()) if row.id == ended}
    assert states == {ended: "delivered"}
    assert ended in _ids(await _listed(tx, Wanted(states=["delivered"])))
    assert ended not in _ids(await _listed(tx, Wanted(states=["failed"])))
    counts = await count_by_state(tx, [_CAMPAIGN], now=_NOW)
    assert sum(one.devices for one in counts) == len(before)
