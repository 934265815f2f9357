"""SQL of practices: imports through a temporary table, and what rules ask of them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg.sql import SQL, Composed, Identifier

from canopee_api.postgres.database import Connection
from canopee_contract.practices import Practice

_IMPORT_LOCK = 0x70726163  # "prac": one import at a time
_FIELDS = Practice.__struct_fields__
_COLUMNS = SQL(", ").join(map(Identifier, _FIELDS))
_DETAILS = _FIELDS[1:]
_MISSING = "p.is_active AND NOT EXISTS (SELECT FROM incoming i WHERE i.id = p.id)"


class PracticeRow(msgspec.Struct, frozen=True):
    """A practice as kept, with its living devices counted."""

    id: str
    name: str
    city: str
    postal_code: str
    time_zone: str
    contact: str
    email: str
    phone: str
    is_active: bool
    created_at: datetime
    changed_at: datetime
    devices: int
    consent: str


class Counts(msgspec.Struct, frozen=True):
    """How an incoming list differs from what is kept."""

    created: int
    changed: int
    unchanged: int
    missing: int


async def take_in(tx: Connection, practices: Sequence[Practice]) -> None:
    """Put a list into the temporary table `incoming`, until the end of the transaction; nobody else imports then."""
    await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_IMPORT_LOCK,))
    columns = SQL(", ").join(SQL("{} text NOT NULL").format(Identifier(name)) for name in _FIELDS)
    await tx.execute(SQL("CREATE TEMPORARY TABLE incoming ({}, PRIMARY KEY (id)) ON COMMIT DROP").format(columns))
    cursor = tx.cursor()
    async with cursor.copy(SQL("COPY incoming ({}) FROM STDIN").format(_COLUMNS)) as copy:
        for practice in practices:
            await copy.write_row(msgspec.structs.astuple(practice))
    await tx.execute("ANALYZE incoming")


async def compare(tx: Connection) -> Counts:
    """Count what the incoming list would change."""
    cursor = await tx.execute(
        SQL(
            """SELECT count(*) FILTER (WHERE p.id IS NULL), count(*) FILTER (WHERE p.id IS NOT NULL AND {differs}),
                      count(*) FILTER (WHERE p.id IS NOT NULL AND NOT {differs}),
                      (SELECT count(*) FROM practices p WHERE {missing})
               FROM incoming i LEFT JOIN practices p ON p.id = i.id"""
        ).format(differs=_differs(), missing=SQL(_MISSING))
    )
    row = await cursor.fetchone()
    return Counts(*row) if row else Counts(0, 0, 0, 0)


async def missing_ids(tx: Connection, limit: int) -> list[str]:
    """Active practices that the incoming list does not hold."""
    cursor = await tx.execute(
        SQL("SELECT id FROM practices p WHERE {} ORDER BY id LIMIT %s").format(SQL(_MISSING)), (limit,)
    )
    return [row[0] for row in await cursor.fetchall()]


async def merge(tx: Connection, now: datetime) -> None:
    """Create and change practices as the incoming list says."""
    await tx.execute(
        SQL(
            """INSERT INTO practices AS p ({columns}, created_at, changed_at)
               SELECT {columns}, %(now)s, %(now)s FROM incoming ON CONFLICT (id) DO UPDATE
               SET {changes}, is_active = true, changed_at = excluded.changed_at
               WHERE ({kept}) IS DISTINCT FROM ({wanted}) OR NOT p.is_active"""
        ).format(
            columns=_COLUMNS,
            changes=SQL(", ").join(SQL("{0} = excluded.{0}").format(Identifier(name)) for name in _DETAILS),
            kept=_of("p"),
            wanted=_of("excluded"),
        ),
        {"now": now},
    )


async def deactivate_missing(tx: Connection, now: datetime) -> int:
    """The practices that the incoming list does not hold are no longer active; how many."""
    cursor = await tx.execute(
        SQL("UPDATE practices p SET is_active = false, changed_at = %s WHERE {}").format(SQL(_MISSING)), (now,)
    )
    return cursor.rowcount


async def is_practice(tx: Connection, practice_id: str) -> bool:
    """Whether it was imported and is active."""
    cursor = await tx.execute("SELECT FROM practices WHERE id = %s AND is_active", (practice_id,))
    return await cursor.fetchone() is not None


async def list_practices(tx: Connection, *, search: str, after: str, limit: int) -> list[PracticeRow]:
    """Practices by id, those after `after` only; `search`: part of the id, the name or the city."""
    pattern = "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    cursor = await tx.execute(
        _practices(SQL("p.id > %(after)s AND (p.id ILIKE %(q)s OR p.name ILIKE %(q)s OR p.city ILIKE %(q)s)")),
        {"after": after, "q": pattern, "limit": limit},
    )
    return [PracticeRow(*row) for row in await cursor.fetchall()]


async def get_practice(tx: Connection, practice_id: str) -> PracticeRow | None:
    cursor = await tx.execute(_practices(SQL("p.id = %(id)s")), {"id": practice_id, "limit": 1})
    row = await cursor.fetchone()
    return PracticeRow(*row) if row else None


async def set_consent(tx: Connection, ids: Sequence[str], consent: str, *, now: datetime) -> set[str]:
    """What users of these practices' PCs are asked from now on; the ids that are known."""
    cursor = await tx.execute(
        "UPDATE practices SET consent = %s, changed_at = %s WHERE id = ANY(%s) RETURNING id",
        (consent, now, list(ids)),
    )
    return {row[0] for row in await cursor.fetchall()}


def _practices(which: SQL) -> Composed:
    return SQL(
        """SELECT {}, p.is_active, p.created_at, p.changed_at,
                  (SELECT count(*) FROM devices d WHERE d.practice_id = p.id AND d.state <> 'revoked'), p.consent
           FROM practices p WHERE {} ORDER BY p.id LIMIT %(limit)s"""
    ).format(_of("p"), which)


def _differs() -> Composed:
    return SQL("(({}) IS DISTINCT FROM ({}) OR NOT p.is_active)").format(_of("p", _DETAILS), _of("i", _DETAILS))


def _of(table: str, names: Sequence[str] = _FIELDS) -> Composed:
    return SQL(", ").join(Identifier(table, name) for name in names)
