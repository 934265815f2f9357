"""SQL of devices: identities, presence, facts, enrolment tokens."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from canopee_api.postgres.database import Connection
from canopee_contract.condition import Scalar


class DeviceRow(msgspec.Struct, frozen=True):
    """A device with its presence and facts."""

    id: str
    hostname: str
    practice_id: str
    platform: str
    simulated: bool
    generation: int
    state: str
    enrolled_at: datetime
    last_seen_at: datetime
    agent_version: str
    facts: dict[str, Scalar]
    facts_at: datetime | None


class LiveRow(msgspec.Struct, frozen=True):
    """What the memory of a process holds of a device."""

    id: str
    generation: int
    state: str
    counter: int
    last_seen_at: datetime
    agent_version: str
    facts_hash: str
    order_head: int
    """Highest sequence number given to it."""


class TokenRow(msgspec.Struct, frozen=True):
    """An enrolment token as kept."""

    practice_id: str
    simulated: bool
    expires_at: datetime
    device_id: str | None


class NewDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device as it enrols."""

    id: str
    public_key: bytes
    hostname: str
    practice_id: str
    platform: str
    fingerprint: str
    simulated: bool
    agent_version: str
    enrolled_at: datetime


_DEVICE = """
SELECT d.id, d.hostname, d.practice_id, d.platform, d.simulated, d.generation, d.state, d.enrolled_at,
       p.last_seen_at, p.agent_version, coalesce(f.facts, '{}'), f.changed_at
FROM devices d JOIN device_presence p ON p.device_id = d.id LEFT JOIN device_facts f ON f.device_id = d.id
"""
_LIVE = """
SELECT d.id, d.generation, d.state, p.counter, p.last_seen_at, p.agent_version, coalesce(f.hash, ''), d.order_seq
FROM devices d JOIN device_presence p ON p.device_id = d.id LEFT JOIN device_facts f ON f.device_id = d.id
"""


async def list_devices(tx: Connection, *, practice: str, search: str, after: str, limit: int) -> list[DeviceRow]:
    """Devices by increasing id, those after `after` only."""
    cursor = await tx.execute(
        _DEVICE
        + """WHERE d.id > coalesce(nullif(%(after)s, '')::uuid, '00000000-0000-0000-0000-000000000000')
             AND (%(practice)s = '' OR d.practice_id = %(practice)s)
             AND (%(search)s = '' OR d.hostname ILIKE %(pattern)s OR d.id::text LIKE %(pattern)s)
             ORDER BY d.id LIMIT %(limit)s""",
        {
            "after": after, "practice": practice, "search": search, "limit": limit,
            "pattern": "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%",
        },
    )  # fmt: skip
    return [DeviceRow(*row) for row in await cursor.fetchall()]


async def get_device(tx: Connection, device_id: str) -> DeviceRow | None:
    cursor = await tx.execute(_DEVICE + "WHERE d.id = %s", (device_id,))
    row = await cursor.fetchone()
    return DeviceRow(*row) if row else None


async def live_rows(tx: Connection) -> AsyncGenerator[LiveRow]:
    """Every device, for the memory of a process that starts."""
    async with tx.cursor(name="live") as cursor:
        cursor.itersize = 10_000
        await cursor.execute(_LIVE)
        async for row in cursor:
            yield LiveRow(*row)


async def live_row(tx: Connection, device_id: str) -> LiveRow | None:
    cursor = await tx.execute(_LIVE + "WHERE d.id = %s", (device_id,))
    row = await cursor.fetchone()
    return LiveRow(*row) if row else None


