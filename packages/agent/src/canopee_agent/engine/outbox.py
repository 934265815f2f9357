"""Files that steps made for the server: durable, whole, and kept until the server has them all.

A step writes into a draft of its own; it counts once the step has ended well (`commit`). What a step that failed, or a
cut, left behind goes at the next start. Bytes and names are on disk before `commit` returns. What has gone, sent or
not, leaves a receipt.
"""

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from canopee_agent.engine.database import Transaction, open_database
from canopee_agent.engine.draft import Draft, remove
from canopee_agent.errors import DiskError
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
KEPT = timedelta(days=7)
"""How long a file waits for a server that does not take it."""
RECEIPTS_KEPT = timedelta(days=90)
_MOST_RECEIPTS = 100
"""Of those that are read at once, the latest."""
_TABLES = (
    """create table if not exists outgoing (
        id integer primary key autoincrement, order_id text not null, step text not null, name text not null,
        file text not null, length integer not null, sha256 text not null, made_at text not null,
        unique (order_id, step, name))""",
    """create table if not exists receipt (
        id integer primary key autoincrement, order_id text not null, step text not null, name text not null,
        length integer not null, sha256 text not null, state text not null, at text not null)""",
)

GoneState: TypeAlias = Literal["sent", "purged", "refused", "expired", "lost"]
"""The server has it; somebody asked for it to be forgotten; the server never takes it; it waited for too long; it was
taken away, or spoiled, on this PC."""


class Outgoing(msgspec.Struct, frozen=True):
    """A file that waits to be sent."""

    id: int
    order_id: str
    step: str
    name: str
    path: Path
    length: int
    sha256: str


class Receipt(msgspec.Struct, frozen=True):
    """A file that is on this PC no more, and why."""

    order_id: str
    step: str
    name: str
    length: int
    sha256: str
    state: GoneState
    at: datetime


class Outbox:
    """The one outbox of an agent; used by one thread at a time."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._clock = folder, clock
        opened = open_database(folder / "outbox.db", _TABLES, clock)
        self._db = opened.connection
        self._count = 0
        self._sweep()

    def close(self) -> None:
        self._db.close()

    def draft(self, budget: int) -> Draft:
        """What a step may write `budget` bytes into."""
        return Draft(self._new_path, budget)

    def _new_path(self) -> Path:
        self._count += 1
        return self._folder / f"{self._clock.now():%Y%m%dT%H%M%S%f}-{self._count}.bin"

    def commit(self, draft: Draft, order_id: str, step: str) -> int:
        """What is in `draft` waits to be sent from now on; its bytes.

        Raises:
            OverBudgetError, DiskError: it is dropped.
        """
        try:
            draft.check()
            rows = [(order_id, step, name, path.name, *_measured(path)) for name, path in draft.made.items()]
            at = self._clock.now().isoformat()
            with Transaction(self._db):
                self._db.executemany(
                    "insert or replace into outgoing (order_id, step, name, file, length, sha256, made_at)"
                    " values (?, ?, ?, ?, ?, ?, ?)",
                    [(*row, at) for row in rows if row[4]],
                )
        except OSError as error:
            draft.drop()
            raise DiskError(f"the file for the server is not stored: {error.strerror}") from error
        except Exception:
            draft.drop()
            raise
        return sum(row[4] for row in rows)

    def first(self) -> Outgoing | None:
        """The oldest file that waits."""
        row = self._db.execute(
            "select id, order_id, step, name, file, length, sha256 from outgoing order by id limit 1"
        ).fetchone()
        if row is None:
            return None
        number, order_id, step, name, file, length, sha256 = row
        return Outgoing(number, order_id, step, name, self._folder / file, length, sha256)

    def forget(self, one: Outgoing, state: GoneState) -> None:
        """It need not, or cannot, be sent any more: a receipt says what became of it."""
        self._put_away([(one.id, one.order_id, one.step, one.name, one.path.name, one.length, one.sha256)], state)

    def purge(self, order_id: str) -> tuple[Receipt, ...]:
        """Forget the files of an order that have not been sent; the receipts of all that it made, oldest first."""
        rows = self._db.execute(
            "select id, order_id, step, name, file, length, sha256 from outgoing where order_id = ?", (order_id,)
        ).fetchall()
        self._put_away(rows, "purged")
        return self.receipts(order_id)

    def receipts(self, order_id: str = "") -> tuple[Receipt, ...]:
        """Of the files of an order, or of the latest ones of all orders: oldest first."""
        rows = self._db.execute(
            "select order_id, step, name, length, sha256, state, at from receipt where ? in ('', order_id)"
            " order by id desc limit ?",
            (order_id, _MOST_RECEIPTS),
        ).fetchall()
        names = [field.name for field in msgspec.structs.fields(Receipt)]
        return tuple(msgspec.convert(dict(zip(names, row, strict=True)), Receipt) for row in reversed(rows))

    @property
    def waiting_bytes(self) -> int:
        """Of all that waits to be sent."""
        return self._db.execute("select coalesce(sum(length), 0) from outgoing").fetchone()[0]

    def _put_away(self, rows: list[tuple[int, str, str, str, str, int, str]], state: GoneState) -> None:
        """The bytes go first, then the row; the receipt comes with it."""
        remove(self._folder / row[4] for row in rows)
        at = self._clock.now()
        with Transaction(self._db):
            for number, order_id, step, name, _, length, sha256 in rows:
                self._db.execute("delete from outgoing where id = ?", (number,))
                self._db.execute(
                    "insert into receipt (order_id, step, name, length, sha256, state, at)"
                    " values (?, ?, ?, ?, ?, ?, ?)",
                    (order_id, step, name, length, sha256, state, at.isoformat()),
                )
            self._db.execute("delete from receipt where at < ?", ((at - RECEIPTS_KEPT).isoformat(),))

    def _sweep(self) -> None:
        """Files that no row knows of, rows whose file is gone or has waited for too long."""
        oldest = self._clock.now() - KEPT
        known: set[str] = set()
        for row in self._db.execute(
            "select id, order_id, step, name, file, length, sha256, made_at from outgoing"
        ).fetchall():
            is_old, is_there = datetime.fromisoformat(row[7]) < oldest, (self._folder / row[4]).exists()
            if is_old or not is_there:
                _log.warning("%s of order %s waited in vain to be sent, or is gone", row[3], row[1])
                self._put_away([row[:7]], "expired" if is_there else "lost")
            else:
                known.add(row[4])
        remove(path for path in self._folder.glob("*.bin") if path.name not in known)


def _measured(path: Path) -> tuple[int, str]:
    """Length and SHA-256 of a file, once it would outlast a power cut."""
    with path.open("r+b") as stream:
        os.fsync(stream.fileno())
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return stream.tell(), digest
