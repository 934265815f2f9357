"""Files that steps made for the server: durable, whole, and kept until the server has them all.

A step writes into a draft of its own; it counts once the step has ended well (`commit`). What a step that failed, or a
cut, left behind goes at the next start. Bytes and names are on disk before `commit` returns. What has gone, sent or
not, leaves a receipt, which the server is told: why it goes is noted first, then the bytes go, then the receipt is
written. A cut in between changes nothing of it.
"""

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from canopee_agent.engine.database import Transaction, open_database
from canopee_agent.engine.draft import Draft, remove
from canopee_agent.errors import DiskError
from canopee_contract.report import MAX_GONE, GoneState
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
KEPT = timedelta(days=7)
"""How long a file waits for a server that does not take it."""
RECEIPTS_KEPT = timedelta(days=90)
_MOST_RECEIPTS = MAX_GONE
"""Of those that are read at once."""
_TABLES = (
    """create table if not exists outgoing (
        id integer primary key autoincrement, order_id text not null, step text not null, name text not null,
        file text not null, length integer not null, sha256 text not null, made_at text not null,
        unique (order_id, step, name))""",
    """create table if not exists receipt (
        id integer primary key autoincrement, order_id text not null, step text not null, name text not null,
        length integer not null, sha256 text not null, state text not null, at text not null)""",
    "create table if not exists leaving (id integer primary key, state text not null)",
    "create table if not exists told (one integer primary key check (one = 1), number integer not null)",
)
_WAITS = "id not in (select id from leaving)"


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
    number: int = 0
    """Later ones are higher."""


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
            f"select id, order_id, step, name, file, length, sha256 from outgoing where {_WAITS} order by id limit 1"  # noqa: S608  our own words
        ).fetchone()
        if row is None:
            return None
        number, order_id, step, name, file, length, sha256 = row
        return Outgoing(number, order_id, step, name, self._folder / file, length, sha256)

    def forget(self, one: Outgoing, state: GoneState) -> None:
        """It need not, or cannot, be sent any more: a receipt says what became of it."""
        self._put_away([one.id], state)

    def purge(self, order_id: str) -> tuple[Receipt, ...]:
        """Forget the files of an order that have not been sent; the receipts of all that it made, oldest first."""
        rows = self._db.execute("select id from outgoing where order_id = ?", (order_id,)).fetchall()
        self._put_away([row[0] for row in rows], "purged")
        return self.receipts(order_id)

    def receipts(self, order_id: str = "") -> tuple[Receipt, ...]:
        """Of the files of an order, or of the latest ones of all orders: oldest first."""
        return self._receipts("where ? in ('', order_id) order by id desc", order_id)[::-1]

    def untold(self) -> tuple[Receipt, ...]:
        """The oldest receipts that the server has not heard of; what could not be removed before is tried again."""
        self._remove_leaving()
        return self._receipts("where id > coalesce((select max(number) from told), ?) order by id", 0)

    def note_told(self, number: int) -> None:
        """The server has heard of the receipts up to this one."""
        with Transaction(self._db):
            self._db.execute(
                "insert into told (one, number) values (1, ?)"
                " on conflict (one) do update set number = max(number, excluded.number)",
                (number,),
            )

    def _receipts(self, which: str, value: str | int) -> tuple[Receipt, ...]:
        rows = self._db.execute(
            f"select order_id, step, name, length, sha256, state, at, id from receipt {which} limit ?",  # noqa: S608  our own words
            (value, _MOST_RECEIPTS),
        ).fetchall()
        names = [field.name for field in msgspec.structs.fields(Receipt)]
        return tuple(msgspec.convert(dict(zip(names, row, strict=True)), Receipt) for row in rows)

    @property
    def waiting_bytes(self) -> int:
        """Of all that waits to be sent."""
        return self._db.execute(f"select coalesce(sum(length), 0) from outgoing where {_WAITS}").fetchone()[0]  # noqa: S608  our own words

    def _put_away(self, numbers: list[int], state: GoneState) -> None:
        """The first reason counts."""
        with Transaction(self._db):
            self._db.executemany(
                "insert or ignore into leaving (id, state) values (?, ?)", [(number, state) for number in numbers]
            )
        self._remove_leaving()

    def _remove_leaving(self) -> None:
        """Remove the bytes of what is to go; a receipt of each whose bytes are gone. What is held stays for later."""
        rows = self._db.execute(
            "select l.id, o.order_id, o.step, o.name, o.length, o.sha256, l.state, o.file"
            " from leaving l join outgoing o on o.id = l.id order by l.id"
        ).fetchall()
        remove(self._folder / row[-1] for row in rows)
        gone = [row[:-1] for row in rows if not (self._folder / row[-1]).exists()]
        if not gone:
            return
        at = self._clock.now()
        with Transaction(self._db):
            for number, *about in gone:
                for table in ("outgoing", "leaving"):
                    self._db.execute(f"delete from {table} where id = ?", (number,))  # noqa: S608  our own words
                self._db.execute(
                    "insert into receipt (order_id, step, name, length, sha256, state, at)"
                    " values (?, ?, ?, ?, ?, ?, ?)",
                    (*about, at.isoformat()),
                )
            self._db.execute("delete from receipt where at < ?", ((at - RECEIPTS_KEPT).isoformat(),))

    def _sweep(self) -> None:
        """What was to go; rows whose file is gone or has waited for too long; files that no row knows of."""
        self._remove_leaving()
        oldest = self._clock.now() - KEPT
        for number, order_id, name, file, made_at in self._db.execute(
            f"select id, order_id, name, file, made_at from outgoing where {_WAITS}"  # noqa: S608  our own words
        ).fetchall():
            is_old, is_there = datetime.fromisoformat(made_at) < oldest, (self._folder / file).exists()
            if is_old or not is_there:
                _log.warning("%s of order %s waited in vain to be sent, or is gone", name, order_id)
                self._put_away([number], "expired" if is_there else "lost")
        known = {row[0] for row in self._db.execute("select file from outgoing").fetchall()}
        remove(path for path in self._folder.glob("*.bin") if path.name not in known)


def _measured(path: Path) -> tuple[int, str]:
    """Length and SHA-256 of a file, once it would outlast a power cut."""
    with path.open("r+b") as stream:
        os.fsync(stream.fileno())
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return stream.tell(), digest
