"""SQL of the PCs that wait for a decision, and of the rules that decide."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.database import Connection
from canopee_api.postgres.globs import like


class RequestRow(msgspec.Struct, frozen=True):
    """What was decided on a request, and what was asked then."""

    id: str
    state: str
    by_rule: bool
    reason: str
    hostname: str
    practice_id: str
    platform: str
    fingerprint: str
    asked_at: datetime
    replaces: bool


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a PC asks, and where a rule has put it."""

    id: str
    """Of the request if it is new."""
    public_key: bytes
    token_sha256: bytes
    state: str
    reason: str
    hostname: str
    practice_id: str
    platform: str
    agent_version: str
    fingerprint: str
    address: str
    now: datetime


class RequestView(msgspec.Struct, frozen=True):
    """A request as people see it."""

    id: str
    state: str
    hostname: str
    practice_id: str
    practice_known: bool
    platform: str
    agent_version: str
    address: str
    fingerprint: str
    same_hardware: list[str]
    reason: str
    batch_id: str
    label: str
    asked_at: datetime
    last_asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    device_id: str | None


class Wanted(msgspec.Struct, frozen=True):
    """Which requests; an empty text asks nothing."""

    state: str = ""
    practice: str = ""
    hostname: str = ""
    network: str = ""
    platform: str = ""
    batch_id: str = ""


_VIEW = """
SELECT r.id, r.state, r.hostname, r.practice_id,
       EXISTS (SELECT FROM practices p WHERE p.id = r.practice_id AND p.is_active), r.platform, r.agent_version,
       coalesce(host(r.address), ''), r.fingerprint,
       ARRAY(SELECT d.id::text FROM devices d WHERE d.fingerprint = r.fingerprint AND d.state <> 'revoked'
             AND d.public_key <> r.public_key ORDER BY d.id LIMIT 5),
       r.reason, t.batch_id, t.label, r.asked_at, r.last_asked_at, r.decided_by, r.decided_at, r.device_id
FROM enrolment_requests r JOIN enrolment_tokens t ON t.sha256 = r.token_sha256
"""
_WANTED = """
(%(state)s = '' OR r.state = %(state)s) AND (%(platform)s = '' OR r.platform = %(platform)s)
AND (%(practice)s = '' OR r.practice_id LIKE %(practice)s) AND (%(hostname)s = '' OR r.hostname ILIKE %(hostname)s)
AND (%(network)s = '' OR r.address <<= nullif(%(network)s, '')::inet)
AND (%(batch_id)s = '' OR t.batch_id = nullif(%(batch_id)s, '')::uuid)
"""


async def lock_request(tx: Connection, public_key: bytes, token_sha256: bytes) -> RequestRow | None:
    """What this key asked with this token, locked until the end of the transaction."""
    cursor = await tx.execute(
        """SELECT id, state, by_rule, reason, hostname, practice_id, platform, fingerprint, asked_at, replaces
           FROM enrolment_requests WHERE public_key = %s AND token_sha256 = %s FOR UPDATE""",
        (public_key, token_sha256),
    )
    row = await cursor.fetchone()
    return RequestRow(*row) if row else None


