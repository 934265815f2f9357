"""Records waiting for the server's acknowledgement: durable, in order, bounded by bytes.

A record is on disk before `append` returns and stays until the server acknowledges its sequence number. When
there is no more room the oldest records give way, and a record of dataset `gap` tells the server which.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from canopee_agent.engine.database import Transaction, open_database
from canopee_agent.errors import DiskError
from canopee_contract.codec import MAX_MESSAGE_BYTES, encode
from canopee_contract.records import GAP_DATASET, MAX_RECORDS, Record, RecordBatch
from canopee_kit.clock import Clock

MAX_SPOOL_BYTES = 200 * 2**20
MAX_RECORD_BYTES = 900_000
"""Largest body of one record: alone, it must fit in a message."""
_ROW_BYTES = 200
"""What a record costs beyond its body, in a message and on disk."""
_BATCH_BYTES = MAX_MESSAGE_BYTES - 1_000

_TABLES = (
    """create table if not exists record (
        seq integer primary key autoincrement, dataset text not null, version integer not null,
        at text not null, order_id text not null, body blob not null)""",
    """create table if not exists gap (
        only integer primary key check (only = 1), dropped integer not null,
        first_seq integer not null, last_seq integer not null)""",
    "create table if not exists stream (name text not null)",
)


class Gap(msgspec.Struct):
    """Body of a record of dataset `gap`."""

    stream: str
    dropped: int
    first_seq: int
    last_seq: int
    reason: str


class Spool:
    """The one open spool of an agent; used by one thread at a time."""

    def __init__(self, path: Path, clock: Clock, *, max_bytes: int = MAX_SPOOL_BYTES) -> None:
        opened = open_database(path, _TABLES, clock)
        self._db = opened.connection
        self._clock = clock
        self._max_bytes = max_bytes
        self.corrupt = opened.corrupt
        """Where a corrupt spool was set aside at this start."""
        self.stream = self._stream()
        self._bytes = self._measure()

    @property
    def size_bytes(self) -> int:
        """Bytes waiting."""
        return self._bytes

    def append(self, records: Iterable[Record]) -> None:
        """Store records, whose `seq` is given here; returns once they are on disk.

        Raises:
            DiskError: they could not be written; none of them is kept.
            ValueError: a body is larger than `MAX_RECORD_BYTES`.
        """
        rows = [(r.dataset, r.version, r.at.isoformat(), r.order_id, bytes(r.body)) for r in records]
        if any(len(row[-1]) > MAX_RECORD_BYTES for row in rows):
            raise ValueError(f"a record is larger than {MAX_RECORD_BYTES} bytes")
        try:
            with Transaction(self._db):
                self._db.executemany(
                    "insert into record (dataset, version, at, order_id, body) values (?,?,?,?,?)", rows
                )
                self._bytes += sum(len(row[-1]) + _ROW_BYTES for row in rows)
                self._make_room()
        except DiskError:
            self._bytes = self._measure()
            raise

    def batch(self) -> RecordBatch | None:
        """The oldest records, at most 500 and 1 MiB; `None` when there is none."""
        self._tell_gap()
        records: list[Record] = []
        room = _BATCH_BYTES
        query = "select seq, dataset, version, at, order_id, body from record order by seq limit ?"
        for seq, dataset, version, at, order_id, body in self._db.execute(query, (MAX_RECORDS,)):
            record = Record(seq, dataset, version, datetime.fromisoformat(at), msgspec.Raw(body), order_id)
            room -= len(encode(record)) + 1
            if records and room < 0:
                break
            records.append(record)
        return RecordBatch(self.stream, tuple(records)) if records else None

    def acknowledge(self, batch: RecordBatch, mark: int) -> None:
        """Forget the records of `batch` up to `mark`; what was not in the batch stays, whatever the mark."""
        upto = min(mark, batch.records[-1].seq)
        with Transaction(self._db):
            self._db.execute("delete from record where seq <= ?", (upto,))
        self._bytes = self._measure()

    def close(self) -> None:
        self._db.close()

    def _stream(self) -> str:
        """The name of this database's sequence: a new database is a new stream, so that no number comes twice."""
        row = self._db.execute("select name from stream").fetchone()
        if row is not None:
            return row[0]
        name = f"main-{os.urandom(6).hex()}"
        self._db.execute("insert into stream values (?)", (name,))
        return name

    def _measure(self) -> int:
        query = "select coalesce(sum(length(body)), 0) + count(*) * ? from record"
        return self._db.execute(query, (_ROW_BYTES,)).fetchone()[0]

    def _make_room(self) -> None:
        if self._bytes <= self._max_bytes:
            return
        excess, dropped = self._bytes - self._max_bytes, list[int]()
        query = "select seq, length(body) from record where dataset <> ? order by seq"
        for seq, length in self._db.execute(query, (GAP_DATASET,)):
            if excess <= 0:
                break
            dropped.append(seq)
            excess -= length + _ROW_BYTES
            self._bytes -= length + _ROW_BYTES
        if dropped:
            query = "delete from record where seq between ? and ? and dataset <> ?"
            self._db.execute(query, (dropped[0], dropped[-1], GAP_DATASET))
            self._db.execute(
                """insert into gap values (1, ?, ?, ?) on conflict do update set
                dropped = dropped + excluded.dropped, last_seq = excluded.last_seq""",
                (len(dropped), dropped[0], dropped[-1]),
            )

    def _tell_gap(self) -> None:
        row = self._db.execute("select dropped, first_seq, last_seq from gap").fetchone()
        if row is None:
            return
        body = encode(Gap(self.stream, *row, reason="spool_full"))
        values = (GAP_DATASET, 1, self._clock.now().isoformat(), "", body)
        with Transaction(self._db):
            self._db.execute("delete from gap")
            self._db.execute(
                "insert into record (dataset, version, at, order_id, body) values (?,?,?,?,?)", values
            )
        self._bytes += len(body) + _ROW_BYTES
