"""The proof `commit-order`."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import ClassVar

import psycopg

from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.positions import Position, lags, oldest_holder
from canopee_api.postgres.records import Stream, copy_records
from canopee_api.records.cursor import RecordCursor
from canopee_kit.clock import SystemClock
from canopee_kit.ids import new_id
from canopee_proofs.database import new_records, own_server
from canopee_proofs.proof import Proof, Setting, Verdict

_WRITERS = 6
_DATASETS = ("proof", "other")
_IDLE_EVERY = 10
"""One case in so many leaves a transaction open meanwhile."""


class CommitOrder(Proof):
    """Readers of committed records see every record, once, in whatever order the transactions commit.

    A case is some transactions that write, commit or roll back in a drawn order, while two readers (one of everything,
    one of one dataset) read pages of a drawn size and now and then forget what they did not keep. Some cases leave a
    writing transaction open: the lag must be shown with who causes it, and be caught up afterwards. A reader that
    follows the serial alone runs beside them: it must lose records, or else nothing was out of order.
    """

    usual_cases: ClassVar[int] = 1_000
    short_cases: ClassVar[int] = 40

    def run(self, setting: Setting) -> Verdict:
        with own_server(setting.folder / "postgres") as server:
            attempt = _Attempt(server.address, setting.random(), setting.cases)
            return asyncio.run(attempt.go())


class _Attempt:
    """Every case, on one database."""

    def __init__(self, address: str, draw: random.Random, cases: int) -> None:
        self._address, self._draw, self._cases = address, draw, cases
        self._clock = SystemClock()
        self._stream = Stream(new_id(self._clock.now()), 1, "main")
        self._number = 0
        self._written: dict[str, set[int]] = {name: set() for name in _DATASETS}
        self._naive, self._naive_seen = 0, set[int]()
        self.violations: list[str] = []

    async def go(self) -> Verdict:
        database = Database(self._address, size=4)
        await database.open()
        try:
            readers = [
                _Reader(RecordCursor(database, "everything", self._clock), self._draw),
                _Reader(RecordCursor(database, "other", self._clock, ["other"]), self._draw),
            ]
            async with AsyncExitStack() as stack:
                writers = [
                    await stack.enter_async_context(await psycopg.AsyncConnection.connect(self._address))
                    for _ in range(_WRITERS)
                ]
                for case in range(self._cases):
                    await self._case(case, database, readers, writers)
            for reader in readers:
                await reader.catch_up()
                self._compare(reader)
        finally:
            await database.close()
        if self._naive_seen >= self._written["proof"] | self._written["other"]:
            self.violations.append("a reader of the serial alone lost nothing: this run proves nothing")
        return Verdict(self._cases, tuple(self.violations))

    async def _case(
        self, case: int, database: Database, readers: "list[_Reader]", writers: Sequence[Connection]
    ) -> None:
        pending = [(one, await self._write(one)) for one in writers]
        self._draw.shuffle(pending)
        idle = pending.pop() if case % _IDLE_EVERY == 0 else None
        for connection, (dataset, numbers) in pending:
            if self._draw.random() < 0.15:  # noqa: PLR2004  some are rolled back
                await connection.rollback()
            else:
                await connection.commit()
                self._written[dataset] |= numbers
            await self._read_the_serial(database)
            await self._draw.choice(readers).step()
        if idle is not None:
            await self._look_at_the_lag(case, database, readers)
            await idle[0].commit()
            self._written[idle[1][0]] |= idle[1][1]
        await self._read_the_serial(database)

    async def _write(self, connection: Connection) -> tuple[str, set[int]]:
        dataset = self._draw.choice(_DATASETS)
        numbers = range(self._number + 1, self._number + 1 + self._draw.randint(1, 5))
        self._number = numbers[-1]
        records = new_records(self._stream, numbers, self._clock.now(), dataset=dataset)
        await copy_records(connection, records)
        return dataset, set(numbers)

    async def _read_the_serial(self, database: Database) -> None:
        async with database.transaction() as tx:
            found = await tx.execute("SELECT n, seq FROM records WHERE n > %s ORDER BY n", (self._naive,))
            for n, seq in await found.fetchall():
                self._naive = n
                self._naive_seen.add(seq)

    async def _look_at_the_lag(self, case: int, database: Database, readers: "list[_Reader]") -> None:
        """With a transaction open: what committed after it began waits, and the lag says so."""
        for reader in readers:
            await reader.catch_up()
        async with database.transaction() as tx:
            shown = {lag.name: lag for lag in await lags(tx)}
            holder = await oldest_holder(tx)
        if holder is None or holder.state != "idle in transaction":
            self.violations.append(f"case {case}: the open transaction is not shown: {holder}")
        for reader in readers:
            missing = self._all() - reader.looked_at
            lag = shown[reader.cursor.name]
            if lag.rows != len(missing) or (lag.oldest_at is None) == bool(missing):
                self.violations.append(f"case {case}: {lag} is shown, {len(missing)} records are missing")

    def _all(self) -> set[int]:
        return self._written["proof"] | self._written["other"]

    def _compare(self, reader: "_Reader") -> None:
        wanted = self._written["other"] if reader.cursor.datasets else self._all()
        if lost := wanted - set(reader.kept):
            self.violations.append(f"{reader.cursor.name} lost {sorted(lost)[:10]} of {len(lost)}")
        if invented := set(reader.kept) - wanted:
            self.violations.append(f"{reader.cursor.name} saw {sorted(invented)[:10]}, which was not committed")
        if len(reader.kept) != len(set(reader.kept)):
            self.violations.append(f"{reader.cursor.name} saw a record twice")


class _Reader:
    """One reader, as a sink is: what it read counts once its end is kept."""

    def __init__(self, cursor: RecordCursor, draw: random.Random) -> None:
        self.cursor, self._draw = cursor, draw
        self.kept: list[int] = []
        self.looked_at: set[int] = set()

    async def step(self) -> int:
        """One page; sometimes it dies before it keeps the end. How many rows were looked at."""
        position = await self.cursor.position()
        found = await self.cursor.read(position, self._draw.choice((1, 3, 50)))
        if self._draw.random() < 0.1:  # noqa: PLR2004  some pages are read again
            return found.looked_at
        await self.cursor.keep(found.end)
        self.kept += [record.body["value"] for record in found.records]
        await self._note(position, found.end)
        return found.looked_at

    async def catch_up(self) -> None:
        while await self.step():
            pass

    async def _note(self, after: Position, end: Position) -> None:
        everything = await RecordCursor(self.cursor.database, "", SystemClock()).read(after, 50)
        self.looked_at |= {one.seq for one in everything.records if one.position <= end}