async def count_open(tx: Connection, token_sha256: bytes) -> int:
    """Requests of a token that nobody has answered."""
    cursor = await tx.execute(
        "SELECT count(*) FROM enrolment_requests WHERE token_sha256 = %s AND state = 'waiting'", (token_sha256,)
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def put_request(tx: Connection, asked: Asked) -> None:
    """Store what a rule decided: on a new request, or again on one that it had decided."""
    await tx.execute(
        """INSERT INTO enrolment_requests AS r (id, public_key, token_sha256, state, by_rule, hostname, practice_id,
               platform, agent_version, fingerprint, address, reason, asked_at, last_asked_at, decided_by, decided_at)
           VALUES (%(id)s, %(public_key)s, %(token_sha256)s, %(state)s, true, %(hostname)s, %(practice_id)s,
               %(platform)s, %(agent_version)s, %(fingerprint)s, nullif(%(address)s, '')::inet, %(reason)s, %(now)s,
               %(now)s, CASE %(state)s WHEN 'waiting' THEN '' ELSE 'rule' END,
               CASE %(state)s WHEN 'waiting' THEN NULL ELSE %(now)s END)
           ON CONFLICT (public_key, token_sha256) DO UPDATE
           SET state = excluded.state, by_rule = true, hostname = excluded.hostname, practice_id = excluded.practice_id,
               platform = excluded.platform, agent_version = excluded.agent_version, fingerprint = excluded.fingerprint,
               address = excluded.address, reason = excluded.reason, last_asked_at = excluded.last_asked_at,
               replaces = false,
               asked_at = CASE r.state WHEN excluded.state THEN r.asked_at ELSE excluded.asked_at END,
               decided_by = excluded.decided_by, decided_at = excluded.decided_at""",
        msgspec.structs.asdict(asked),
    )


async def end_request(tx: Connection, request_id: str, device_id: str, *, now: datetime) -> None:
    """The PC has its identity."""
    await tx.execute(
        """UPDATE enrolment_requests SET state = 'enrolled', device_id = %(device)s, last_asked_at = %(now)s,
               decided_by = CASE state WHEN 'approved' THEN decided_by ELSE 'rule' END,
               decided_at = coalesce(decided_at, %(now)s)
           WHERE id = %(id)s""",
        {"id": request_id, "device": device_id, "now": now},
    )


async def list_requests(
    tx: Connection, wanted: Wanted, *, after: str = "", limit: int = 1000
) -> list[RequestView]:
    """Requests by increasing id: the oldest first."""
    cursor = await tx.execute(
        _VIEW
        + "WHERE (%(after)s = '' OR r.id > nullif(%(after)s, '')::uuid) AND "
        + _WANTED
        + "ORDER BY r.id LIMIT %(limit)s",
        {**_texts(wanted), "after": after, "limit": limit},
    )
    return [RequestView(*row) for row in await cursor.fetchall()]


async def get_request(tx: Connection, request_id: str) -> RequestView | None:
    cursor = await tx.execute(_VIEW + "WHERE r.id = %s", (request_id,))
    row = await cursor.fetchone()
    return RequestView(*row) if row else None


async def decide_ids(
    tx: Connection, ids: Sequence[str], *, state: str, reason: str, replaces: bool, by: str, now: datetime
) -> dict[str, str]:
    """Decide these requests, unless they ended; id → the state that each had."""
    cursor = await tx.execute(
        """WITH held AS MATERIALIZED (
               SELECT id, state FROM enrolment_requests WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE),
           decided AS (
               UPDATE enrolment_requests r SET state = %(state)s, by_rule = false, replaces = %(replaces)s,
                   decided_by = %(by)s, decided_at = %(now)s,
                   reason = CASE %(reason)s WHEN '' THEN r.reason ELSE %(reason)s END
               FROM held WHERE r.id = held.id AND held.state <> 'enrolled')
           SELECT id::text, state FROM held""",
        {"ids": list(ids), "state": state, "reason": reason, "replaces": replaces, "by": by, "now": now},
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def count_waiting(tx: Connection) -> int:
    """PCs that wait for a decision."""
    cursor = await tx.execute("SELECT count(*) FROM enrolment_requests WHERE state = 'waiting'")
    row = await cursor.fetchone()
    return row[0] if row else 0


async def waiting_ids(tx: Connection, wanted: Wanted) -> list[str]:
    """Ids of the requests that wait, of those wanted."""
    cursor = await tx.execute(
        f"""SELECT r.id::text FROM enrolment_requests r JOIN enrolment_tokens t ON t.sha256 = r.token_sha256
            WHERE {_WANTED} ORDER BY r.id""",  # noqa: S608  our own text
        _texts(msgspec.structs.replace(wanted, state="waiting")),
    )
    return [row[0] for row in await cursor.fetchall()]


async def close_requests(tx: Connection, batch_id: str, *, reason: str, by: str, now: datetime) -> int:
    """Reject what waits with the tokens of a batch; how many."""
    cursor = await tx.execute(
        """UPDATE enrolment_requests r SET state = 'rejected', by_rule = false, reason = %s, decided_by = %s,
               decided_at = %s
           FROM enrolment_tokens t WHERE t.sha256 = r.token_sha256 AND t.batch_id = %s
           AND r.state IN ('waiting', 'approved')""",
        (reason, by, now, batch_id),
    )
    return cursor.rowcount


async def expire_requests(tx: Connection, *, before: datetime, now: datetime) -> int:
    """End those that have not asked since `before`; how many."""
    cursor = await tx.execute(
        """UPDATE enrolment_requests SET state = 'expired', by_rule = true, decided_by = 'rule', decided_at = %s
           WHERE state IN ('waiting', 'approved') AND last_asked_at < %s""",
        (now, before),
    )
    return cursor.rowcount


async def get_rules(tx: Connection) -> tuple[dict[str, Any], str, datetime] | None:
    """The rules as JSON, who set them and when."""
    cursor = await tx.execute("SELECT rules, set_by, set_at FROM enrolment_rules")
    row = await cursor.fetchone()
    return (row[0], row[1], row[2]) if row else None


async def set_rules(tx: Connection, rules: object, *, by: str, now: datetime) -> None:
    await tx.execute(
        """INSERT INTO enrolment_rules (rules, set_by, set_at) VALUES (%s, %s, %s) ON CONFLICT (only_row) DO UPDATE
           SET rules = excluded.rules, set_by = excluded.set_by, set_at = excluded.set_at""",
        (Jsonb(rules), by, now),
    )


def _texts(wanted: Wanted) -> dict[str, str]:
    texts = {name: str(value) for name, value in msgspec.structs.asdict(wanted).items()}
    return {**texts, "practice": like(wanted.practice), "hostname": like(wanted.hostname)}