async def insert_device(tx: Connection, new: NewDevice) -> None:
    await tx.execute(
        """INSERT INTO devices (id, public_key, hostname, practice_id, platform, fingerprint, simulated, enrolled_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
        (
            new.id, new.public_key, new.hostname, new.practice_id, new.platform, new.fingerprint, new.simulated,
            new.enrolled_at,
        ),
    )  # fmt: skip
    await tx.execute(
        "INSERT INTO device_presence (device_id, last_seen_at, agent_version) VALUES (%s, %s, %s)",
        (new.id, new.enrolled_at, new.agent_version),
    )


async def key_of(tx: Connection, device_id: str) -> tuple[bytes, int, str] | None:
    """Public key, generation and state of a device."""
    cursor = await tx.execute("SELECT public_key, generation, state FROM devices WHERE id = %s", (device_id,))
    row = await cursor.fetchone()
    return (bytes(row[0]), row[1], row[2]) if row else None


async def device_of_key(tx: Connection, public_key: bytes) -> str | None:
    cursor = await tx.execute("SELECT id FROM devices WHERE public_key = %s", (public_key,))
    row = await cursor.fetchone()
    return row[0] if row else None


async def revoke(tx: Connection, device_id: str) -> bool:
    """End the enrolment: its tokens and orders are of an older generation from now on."""
    cursor = await tx.execute(
        "UPDATE devices SET state = 'revoked', generation = generation + 1 WHERE id = %s AND state <> 'revoked'",
        (device_id,),
    )
    return cursor.rowcount == 1


async def suspect(tx: Connection, device_id: str) -> bool:
    cursor = await tx.execute(
        "UPDATE devices SET state = 'suspect' WHERE id = %s AND state = 'active'", (device_id,)
    )
    return cursor.rowcount == 1


async def write_presence(
    tx: Connection,
    *,
    ids: Sequence[str],
    seen: Sequence[datetime],
    counters: Sequence[int],
    versions: Sequence[str],
) -> None:
    """Presence of many devices at once; pass ids sorted, so that two processes never lock one another."""
    await tx.execute(
        """UPDATE device_presence p SET last_seen_at = greatest(p.last_seen_at, n.seen),
                  counter = greatest(p.counter, n.counter), agent_version = n.version
           FROM unnest(%s::uuid[], %s::timestamptz[], %s::bigint[], %s::text[]) n (id, seen, counter, version)
           WHERE p.device_id = n.id""",
        (list(ids), list(seen), list(counters), list(versions)),
    )


async def facts_to_consider(
    tx: Connection, device_id: str | None, *, limit: int
) -> list[tuple[str, dict[str, Any]]]:
    """Lock facts on which living campaigns were not evaluated yet: of one device, or of any."""
    cursor = await tx.execute(
        """SELECT f.device_id, f.facts FROM device_facts f
           WHERE NOT f.is_considered AND (%s::uuid IS NULL OR f.device_id = %s::uuid)
           ORDER BY f.device_id LIMIT %s FOR UPDATE SKIP LOCKED""",
        (device_id, device_id, limit),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def mark_considered(tx: Connection, ids: Sequence[str]) -> None:
    await tx.execute(
        "UPDATE device_facts SET is_considered = true WHERE device_id = ANY(%s::uuid[])", (list(ids),)
    )


async def insert_tokens(
    tx: Connection, hashes: Sequence[bytes], *, practice_id: str, simulated: bool, created_by: str,
    now: datetime, expires_at: datetime,
) -> None:  # fmt: skip
    await tx.execute(
        """INSERT INTO enrolment_tokens (sha256, practice_id, simulated, created_by, created_at, expires_at)
           SELECT h, %s, %s, %s, %s, %s FROM unnest(%s::bytea[]) h""",
        (practice_id, simulated, created_by, now, expires_at, list(hashes)),
    )


async def lock_token(tx: Connection, sha256: bytes) -> TokenRow | None:
    """A token, locked until the end of the transaction: it is good for one device."""
    cursor = await tx.execute(
        "SELECT practice_id, simulated, expires_at, device_id FROM enrolment_tokens WHERE sha256 = %s FOR UPDATE",
        (sha256,),
    )
    row = await cursor.fetchone()
    return TokenRow(*row) if row else None


async def use_token(tx: Connection, sha256: bytes, device_id: str) -> None:
    await tx.execute("UPDATE enrolment_tokens SET device_id = %s WHERE sha256 = %s", (device_id, sha256))
