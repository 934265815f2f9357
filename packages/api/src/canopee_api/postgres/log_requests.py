"""SQL of log requests: who asked for what, and where each device stands."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from canopee_api.postgres.database import Connection
from canopee_contract.condition import Scalar
from canopee_contract.order import Consent

SETTLED_AFTER = timedelta(hours=48)
"""A PC that has begun to send, or said that it would, and is silent for so long, has not answered."""
_COLUMNS = """\
l.id, l.reason, l.ticket, l.created_by, l.created_at, l.total_budget_bytes, l.keep_until, l.notify, l.forward, \
l.again_of, l.code_claimed, l.completed_at, l.notified_at, l.notify_error, l.notify_attempts, \
l.purged_at, l.purged_by, l.cancelled_at, l.cancelled_by, \
c.upload_budget_bytes, c.pipeline->>'name', (c.pipeline->>'version')::int, c.name, c.parameters, c.not_after"""


def _ended_with(*codes: str) -> str:
    """Whether the run `r`, or a step of it, says one of these codes, whatever area it names before it."""
    pattern = f"(^|[.])({'|'.join(codes)})$"
    return f"""(r.code ~ '{pattern}' OR r.steps @? '$[*].code ? (@ like_regex "{pattern}")')"""


_STATE = f"""CASE WHEN ld.purged_at IS NOT NULL THEN 'purged'
    WHEN u.whole > 0 AND u.partial = 0 THEN 'ready'
    WHEN ld.cancelled_at IS NOT NULL THEN 'cancelled'
    WHEN ld.over_budget_bytes IS NOT NULL OR {_ended_with("over_budget")} THEN 'over_budget'
    WHEN o.id IS NULL THEN CASE WHEN c.not_after <= %(now)s OR c.stopped_at IS NOT NULL OR d.state = 'revoked'
                                THEN 'expired' ELSE 'waiting' END
    WHEN r.order_id IS NULL THEN
        CASE WHEN u.partial > 0 THEN 'sending'
             WHEN o.expires_at <= %(now)s OR d.generation <> o.generation
                  OR (c.stopped_at IS NOT NULL AND o.delivered_at IS NULL) THEN 'expired'
             WHEN o.delivered_at IS NULL THEN 'waiting' ELSE 'running' END
    WHEN r.code LIKE 'refused.%%' OR {_ended_with("consent_refused", "consent_unanswered", "denied")} THEN 'refused'
    WHEN {_ended_with("nothing_found")} THEN 'nothing_found'
    WHEN u.partial > 0 THEN 'sending'
    WHEN r.state = 'expired' THEN 'expired'
    WHEN r.state <> 'done' THEN 'failed'
    WHEN greatest(r.received_at, u.touched_at) < %(silent)s THEN 'expired'
    ELSE 'sending' END"""
_FROM = """log_request_devices ld JOIN campaigns c ON c.id = ld.request_id JOIN devices d ON d.id = ld.device_id
    LEFT JOIN orders o ON o.campaign_id = ld.request_id AND o.device_id = ld.device_id AND o.is_current
    LEFT JOIN runs r ON r.order_id = o.id
    LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE is_complete) AS whole,
                              count(*) FILTER (WHERE NOT is_complete) AS partial, max(touched_at) AS touched_at,
                              coalesce(sum(received), 0)::bigint AS received,
                              coalesce(sum(length), 0)::bigint AS length
                       FROM uploads WHERE order_id = o.id) u ON true"""
_FAULT = """(SELECT s->>'{0}' FROM jsonb_array_elements(r.steps) s
              WHERE s->>'state' <> 'done' AND coalesce(s->>'code', '') <> ''
              ORDER BY s->>'state' = 'skipped', s->>'code' <> 'nothing_found' LIMIT 1)"""
"""Of the step that says most about how the run `r` went."""
_CODE, _DETAIL = (f"coalesce(nullif({_FAULT.format(one)}, ''), r.{one}, '')" for one in ("code", "detail"))


class LogRequestRow(msgspec.Struct, frozen=True, kw_only=True):
    """A request, with what its campaign says."""

    id: str
    reason: str
    ticket: str
    created_by: str
    created_at: datetime
    total_budget_bytes: int
    keep_until: datetime
    notify: list[str]
    forward: bool
    again_of: str | None
    code_claimed: bool
    completed_at: datetime | None
    notified_at: datetime | None
    notify_error: str
    notify_attempts: int
    purged_at: datetime | None
    purged_by: str
    cancelled_at: datetime | None
    cancelled_by: str
    budget_bytes: int
    pipeline: str
    version: int
    title: str
    parameters: dict[str, Scalar]
    not_after: datetime


class LogCount(msgspec.Struct, frozen=True):
    """How many devices of a request are in a state, and what they have sent."""

    request_id: str
    state: str
    devices: int
    received: int
    announced: int


class LogDeviceRow(msgspec.Struct, frozen=True):
    """A device of a request."""

    id: str
    hostname: str
    practice_id: str
    practice_name: str
    consent: str
    state: str
    code: str
    detail: str
    received: int
    announced: int
    changed_at: datetime | None
    order_id: str | None
    over_budget_bytes: int | None


class NewLogRequestRow(msgspec.Struct, frozen=True, kw_only=True):
    """A request to store; its campaign is there."""

    id: str
    reason: str
    ticket: str
    created_by: str
    created_at: datetime
    total_budget_bytes: int
    keep_until: datetime
    notify: list[str]
    forward: bool
    again_of: str | None
    code_claimed: bool = False


async def insert(tx: Connection, row: NewLogRequestRow, consents: Mapping[str, str]) -> None:
    """Store a request with its devices, each with what its user is asked."""
    await tx.execute(
        """INSERT INTO log_requests (id, reason, ticket, created_by, created_at, total_budget_bytes, keep_until,
                                     notify, forward, again_of, code_claimed)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        msgspec.structs.astuple(row),
    )
    ids = sorted(consents)
    await tx.execute(
        """INSERT INTO log_request_devices (request_id, device_id, consent)
           SELECT %s, * FROM unnest(%s::uuid[], %s::text[])""",
        (row.id, ids, [consents[one] for one in ids]),
    )


