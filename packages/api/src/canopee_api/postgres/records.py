"""SQL of records: marks, COPY, what was refused."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from canopee_api.postgres.database import Connection


class Stream(msgspec.Struct, frozen=True, order=True):
    """One independent sequence of records."""

    device_id: str
    generation: int
    name: str


class StaleMarksError(Exception):
    """A mark is not what it was held to be: another process has raised it. The transaction must be rolled back."""


class NewRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A valid record to store; `body` is its JSON text."""

    stream: Stream
    seq: int
    dataset: str
    version: int
    at: datetime
    received_at: datetime
    order_id: str | None
    body: bytes


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A record refused for good, as it came."""

    stream: Stream
    seq: int
    dataset: str
    version: int
    code: str
    detail: str
    body: bytes
    received_at: datetime


class RecordRow(msgspec.Struct, frozen=True):
    """A stored record with its provenance."""

    id: int
    device_id: str
    dataset: str
    version: int
    at: datetime
    received_at: datetime
    order_id: str | None
    body: Any


class RejectedRow(msgspec.Struct, frozen=True):
    """A refused record as people see it."""

    id: int
    device_id: str
    dataset: str
    version: int
    code: str
    detail: str
    body: str
    received_at: datetime


_COPY = """COPY records (device_id, generation, stream, seq, dataset, version, at, received_at, order_id, body)
           FROM STDIN"""


_ROWS = 500
_NULL = "\\N"
_SPACES = bytes.maketrans(b"\n\r\t", b"   ")
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


async def lock_marks(tx: Connection, streams: Sequence[Stream]) -> dict[Stream, int]:
    """The high-water mark of each stream, locked until the end of the transaction, in one order for everybody."""
    ordered = sorted(set(streams))
    arrays = (
        [stream.device_id for stream in ordered],
        [stream.generation for stream in ordered],
        [stream.name for stream in ordered],
    )
    await tx.execute(
        """INSERT INTO record_marks (device_id, generation, stream, mark)
           SELECT *, 0 FROM unnest(%s::uuid[], %s::int[], %s::text[]) ON CONFLICT DO NOTHING""",
        arrays,
    )
    cursor = await tx.execute(
        """SELECT m.device_id, m.generation, m.stream, m.mark
           FROM unnest(%s::uuid[], %s::int[], %s::text[]) w (device_id, generation, stream)
           JOIN record_marks m USING (device_id, generation, stream)
           ORDER BY m.device_id, m.generation, m.stream FOR UPDATE OF m""",
        arrays,
    )
    return {Stream(row[0], row[1], row[2]): row[3] for row in await cursor.fetchall()}


async def advance_marks(tx: Connection, held: Mapping[Stream, int], marks: Mapping[Stream, int]) -> None:
    """Raise marks from what they are held to be; raises `StaleMarksError` when one of them is not so any more."""
    ordered = sorted(marks)
    cursor = await tx.execute(
        """UPDATE record_marks m SET mark = w.mark
           FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::bigint[], %s::bigint[])
               w (device_id, generation, stream, held, mark)
           WHERE m.device_id = w.device_id AND m.generation = w.generation AND m.stream = w.stream
             AND m.mark = w.held""",
        (
            "{" + ",".join([stream.device_id for stream in ordered]) + "}",
            [stream.generation for stream in ordered],
            [stream.name for stream in ordered],
            "{" + ",".join([str(held[stream]) for stream in ordered]) + "}",
            "{" + ",".join([str(marks[stream]) for stream in ordered]) + "}",
        ),
    )
    if cursor.rowcount != len(ordered):
        raise StaleMarksError


async def raise_marks(tx: Connection, marks: dict[Stream, int]) -> None:
    ordered = sorted(marks)
    await tx.execute(
        """UPDATE record_marks m SET mark = greatest(m.mark, w.mark)
           FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::bigint[]) w (device_id, generation, stream, mark)
           WHERE m.device_id = w.device_id AND m.generation = w.generation AND m.stream = w.stream""",
        (
            [stream.device_id for stream in ordered],
            [stream.generation for stream in ordered],
            [stream.name for stream in ordered],
            [marks[stream] for stream in ordered],
        ),
    )


async def copy_records(tx: Connection, records: Sequence[NewRecord]) -> None:
    """COPY, as text made here: half of the cost of a row is its making.

    Raises:
        psycopg.DataError: PostgreSQL refuses one of them.
    """
    async with tx.cursor() as cursor, cursor.copy(_COPY) as copy:
        for start in range(0, len(records), _ROWS):
            await copy.write(b"".join(_lines(records[start : start + _ROWS])))


def _lines(records: Sequence[NewRecord]) -> Iterator[bytes]:
    """COPY's text format (https://www.postgresql.org/docs/18/sql-copy.html); what does not change is written once."""
    stream = received_at = at = None
    source = received = observed = ""
    for record in records:
        if record.stream is not stream:
            stream = record.stream
            source = f"{stream.device_id}\t{stream.generation}\t{_escaped(stream.name)}"
        if record.received_at is not received_at:
            received_at, received = record.received_at, record.received_at.isoformat()
        if record.at != at:
            at, observed = record.at, record.at.isoformat()
        body = record.body
        if b"\\" in body:
            body = body.replace(b"\\", b"\\\\")
        if (
            b"\n" in body or b"\r" in body or b"\t" in body
        ):  # spaces of JSON: its texts cannot hold them as they are
            body = body.translate(_SPACES)
        head = (
            f"{source}\t{record.seq}\t{_escaped(record.dataset)}\t{record.version}\t{observed}\t{received}\t"
            f"{record.order_id or _NULL}\t"
        )
        yield b"%b%b\n" % (head.encode(), body)


