"""SQL of the signals of campaigns: on how many PCs that have run a condition holds since, or a dataset has records.

Facts are judged as they are. Records are counted once each, as they become readable, into one row a PC: a campaign of
weeks costs what comes in, never a look at what has come.
"""

from datetime import datetime

import msgspec

from canopee_api.postgres.conditions import predicate_of
from canopee_api.postgres.database import Connection
from canopee_contract.condition import Condition

_READER = "signals"
_RAN = "('done', 'failed', 'timed_out', 'unknown')"
_BEGAN = "greatest(o.delivered_at, least(coalesce(r.started_at, r.finished_at), r.received_at))"
"""When a run began: the clock of the PC says so, the clock of the API says between when and when it can be."""
_ENDED = "greatest(o.delivered_at, least(r.finished_at, r.received_at))"
_JUDGED = f"""o.campaign_id = %s AND o.is_current AND o.ring <= %s AND r.received_at >= %s AND r.state IN {_RAN}"""
_WATCHED = """\
SELECT c.id AS campaign_id, s.place::int - 1 AS signal, s.signal->>'dataset' AS dataset
FROM campaigns c, jsonb_array_elements(c.rollout->'signals') WITH ORDINALITY s (signal, place)
WHERE c.stopped_at IS NULL AND c.not_after > %(now)s AND s.signal ? 'dataset'"""


class Counted(msgspec.Struct, frozen=True):
    """What a signal has counted."""

    ran: int
    """PCs whose run came since the campaign is judged."""
    devices: int
    """Of these, show it."""
    records: int = 0
    """What these sent of its dataset."""


class Scope(msgspec.Struct, frozen=True):
    """The runs of a campaign that are judged: of its rings up to `ring`, received from `judged_from` on."""

    campaign_id: str
    ring: int
    judged_from: datetime


async def count_holding(tx: Connection, scope: Scope, condition: Condition) -> Counted:
    """On how many PCs a condition holds for facts that changed since their run ended."""
    predicate = predicate_of(condition)
    query = f"""SELECT count(*), count(*) FILTER (WHERE CASE WHEN f.changed_at >= {_ENDED} THEN {predicate.text} END)
                FROM orders o JOIN runs r ON r.order_id = o.id LEFT JOIN device_facts f ON f.device_id = o.device_id
                WHERE {_JUDGED}"""  # noqa: S608  the values are parameters
    values = [*predicate.values, scope.campaign_id, scope.ring, scope.judged_from]
    row = await (await tx.execute(query.encode(), values, prepare=False)).fetchone()
    return Counted(*row) if row else Counted(0, 0)


async def count_sending(tx: Connection, scope: Scope, signal: int) -> Counted:
    """How many PCs have sent records of the dataset of a signal since their run began, and how many records."""
    cursor = await tx.execute(
        f"""SELECT count(*), count(s.device_id), coalesce(sum(s.records), 0)::bigint
            FROM orders o JOIN runs r ON r.order_id = o.id
            LEFT JOIN signal_records s ON s.campaign_id = o.campaign_id AND s.signal = %s
                 AND s.device_id = o.device_id AND s.last_at >= {_BEGAN}
            WHERE {_JUDGED}""".encode(),  # noqa: S608  constants of this module
        (signal, scope.campaign_id, scope.ring, scope.judged_from),
    )
    row = await cursor.fetchone()
    return Counted(*row) if row else Counted(0, 0)


async def begin_reading(tx: Connection, now: datetime) -> None:
    """From here on records are counted for whoever watches them; where they are already, nothing changes.

    In a database that was restored from a dump, whose numbers began again, they are counted from now on.
    """
    await tx.execute(
        """INSERT INTO record_positions (name, xid, n, moved_at)
           VALUES (%s, pg_snapshot_xmin(pg_current_snapshot()), 0, %s) ON CONFLICT (name) DO UPDATE
           SET xid = excluded.xid, n = 0, moved_at = excluded.moved_at
           WHERE record_positions.xid > pg_snapshot_xmax(pg_current_snapshot())""",
        (_READER, now),
    )


async def read_on(tx: Connection, now: datetime, *, limit: int) -> int:
    """Count the next records for the campaigns that watch their dataset, up to `limit`; how many were looked at.

    A record counts when it came since the run of its PC began; before that is reported, since its order was delivered.
    One process at a time: the position is locked. When nobody watches, nothing is read, and reading begins anew later.
    """
    cursor = await tx.execute(f"SELECT EXISTS ({_WATCHED})".encode(), {"now": now})
    if (await cursor.fetchone() or (False,))[0] is False:
        await tx.execute("DELETE FROM record_positions WHERE name = %s", (_READER,))
        return 0
    await begin_reading(tx, now)
    cursor = await tx.execute(
        f"""WITH position AS MATERIALIZED (
                SELECT * FROM record_positions WHERE name = %(reader)s FOR UPDATE
            ), looked_at AS MATERIALIZED (
                SELECT r.xid, r.n, r.device_id, r.dataset, r.received_at
                FROM records r
                WHERE (r.xid, r.n) > ((SELECT xid FROM position), (SELECT n FROM position))
                  AND r.xid < pg_snapshot_xmin(pg_current_snapshot())
                ORDER BY r.xid, r.n LIMIT %(limit)s
            ), watched AS MATERIALIZED ({_WATCHED}), counted AS (
                INSERT INTO signal_records AS s (campaign_id, signal, device_id, records, last_at)
                SELECT w.campaign_id, w.signal, l.device_id, count(*), max(l.received_at)
                FROM looked_at l JOIN watched w USING (dataset)
                JOIN orders o ON o.campaign_id = w.campaign_id AND o.device_id = l.device_id AND o.is_current
                LEFT JOIN runs r ON r.order_id = o.id
                WHERE l.received_at >= {_BEGAN}
                GROUP BY 1, 2, 3
                ON CONFLICT (campaign_id, signal, device_id) DO UPDATE
                SET records = s.records + excluded.records, last_at = greatest(s.last_at, excluded.last_at)
            ), last AS (SELECT xid, n FROM looked_at ORDER BY xid DESC, n DESC LIMIT 1), moved AS (
                UPDATE record_positions p SET xid = last.xid, n = last.n, moved_at = %(now)s
                FROM last WHERE p.name = %(reader)s
            ) SELECT count(*) FROM looked_at""".encode(),  # noqa: S608  constants of this module
        {"reader": _READER, "limit": limit, "now": now},
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def missing_datasets(tx: Connection, names: list[str]) -> list[str]:
    """Which of these datasets do not exist."""
    cursor = await tx.execute(
        "SELECT w.name FROM unnest(%s::text[]) w (name) WHERE w.name NOT IN (SELECT name FROM datasets)", (names,)
    )
    return [row[0] for row in await cursor.fetchall()]
