"""Opening a small durable SQLite database: one connection, full synchronisation, corruption set aside."""

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from canopee_agent.errors import DiskError, StateError
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_WAL_FIXED = ((3, 44, 6), (3, 50, 7))
"""First sound versions of the branches that were mended."""
_WAL_SOUND_FROM = (3, 51, 3)


class Opened(msgspec.Struct):
    """A connection in autocommit mode, and what had to be set aside to get it."""

    connection: sqlite3.Connection
    corrupt: Path | None = None
    """Where the unreadable database that was found is now."""


def open_database(path: Path, statements: Sequence[str], clock: Clock) -> Opened:
    """Open, or make, the database at `path` with the tables of `statements` (`create … if not exists`).

    A database that cannot be read is renamed `<name>.corrupt-<time>`, never deleted, and a new one is made.

    Raises:
        StateError: the folder is not writable, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return Opened(_open(path, statements))
    except sqlite3.OperationalError as error:
        raise StateError(f"{path} cannot be opened: {error}") from error
    except sqlite3.DatabaseError as error:
        aside = _set_aside(path, clock)
        _log.error("%s is corrupt (%s): renamed %s, starting a new one", path, error, aside.name)
        return Opened(_open(path, statements), aside)


def journal_mode(version: tuple[int, int, int]) -> str:
    """`WAL`, or `DELETE` for the versions of SQLite whose WAL reset may corrupt the database.

    Versions 3.7.0 to 3.51.2 but for 3.44.6 and 3.50.7 (https://sqlite.org/wal.html#walresetbug).
    """
    is_mended = any(version[:2] == fixed[:2] and version >= fixed for fixed in _WAL_FIXED)
    return "WAL" if version >= _WAL_SOUND_FROM or is_mended else "DELETE"


def _open(path: Path, statements: Sequence[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        mode = journal_mode(sqlite3.sqlite_version_info)
        connection.execute(f"pragma journal_mode={mode}")
        # With a rollback journal, FULL leaves the unlink that commits unsynchronised: a power cut could undo it.
        connection.execute(f"pragma synchronous={'FULL' if mode == 'WAL' else 'EXTRA'}")
        connection.execute("pragma cache_size=-512")
        _check(connection)
        for statement in statements:
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    path.chmod(0o600)
    return connection


def _check(connection: sqlite3.Connection) -> None:
    verdict = connection.execute("pragma quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _set_aside(path: Path, clock: Clock) -> Path:
    aside = path.with_name(f"{path.name}.corrupt-{clock.now():%Y%m%dT%H%M%S%f}")
    os.replace(path, aside)  # noqa: PTH105  the pair of the line below
    for suffix in ("-wal", "-shm", "-journal"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            os.replace(companion, aside.with_name(aside.name + suffix))  # noqa: PTH105
    return aside


class Transaction:
    """`begin immediate` … `commit`, or `rollback` on an exception.

    Raises:
        DiskError: the disk is full, or fails; nothing of the transaction is kept.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def __enter__(self) -> None:
        try:
            self._db.execute("begin immediate")
        except sqlite3.OperationalError as error:
            raise _disk_error(error) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if kind is None:
            try:
                self._db.execute("commit")
            except sqlite3.OperationalError as failure:
                self._roll_back()
                raise _disk_error(failure) from failure
            return
        self._roll_back()
        if isinstance(error, sqlite3.OperationalError):
            raise _disk_error(error) from error

    def _roll_back(self) -> None:
        if self._db.in_transaction:  # SQLite has rolled back by itself when the disk is full
            self._db.execute("rollback")


def _disk_error(error: sqlite3.OperationalError) -> DiskError:
    return DiskError(f"the state of the agent cannot be written: {error}; free some space on its disk")
