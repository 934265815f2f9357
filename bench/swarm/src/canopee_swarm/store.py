"""What the simulated devices must remember: identities, counters, and what is not acknowledged yet.

One SQLite file for the whole fleet. `synchronous` is OFF: a kill loses nothing, a power cut may; a simulation
can live with that, the agent cannot.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

COUNTER_BLOCK = 64
"""Counters are reserved by blocks, so that a check-in costs no write."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS devices (
    number INTEGER PRIMARY KEY, seed BLOB NOT NULL, device_id TEXT NOT NULL, generation INTEGER NOT NULL,
    practice_id TEXT NOT NULL, token TEXT NOT NULL, token_expires_at TEXT NOT NULL,
    counter INTEGER NOT NULL DEFAULT 0, order_seq INTEGER NOT NULL DEFAULT 0, record_seq INTEGER NOT NULL DEFAULT 0,
    is_over INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS reports (order_id TEXT PRIMARY KEY, number INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS reports_by_number ON reports (number);
CREATE TABLE IF NOT EXISTS records (
    number INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (number, seq)
) STRICT, WITHOUT ROWID;
"""


class Identity(msgspec.Struct):
    """One enrolled device, as kept."""

    number: int
    seed: bytes
    """The 32 bytes of its Ed25519 key."""
    device_id: str
    generation: int
    practice_id: str
    token: str
    token_expires_at: str
    """ISO 8601."""
    counter: int = 0
    """Never used yet: the next call takes the one above."""
    order_seq: int = 0
    record_seq: int = 0


_COLUMNS = ", ".join(Identity.__struct_fields__)


class Store:
    """The fleet's file; every method is one short transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + _SCHEMA)

    def close(self) -> None:
        self._db.close()

    def count(self) -> int:
        """Devices that have an identity, those whose enrolment is over included."""
        return int(self._db.execute("SELECT count(*) FROM devices").fetchone()[0])

    def numbers(self) -> set[int]:
        """The numbers that need no enrolment token any more."""
        return {row[0] for row in self._db.execute("SELECT number FROM devices")}

    def identity(self, number: int) -> Identity | None:
        """The identity of one device; `None` before enrolment and once it is over."""
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM devices WHERE number = ? AND is_over = 0",  # noqa: S608  our own columns
            (number,),
        ).fetchone()
        return None if row is None else Identity(*row)

    def add(self, identity: Identity) -> None:
        """Keep a new identity."""
        marks = ", ".join("?" * len(Identity.__struct_fields__))
        self._db.execute(
            f"INSERT INTO devices ({_COLUMNS}) VALUES ({marks})",  # noqa: S608  our own columns
            msgspec.structs.astuple(identity),
        )

    def keep_token(self, number: int, token: str, expires_at: str) -> None:
        """Keep a renewed bearer token."""
        self._db.execute(
            "UPDATE devices SET token = ?, token_expires_at = ? WHERE number = ?", (token, expires_at, number)
        )

    def reserve_counters(self, number: int, counter: int) -> None:
        """From now on a restart continues above `counter + COUNTER_BLOCK`."""
        self._db.execute("UPDATE devices SET counter = ? WHERE number = ?", (counter + COUNTER_BLOCK, number))

    def end(self, number: int) -> None:
        """This enrolment is over; the device stays silent from now on."""
        self._db.execute("UPDATE devices SET is_over = 1 WHERE number = ?", (number,))

    def accept_order(self, number: int, seq: int, *, order_id: str, body: bytes) -> None:
        """Keep an order's sequence number before it runs, with the report to send if we die meanwhile."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("UPDATE devices SET order_seq = ? WHERE number = ?", (seq, number))
            self._db.execute("INSERT OR REPLACE INTO reports VALUES (?, ?, ?)", (order_id, number, body))

    def finish_order(
        self, number: int, *, order_id: str, body: bytes, records: Sequence[tuple[int, bytes]]
    ) -> None:
        """Keep the true report and the records of a run, until acknowledged."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("UPDATE reports SET body = ? WHERE order_id = ?", (body, order_id))
            self._db.executemany("INSERT INTO records VALUES (?, ?, ?)", [(number, *record) for record in records])
            if records:
                self._db.execute("UPDATE devices SET record_seq = ? WHERE number = ?", (records[-1][0], number))

    def reports(self, number: int, *, limit: int) -> list[bytes]:
        """Reports that wait for a verdict."""
        rows = self._db.execute(
            "SELECT body FROM reports WHERE number = ? ORDER BY rowid LIMIT ?", (number, limit)
        ).fetchall()
        return [row[0] for row in rows]

    def forget_reports(self, order_ids: Sequence[str]) -> None:
        """These reports have a verdict."""
        self._db.executemany("DELETE FROM reports WHERE order_id = ?", [(order_id,) for order_id in order_ids])

    def records(self, number: int, *, limit: int) -> list[bytes]:
        """The oldest records that wait for an acknowledgement, by sequence number."""
        rows = self._db.execute(
            "SELECT body FROM records WHERE number = ? ORDER BY seq LIMIT ?", (number, limit)
        ).fetchall()
        return [row[0] for row in rows]

    def forget_records(self, number: int, mark: int) -> None:
        """Everything up to `mark` is stored by the server, or refused for good."""
        self._db.execute("DELETE FROM records WHERE number = ? AND seq <= ?", (number, mark))