@lru_cache(maxsize=4_096)
def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


async def insert_rejected(tx: Connection, rejected: Sequence[Rejected]) -> None:
    if not rejected:
        return
    async with tx.cursor() as cursor:
        await cursor.executemany(
            """INSERT INTO rejected_records (device_id, stream, seq, dataset, version, code, detail, body, received_at)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            [
                (
                    row.stream.device_id, row.stream.name, row.seq, row.dataset, row.version, row.code, row.detail,
                    row.body, row.received_at,
                )
                for row in rejected
            ],
        )  # fmt: skip


async def list_records(tx: Connection, *, dataset: str, device: str, after: int, limit: int) -> list[RecordRow]:
    """Records, newest first."""
    cursor = await tx.execute(
        """SELECT n, device_id, dataset, version, at, received_at, order_id, body FROM records
           WHERE (%(after)s = 0 OR n < %(after)s) AND (%(dataset)s IN ('', dataset))
             AND (%(device)s = '' OR device_id = nullif(%(device)s, '')::uuid)
           ORDER BY n DESC LIMIT %(limit)s""",
        {"after": after, "dataset": dataset, "device": device, "limit": limit},
    )
    return [RecordRow(*row) for row in await cursor.fetchall()]


async def list_rejected(tx: Connection, *, after: int, limit: int) -> list[RejectedRow]:
    """Refused records, newest first."""
    cursor = await tx.execute(
        """SELECT id, device_id, dataset, version, code, detail, convert_from(body, 'UTF8'), received_at
           FROM rejected_records WHERE (%(after)s = 0 OR id < %(after)s) ORDER BY id DESC LIMIT %(limit)s""",
        {"after": after, "limit": limit},
    )
    return [RejectedRow(*row) for row in await cursor.fetchall()]


class DatasetRow(msgspec.Struct, frozen=True):
    """A dataset version as applied."""

    name: str
    version: int
    definition: dict[str, Any]


async def lock_datasets(tx: Connection) -> None:
    """One change of the datasets at a time: the next one sees it."""
    await tx.execute("LOCK TABLE datasets IN SHARE ROW EXCLUSIVE MODE")


async def list_datasets(tx: Connection) -> list[DatasetRow]:
    cursor = await tx.execute("SELECT name, version, definition FROM datasets ORDER BY name, version")
    return [DatasetRow(*row) for row in await cursor.fetchall()]


async def upsert_dataset(tx: Connection, row: DatasetRow, *, managed_by: str, now: datetime) -> None:
    await tx.execute(
        """INSERT INTO datasets (name, version, definition, managed_by, applied_at) VALUES (%s, %s, %s, %s, %s)
           ON CONFLICT (name, version) DO UPDATE
           SET definition = excluded.definition, managed_by = excluded.managed_by, applied_at = excluded.applied_at""",
        (row.name, row.version, Jsonb(row.definition), managed_by, now),
    )


async def totals(tx: Connection, *, now: datetime) -> tuple[int, int, int]:
    """Runs, records (those counted by day, and those that came since), orders that are alive and have no end yet."""
    cursor = await tx.execute(
        """WITH counted AS (SELECT coalesce(max(xid::text), '0')::xid8 AS xid, coalesce(max(n), 0) AS n
                            FROM record_positions WHERE name = 'storage')
           SELECT (SELECT count(*) FROM runs),
                  (SELECT coalesce(sum(rows), 0) FROM record_days)
                      + (SELECT count(*) FROM records r, counted c WHERE (r.xid, r.n) > (c.xid, c.n)),
                  (SELECT count(*) FROM orders o WHERE o.expires_at > %s
                   AND NOT EXISTS (SELECT FROM runs r WHERE r.order_id = o.id))""",
        (now,),
    )
    row = await cursor.fetchone()
    return (row[0], int(row[1]), row[2]) if row else (0, 0, 0)