async def consents_of(tx: Connection, request_id: str, device_ids: Sequence[str]) -> dict[str, Consent]:
    """What the users of these devices of a request are asked."""
    cursor = await tx.execute(
        "SELECT device_id, consent FROM log_request_devices WHERE request_id = %s AND device_id = ANY(%s::uuid[])",
        (request_id, list(device_ids)),
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def list_requests(
    tx: Connection, *, after: str, limit: int, state: str, q: str, device: str, by: str
) -> list[LogRequestRow]:
    """Requests, newest first: of a state or any, of a device, of a person, whose reason or ticket holds a text."""
    cursor = await tx.execute(
        f"""SELECT {_COLUMNS} FROM log_requests l JOIN campaigns c ON c.id = l.id
            WHERE (%(after)s = '' OR l.id < nullif(%(after)s, '')::uuid)
              AND CASE %(state)s WHEN 'purged' THEN l.purged_at IS NOT NULL
                                 WHEN 'complete' THEN l.purged_at IS NULL AND l.completed_at IS NOT NULL
                                 WHEN 'running' THEN l.completed_at IS NULL ELSE true END
              AND (%(by)s = '' OR l.created_by = %(by)s)
              AND (%(q)s = '' OR position(lower(%(q)s) IN lower(l.ticket || ' ' || l.reason)) > 0)
              AND (%(device)s = '' OR EXISTS (SELECT FROM log_request_devices x WHERE x.request_id = l.id
                                              AND x.device_id = nullif(%(device)s, '')::uuid))
            ORDER BY l.id DESC LIMIT %(limit)s""",  # noqa: S608  constants of this module
        {"after": after, "limit": limit, "state": state, "q": q, "device": device, "by": by},
    )
    return [_row(row) for row in await cursor.fetchall()]


async def get_request(tx: Connection, request_id: str, *, lock: bool = False) -> LogRequestRow | None:
    query = f"SELECT {_COLUMNS} FROM log_requests l JOIN campaigns c ON c.id = l.id WHERE l.id = %s"  # noqa: S608
    cursor = await tx.execute(query.encode() + (b" FOR UPDATE OF l" if lock else b""), (request_id,))
    row = await cursor.fetchone()
    return _row(row) if row else None


async def count_states(tx: Connection, request_ids: Sequence[str], *, now: datetime) -> list[LogCount]:
    """Every device of these requests, counted once."""
    cursor = await tx.execute(
        f"""SELECT ld.request_id, {_STATE}, count(*), sum(u.received)::bigint, sum(u.length)::bigint
            FROM {_FROM} WHERE ld.request_id = ANY(%(requests)s::uuid[]) GROUP BY 1, 2""".encode(),  # noqa: S608  constants
        {"requests": list(request_ids), "now": now, "silent": now - SETTLED_AFTER},
    )
    return [LogCount(*row) for row in await cursor.fetchall()]


async def list_devices(
    tx: Connection, request_id: str, *, states: Sequence[str], q: str, after: str, limit: int, now: datetime
) -> list[LogDeviceRow]:
    """Devices of a request by increasing id, those in some states or all; `q`: part of a name or of a practice."""
    cursor = await tx.execute(
        f"""SELECT * FROM (
                SELECT ld.device_id AS id, d.hostname, d.practice_id, coalesce(p.name, ''), ld.consent,
                       {_STATE} AS state, {_CODE}, {_DETAIL}, u.received, u.length,
                       greatest(o.delivered_at, r.received_at, u.touched_at, ld.purged_at, ld.cancelled_at),
                       o.id AS order_id, ld.over_budget_bytes
                FROM {_FROM} LEFT JOIN practices p ON p.id = d.practice_id
                WHERE ld.request_id = %(request)s AND (%(after)s = '' OR ld.device_id > nullif(%(after)s, '')::uuid)
                  AND (%(q)s = '' OR position(folded(%(q)s) IN d.search) > 0)) found
            WHERE %(states)s::text[] = '{{}}' OR state = ANY(%(states)s)
            ORDER BY id LIMIT %(limit)s""".encode(),  # noqa: S608  constants of this module
        {
            "request": request_id, "states": list(states), "q": q, "after": after, "limit": limit, "now": now,
            "silent": now - SETTLED_AFTER,
        },
    )  # fmt: skip
    return [LogDeviceRow(*row) for row in await cursor.fetchall()]


async def device_ids_of(tx: Connection, request_id: str) -> list[str]:
    cursor = await tx.execute(
        "SELECT device_id FROM log_request_devices WHERE request_id = %s ORDER BY device_id", (request_id,)
    )
    return [row[0] for row in await cursor.fetchall()]


async def open_ids(tx: Connection, *, limit: int) -> list[str]:
    """Requests of which something may still come."""
    cursor = await tx.execute(
        "SELECT id FROM log_requests WHERE completed_at IS NULL ORDER BY id LIMIT %s", (limit,)
    )
    return [row[0] for row in await cursor.fetchall()]


async def complete(tx: Connection, request_id: str, *, now: datetime) -> bool:
    """Nothing more is to come; `False` when that was known."""
    cursor = await tx.execute(
        "UPDATE log_requests SET completed_at = %s WHERE id = %s AND completed_at IS NULL", (now, request_id)
    )
    return cursor.rowcount == 1


async def cancel(tx: Connection, request_id: str, device_ids: Sequence[str], *, now: datetime, by: str) -> None:
    """Nothing more is taken of a request; these devices of it had something to come."""
    await tx.execute(
        """UPDATE log_requests SET cancelled_at = %s, cancelled_by = %s, completed_at = coalesce(completed_at, %s)
           WHERE id = %s""",
        (now, by, now, request_id),
    )
    await tx.execute(
        "UPDATE log_request_devices SET cancelled_at = %s WHERE request_id = %s AND device_id = ANY(%s::uuid[])",
        (now, request_id, list(device_ids)),
    )


class SizesSeen(msgspec.Struct, frozen=True):
    """Of the archives that a pipeline made lately."""

    archives: int
    quartile: int
    """Three quarters of them are smaller, or as large."""


async def sizes_seen(tx: Connection, pipeline: str, *, since: datetime) -> SizesSeen:
    """Those that are kept, and those that were purged."""
    cursor = await tx.execute(
        """WITH seen AS (
               SELECT sum(u.length) AS length FROM campaigns c JOIN orders o ON o.campaign_id = c.id
               JOIN uploads u ON u.order_id = o.id
               WHERE c.upload_budget_bytes IS NOT NULL AND c.pipeline->>'name' = %(pipeline)s
                 AND c.created_at > %(since)s AND u.is_complete GROUP BY o.id
               UNION ALL
               SELECT x.length FROM log_receipts x JOIN campaigns c ON c.id = x.request_id
               WHERE c.pipeline->>'name' = %(pipeline)s AND x.received_at > %(since)s)
           SELECT count(*), coalesce(percentile_disc(0.75) WITHIN GROUP (ORDER BY length), 0)::bigint FROM seen""",
        {"pipeline": pipeline, "since": since},
    )
    row = await cursor.fetchone()
    return SizesSeen(*row) if row else SizesSeen(0, 0)


def _row(row: Sequence[Any]) -> LogRequestRow:
    return LogRequestRow(**dict(zip(LogRequestRow.__struct_fields__, row, strict=True)))
