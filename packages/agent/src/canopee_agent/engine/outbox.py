"""Files that steps made for the server: durable, whole, and kept until the server has them all.

A step writes into a file of its own; it counts once the step has ended well (`commit`). What a step that failed, or a
cut, left behind goes at the next start. Bytes and names are on disk before `commit` returns.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import msgspec

from canopee_agent.engine.database import Transaction, open_database
from canopee_agent.errors import DiskError
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
KEPT = timedelta(days=7)
"""How long a file waits for a server that does not take it."""
_TABLES = (
    """create table if not exists outgoing (
        id integer primary key autoincrement, order_id text not null, step text not null, name text not null,
        file text not null, length integer not null, sha256 text not null, made_at text not null,
        unique (order_id, step, name))""",
)


class Outgoing(msgspec.Struct, frozen=True):
    """A file that waits to be sent."""

    id: int
    order_id: str
    step: str
    name: str
    path: Path
    length: int
    sha256: str


class Outbox:
    """The one outbox of an agent; used by one thread at a time."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._clock = folder, clock
        opened = open_database(folder / "outbox.db", _TABLES, clock)
        self._db = opened.connection
        self._made: dict[str, Path] = {}
        self._count = 0
        self._sweep()

    def close(self) -> None:
        self._db.close()

    def create(self, name: str) -> BinaryIO:
        """A new file to write, called `name` at the server; raises `DiskError` when it cannot be made."""
        self._count += 1
        path = self._folder / f"{self._clock.now():%Y%m%dT%H%M%S%f}-{self._count}.bin"
        try:
            stream = path.open("xb")
        except OSError as error:
            raise DiskError(f"no file can be made for the server: {error.strerror}") from error
        self._made[name] = path
        return stream

    def commit(self, order_id: str, step: str) -> None:
        """What was created since the last call waits to be sent from now on; raises `DiskError`, and drops it."""
        made, self._made = self._made, {}
        try:
            rows = [(order_id, step, name, path.name, *_measured(path)) for name, path in made.items()]
            at = self._clock.now().isoformat()
            with Transaction(self._db):
                self._db.executemany(
                    "insert or replace into outgoing (order_id, step, name, file, length, sha256, made_at)"
                    " values (?, ?, ?, ?, ?, ?, ?)",
                    [(*row, at) for row in rows],
                )
        except OSError as error:
            _remove(made.values())
            raise DiskError(f"the file for the server is not stored: {error.strerror}") from error

    def drop(self) -> None:
        """What was created since the last `commit` goes."""
        made, self._made = self._made, {}
        _remove(made.values())

    def first(self) -> Outgoing | None:
        """The oldest file that waits."""
        row = self._db.execute(
            "select id, order_id, step, name, file, length, sha256 from outgoing order by id limit 1"
        ).fetchone()
        if row is None:
            return None
        number, order_id, step, name, file, length, sha256 = row
        return Outgoing(number, order_id, step, name, self._folder / file, length, sha256)

    def forget(self, one: Outgoing) -> None:
        """The server has it, or will never take it."""
        with Transaction(self._db):
            self._db.execute("delete from outgoing where id = ?", (one.id,))
        _remove([one.path])

    @property
    def waiting_bytes(self) -> int:
        """Of all that waits to be sent."""
        return self._db.execute("select coalesce(sum(length), 0) from outgoing").fetchone()[0]

    def _sweep(self) -> None:
        """Files that no row knows of, rows whose file is gone or has waited for too long."""
        oldest = self._clock.now() - KEPT
        known: set[str] = set()
        for id_, file, made_at in self._db.execute("select id, file, made_at from outgoing").fetchall():
            if datetime.fromisoformat(made_at) < oldest or not (self._folder / file).exists():
                _log.warning("%s waited in vain to be sent, or is gone", file)
                self._db.execute("delete from outgoing where id = ?", (id_,))
            else:
                known.add(file)
        _remove(path for path in self._folder.glob("*.bin") if path.name not in known)


def _measured(path: Path) -> tuple[int, str]:
    """Length and SHA-256 of a file, once it would outlast a power cut."""
    with path.open("r+b") as stream:
        os.fsync(stream.fileno())
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return stream.tell(), digest


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
