"""SQL of the catalog as people write it: versions that are signed or await it, and drafts."""

from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection

_LOCK = 0x636174  # "cat": one plan is applied at a time


class VersionRow(msgspec.Struct, frozen=True):
    """A version of a signed object, as it was written and as it is signed."""

    version: int
    kind: str
    name: str
    managed_by: str
    source: str
    path: str
    content: bytes
    sha256: str
    author: str
    asked_at: datetime


class DraftRow(msgspec.Struct, frozen=True):
    """A text that is being written."""

    kind: str
    name: str
    source: str
    author: str
    changed_at: datetime
    revision: int


class ActivityRow(msgspec.Struct, frozen=True):
    """Runs of a pipeline that ended on one day of UTC."""

    name: str
    day: str
    ended_well: int
    ended_badly: int


async def lock_catalog(tx: Connection) -> None:
    """Let other changes of the catalog wait until the end of the transaction."""
    await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


async def versions(tx: Connection, kind: str, name: str = "") -> list[VersionRow]:
    """Every version of a kind, or of one name, newest first."""
    cursor = await tx.execute(
        """SELECT version, kind, name, managed_by, source, path, content, sha256, author, asked_at
           FROM catalog_versions WHERE kind = %s AND %s IN ('', name) ORDER BY name, version DESC""",
        (kind, name),
    )
    return [VersionRow(*row) for row in await cursor.fetchall()]


async def put_version(tx: Connection, row: VersionRow) -> None:
    """Keep a version, in place of one that nobody has signed."""
    await tx.execute(
        """INSERT INTO catalog_versions
               (version, kind, name, managed_by, source, path, content, sha256, author, asked_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
           ON CONFLICT (kind, name, version) DO UPDATE SET managed_by = excluded.managed_by,
               source = excluded.source, path = excluded.path, content = excluded.content,
               sha256 = excluded.sha256, author = excluded.author, asked_at = excluded.asked_at""",
        msgspec.structs.astuple(row),
    )


async def give_versions(tx: Connection, kind: str, name: str, managed_by: str) -> None:
    """Let another owner have every version of a name."""
    await tx.execute(
        "UPDATE catalog_versions SET managed_by = %s WHERE kind = %s AND name = %s", (managed_by, kind, name)
    )


async def forget_versions(tx: Connection, kind: str, name: str, version: int | None = None) -> None:
    """Forget one version of a name, or all of them; what is published stays published."""
    await tx.execute(
        "DELETE FROM catalog_versions WHERE kind = %s AND name = %s AND coalesce(%s, version) = version",
        (kind, name, version),
    )


async def drafts(tx: Connection, kind: str, name: str = "") -> list[DraftRow]:
    cursor = await tx.execute(
        """SELECT kind, name, source, author, changed_at, revision FROM catalog_drafts
           WHERE kind = %s AND %s IN ('', name) ORDER BY name""",
        (kind, name),
    )
    return [DraftRow(*row) for row in await cursor.fetchall()]


async def put_draft(tx: Connection, row: DraftRow) -> None:
    await tx.execute(
        """INSERT INTO catalog_drafts (kind, name, source, author, changed_at, revision)
           VALUES (%s, %s, %s, %s, %s, %s)
           ON CONFLICT (kind, name) DO UPDATE SET source = excluded.source, author = excluded.author,
               changed_at = excluded.changed_at, revision = excluded.revision""",
        msgspec.structs.astuple(row),
    )


async def drop_draft(tx: Connection, kind: str, name: str) -> bool:
    """Whether there was one."""
    cursor = await tx.execute("DELETE FROM catalog_drafts WHERE kind = %s AND name = %s", (kind, name))
    return cursor.rowcount > 0


async def has_records(tx: Connection, dataset: str, version: int) -> bool:
    cursor = await tx.execute(
        "SELECT EXISTS (SELECT FROM records WHERE dataset = %s AND version = %s)", (dataset, version)
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def drop_dataset(tx: Connection, name: str, version: int) -> None:
    await tx.execute("DELETE FROM datasets WHERE name = %s AND version = %s", (name, version))


async def activity(tx: Connection, *, since: datetime) -> list[ActivityRow]:
    """How the runs of each pipeline ended, by day of UTC."""
    cursor = await tx.execute(
        """SELECT c.pipeline->>'name', to_char(r.received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                  count(*) FILTER (WHERE r.state IN ('done', 'skipped')),
                  count(*) FILTER (WHERE r.state IN ('failed', 'timed_out', 'unknown'))
           FROM runs r JOIN orders o ON o.id = r.order_id JOIN campaigns c ON c.id = o.campaign_id
           WHERE r.received_at >= %s AND NOT r.is_dry GROUP BY 1, 2""",
        (since,),
    )
    return [ActivityRow(*row) for row in await cursor.fetchall()]


async def targets_now(tx: Connection, *, now: datetime) -> dict[str, int]:
    """Devices that campaigns under way have reached, by name of pipeline."""
    cursor = await tx.execute(
        """SELECT c.pipeline->>'name', count(DISTINCT reached.device_id)
           FROM campaigns c JOIN (SELECT campaign_id, device_id FROM orders
                                  UNION ALL SELECT campaign_id, device_id FROM waiting_devices) reached
               ON reached.campaign_id = c.id
           WHERE NOT c.is_dry AND c.stopped_at IS NULL AND c.not_after > %s GROUP BY 1""",
        (now,),
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def known_facts(
    tx: Connection, *, sample: int, most_values: int
) -> list[tuple[str, list[str], int, list[object]]]:
    """Name, JSON types, devices, and most frequent values of each fact, among the devices that spoke last."""
    cursor = await tx.execute(
        """WITH known AS (SELECT f.facts FROM device_facts f JOIN devices d ON d.id = f.device_id
                         WHERE d.state <> 'revoked' ORDER BY f.device_id DESC LIMIT %s),
                counted AS (SELECT e.key, e.value, count(*) AS n
                            FROM known CROSS JOIN LATERAL jsonb_each(known.facts) e GROUP BY 1, 2),
                ranked AS (SELECT *, row_number() OVER (PARTITION BY key ORDER BY n DESC, value) AS place FROM counted)
           SELECT key, array_agg(DISTINCT jsonb_typeof(value)), sum(n)::bigint,
                  coalesce(jsonb_agg(value ORDER BY place) FILTER (WHERE place <= %s), '[]')
           FROM ranked GROUP BY key ORDER BY key""",
        (sample, most_values),
    )
    return [(row[0], row[1], row[2], row[3]) for row in await cursor.fetchall()]
