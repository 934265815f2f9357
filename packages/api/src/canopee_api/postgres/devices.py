"""SQL of devices: identities, presence, facts."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from canopee_api.postgres.database import Connection

_BLOCK = 10_000
_PRESENCE_LOCK = 0x7365656E  # "seen": one process writes presence at a time
_PRACTICE_LOCK = 0x70726163  # "prac", with a practice: one enrolment at a time counts its devices


class LiveRow(msgspec.Struct, frozen=True):
    """What the memory of a process holds of a device."""

    id: str
    generation: int
    state: str
    counter: int
    last_seen: float
    """Seconds since 1970."""
    agent_version: str
    facts_hash: str
    order_head: int
    """Highest sequence number given to it."""


class Presence(Protocol):
    """When a device was last heard of, and the counter it then sent."""

    @property
    def id(self) -> str: ...

    @property
    def last_seen(self) -> float: ...

    @property
    def counter(self) -> int: ...


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
    token_sha256: bytes | None = None


_LIVE = """
SELECT d.id::text, d.generation, d.state, p.counter, extract(epoch FROM p.last_seen_at)::float8, p.agent_version,
       coalesce(f.hash, ''), d.order_seq
FROM devices d JOIN device_presence p ON p.device_id = d.id LEFT JOIN device_facts f ON f.device_id = d.id
"""


async def live_rows(tx: Connection) -> AsyncGenerator[list[LiveRow]]:
    """Every device, for the memory of a process that starts, some thousands at a time."""
    async with tx.cursor(name="live") as cursor:
        await cursor.execute(_LIVE)
        while rows := await cursor.fetchmany(_BLOCK):
            yield [LiveRow(*row) for row in rows]


async def live_row(tx: Connection, device_id: str) -> LiveRow | None:
    cursor = await tx.execute(_LIVE + "WHERE d.id = %s", (device_id,))
    row = await cursor.fetchone()
    return LiveRow(*row) if row else None


async def insert_device(tx: Connection, new: NewDevice) -> bool:
    """Store a device; `False` when its key is enrolled."""
    cursor = await tx.execute(
        """INSERT INTO devices (id, public_key, hostname, practice_id, platform, fingerprint, simulated, enrolled_at,
                                token_sha256)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (public_key) DO NOTHING""",
        (
            new.id, new.public_key, new.hostname, new.practice_id, new.platform, new.fingerprint, new.simulated,
            new.enrolled_at, new.token_sha256,
        ),
    )  # fmt: skip
    if cursor.rowcount == 0:
        return False
    await tx.execute(
        "INSERT INTO device_presence (device_id, last_seen_at, agent_version) VALUES (%s, %s, %s)",
        (new.id, new.enrolled_at, new.agent_version),
    )
    return True


async def key_of(tx: Connection, device_id: str) -> tuple[bytes, int, str] | None:
    """Public key, generation and state of a device."""
    cursor = await tx.execute("SELECT public_key, generation, state FROM devices WHERE id = %s", (device_id,))
    row = await cursor.fetchone()
    return (bytes(row[0]), row[1], row[2]) if row else None


async def device_of_key(tx: Connection, public_key: bytes) -> tuple[str, str, bytes | None] | None:
    """Id and practice of the device of a key, and the hash of the token that it enrolled with."""
    cursor = await tx.execute(
        "SELECT id, practice_id, token_sha256 FROM devices WHERE public_key = %s", (public_key,)
    )
    row = await cursor.fetchone()
    return (row[0], row[1], bytes(row[2]) if row[2] is not None else None) if row else None


async def same_hardware(tx: Connection, fingerprint: str) -> list[str]:
    """Living devices with this fingerprint, five at most."""
    cursor = await tx.execute(
        "SELECT id FROM devices WHERE fingerprint = %s AND state <> 'revoked' ORDER BY id LIMIT 5", (fingerprint,)
    )
    return [row[0] for row in await cursor.fetchall()]


async def count_in_practice(tx: Connection, practice_id: str) -> int:
    """Living devices of a practice; nobody else counts them to enrol one until the end of the transaction."""
    await tx.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_PRACTICE_LOCK, practice_id))
    cursor = await tx.execute(
        "SELECT count(*) FROM devices WHERE practice_id = %s AND state <> 'revoked'", (practice_id,)
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


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


async def write_presence(tx: Connection, present: Sequence[Presence]) -> dict[str, int]:
    """Presence of many devices at once; those whose counter another process has seen too, with that counter.

    `last_seen_at` is that of the highest counter. A device counts upward and calls one process after another: a
    counter that comes a second time, or after a higher one (by more than clocks of servers differ), is a clone's.
    One process writes at a time, so that none waits for rows of another; pass devices sorted by id.

    The arrays are sent as their text: made by hand, it costs a third of what it costs value by value.
    """
    await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_PRESENCE_LOCK,))
    cursor = await tx.execute(
        """WITH n AS MATERIALIZED (
               SELECT * FROM unnest(%s::uuid[], %s::float8[], %s::bigint[]) n (id, seen, counter)),
           moved AS (
               UPDATE device_presence p SET last_seen_at = to_timestamp(n.seen), counter = n.counter
               FROM n WHERE p.device_id = n.id AND n.counter > p.counter)
           SELECT n.id::text, n.counter FROM n JOIN device_presence p ON p.device_id = n.id
           WHERE (n.counter = p.counter AND to_timestamp(n.seen) <> p.last_seen_at)
              OR (n.counter < p.counter AND to_timestamp(n.seen) > p.last_seen_at + interval '5 seconds')""",
        (
            "{" + ",".join([one.id for one in present]) + "}",
            "{" + ",".join([repr(one.last_seen) for one in present]) + "}",
            "{" + ",".join([str(one.counter) for one in present]) + "}",
        ),
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def presence_totals(tx: Connection, *, seen_after: datetime) -> tuple[int, int]:
    """Devices, and those of them that are not revoked and called after an instant, whichever process they called."""
    cursor = await tx.execute(
        """SELECT count(*), count(*) FILTER (WHERE p.last_seen_at > %s AND d.state <> 'revoked')
           FROM devices d JOIN device_presence p ON p.device_id = d.id""",
        (seen_after,),
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else (0, 0)


async def write_versions(tx: Connection, versions: Mapping[str, str]) -> None:
    """Agent version of the devices, by id, where it changed; the rows are locked first (`renew_kind` of the schema)."""
    await tx.execute(
        "SELECT FROM device_presence WHERE device_id = ANY(%s::uuid[]) ORDER BY device_id FOR UPDATE",
        (list(versions.keys()),),
    )
    await tx.execute(
        """UPDATE device_presence p SET agent_version = n.version
           FROM unnest(%s::uuid[], %s::text[]) n (id, version) WHERE p.device_id = n.id""",
        (list(versions.keys()), list(versions.values())),
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
