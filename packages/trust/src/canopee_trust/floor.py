"""Version floors: the newest version of each TUF role this machine has ever trusted.

python-tuf does not flush its files: after a power cut they may be empty, and an older repository would then be
accepted. The floor is in SQLite, flushed at each change, and checked after TUF.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class VersionFloor(Protocol):
    """Durable lower bounds, one a role."""

    def get(self, role: str) -> int: ...

    def raise_to(self, versions: Mapping[str, int]) -> None:
        """Raise the floors, durably; never lowers one."""
        ...


class SqliteFloor:
    """Floors in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=DELETE")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS floor (role TEXT PRIMARY KEY, version INTEGER NOT NULL)")

    def get(self, role: str) -> int:
        row = self._db.execute("SELECT version FROM floor WHERE role = ?", (role,)).fetchone()
        return row[0] if row else 0

    def raise_to(self, versions: Mapping[str, int]) -> None:
        raised = {role: version for role, version in versions.items() if version > self.get(role)}
        if not raised:
            return
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO floor VALUES (?, ?)", list(raised.items()))

    def close(self) -> None:
        self._db.close()


class MemoryFloor:
    """Floors that die with the process: for a simulated device."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}

    def get(self, role: str) -> int:
        return self._versions.get(role, 0)

    def raise_to(self, versions: Mapping[str, int]) -> None:
        for role, version in versions.items():
            self._versions[role] = max(version, self.get(role))
