"""Readers of committed records: each has a name, and a position that is kept.

At least once: read a page, hand it on, keep its end. Exactly once, for what is stored in the same database: `turn`
does all of it in one transaction.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from canopee_api.postgres import positions as sql
from canopee_api.postgres.database import Connection, Database
from canopee_kit.clock import Clock

LIMIT = 1_000


class Turn(msgspec.Struct, frozen=True):
    """One transaction of a reader, alone at its position."""

    tx: Connection
    position: sql.Position
    name: str
    now: datetime

    async def keep(self, end: sql.Position) -> None:
        """Move to `end` when the transaction commits."""
        await sql.keep_position(self.tx, self.name, end, self.now)


class RecordCursor:
    """One reader. `datasets`: those it wants; empty for all."""

    def __init__(self, database: Database, name: str, clock: Clock, datasets: Sequence[str] = ()) -> None:
        self.database, self._clock = database, clock
        self.name, self.datasets = name, tuple(datasets)

    async def position(self) -> sql.Position:
        """Everything up to here was kept as read.

        Raises:
            BusyError: the database cannot be reached now.
            ServerError: the database was restored from a dump.
        """
        async with self.database.transaction() as tx:
            return await sql.read_position(tx, self.name, self._clock.now())

    async def read(self, after: sql.Position, limit: int = LIMIT) -> sql.Scan:
        """What was committed after a position; `limit` bounds the rows looked at, also those of other datasets."""
        async with self.database.transaction() as tx:
            return await sql.scan_records(tx, after, datasets=self.datasets, limit=limit)

    async def keep(self, end: sql.Position) -> None:
        """Everything up to `end` was handed on; a position never goes back."""
        async with self.database.transaction() as tx:
            await sql.keep_position(tx, self.name, end, self._clock.now())

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[Turn]:
        """A transaction in which nobody else moves this reader: another process waits for its end."""
        now = self._clock.now()
        async with self.database.transaction() as tx:
            position = await sql.read_position(tx, self.name, now, lock=True)
            yield Turn(tx, position, self.name, now)
