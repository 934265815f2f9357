"""Floors: the highest version of each TUF role, and whatever else must never go back, that this machine has known.

python-tuf does not flush its files: after a power cut they may be empty, and an older repository would then be
accepted. Floors are in SQLite, flushed at each change, and checked after TUF.
"""

import contextlib
import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

MAX_FLOOR = 2**53
"""Highest value kept: what claims more is refused before it comes here."""


class VersionFloor(Protocol):
    """Durable lower bounds, one a name."""

    def get(self, role: str) -> int: ...

    def raise_to(self, versions: Mapping[str, int]) -> None:
        """Raise the floors, durably; never lowers one."""
        ...


class SqliteFloor:
    """Floors in one SQLite file; one that cannot be read is renamed `<name>.corrupt`, and a new one is made."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = _open(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            _set_aside(path)
            self._db = _open(path)

    def get(self, role: str) -> int:
        row = self._db.execute("SELECT version FROM floor WHERE role = ?", (role,)).fetchone()
        return row[0] if row else 0

    def all(self) -> dict[str, int]:
        """Every floor."""
        return dict(self._db.execute("SELECT role, version FROM floor"))

    def raise_to(self, versions: Mapping[str, int]) -> None:
        raised = {role: version for role, version in versions.items() if version > self.get(role)}
        if not raised:
            return
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO floor VALUES (?, ?)", list(raised.items()))

    def close(self) -> None:
        self._db.close()


class MirroredFloor:
    """The same floors in several files: one that was lost or went back is mended from the others when opened."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._copies = [SqliteFloor(path) for path in paths]
        known = [copy.all() for copy in self._copies]
        highest = {name: max(held.get(name, 0) for held in known) for held in known for name in held}
        for copy in self._copies:
            copy.raise_to(highest)

    def get(self, role: str) -> int:
        return max(copy.get(role) for copy in self._copies)

    def raise_to(self, versions: Mapping[str, int]) -> None:
        for copy in self._copies:
            copy.raise_to(versions)

    def close(self) -> None:
        for copy in self._copies:
            copy.close()


class MemoryFloor:
    """Floors that die with the process: for a simulated device."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}

    def all(self) -> dict[str, int]:
        """Every floor."""
        return dict(self._versions)

    def get(self, role: str) -> int:
        return self._versions.get(role, 0)

    def raise_to(self, versions: Mapping[str, int]) -> None:
        for role, version in versions.items():
            self._versions[role] = max(version, self.get(role))


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("PRAGMA synchronous=FULL")
        _check(db)
        db.execute("CREATE TABLE IF NOT EXISTS floor (role TEXT PRIMARY KEY, version INTEGER NOT NULL)")
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _set_aside(path: Path) -> None:
    os.replace(path, path.with_name(f"{path.name}.corrupt"))  # noqa: PTH105  the pair of the line below
    with contextlib.suppress(FileNotFoundError):
        os.replace(path.with_name(f"{path.name}-journal"), path.with_name(f"{path.name}.corrupt-journal"))  # noqa: PTH105
