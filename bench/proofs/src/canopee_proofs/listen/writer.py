"""`python -m canopee_proofs.listen.writer ADDRESS SEED`: changes what each line of its standard input asks for.

A line is a number of changes; the answer, once all are committed, is one line: how many there were. The transactions
of a line are open together and commit in a drawn order. The memory of other processes must follow.
"""

import asyncio
import random
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

import msgspec
import psycopg

from canopee_api.postgres import devices as sql
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Connection
from canopee_api.postgres.orders import take_sequence
from canopee_api.postgres.records import DatasetRow, upsert_dataset
from canopee_contract.dataset import Dataset, Field
from canopee_kit.clock import SystemClock

_CONNECTIONS = 4
_CLOCK = SystemClock()


class Writer:
    """Changes the devices of one database, at random."""

    def __init__(self, connections: Sequence[Connection], draw: random.Random) -> None:
        self._connections, self._draw = connections, draw
        self._datasets = 0

    async def change(self, number: int) -> int:
        """Make some changes; returns once they are committed."""
        taken: set[str] = set()
        made = 0
        for start in range(0, number, _CONNECTIONS):
            used = list(self._connections[: min(_CONNECTIONS, number - start)])
            for connection in used:
                await self._one(connection, taken)
            self._draw.shuffle(used)
            for connection in used:
                await connection.commit()
                made += 1
            taken.clear()
        return made

    async def _one(self, connection: Connection, taken: set[str]) -> None:
        """An order, a revocation or a dataset. No device is changed by two open transactions."""
        kind = self._draw.choices(("order", "revocation", "catalog"), (6, 1, 2))[0]
        if kind == "catalog":
            self._datasets += 1
            body = Dataset(f"written_{self._datasets}", 1, "Written", "A proof.", 30, (Field("v", "text", "It."),))
            row = DatasetRow(body.name, body.version, msgspec.to_builtins(body))
            await upsert_dataset(connection, row, managed_by="git", now=_CLOCK.now())
            await announce(connection, "catalog")
            return
        device = await self._living(connection, taken)
        taken.add(device)
        if kind == "revocation":
            await sql.revoke(connection, device)
            await announce(connection, "device", device)
            return
        for device_id, _, seq in await take_sequence(connection, [device]):
            await announce(connection, "order", device_id, seq)

    async def _living(self, connection: Connection, taken: set[str]) -> str:
        found = await connection.execute("SELECT id::text FROM devices WHERE state = 'active' ORDER BY id")
        return self._draw.choice([row[0] for row in await found.fetchall() if row[0] not in taken])


async def _main(address: str, seed: str) -> None:
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(await psycopg.AsyncConnection.connect(address))
            for _ in range(_CONNECTIONS)
        ]
        writer = Writer(connections, random.Random(seed))  # noqa: S311  repeatable, not secret
        while line := await asyncio.to_thread(sys.stdin.readline):
            sys.stdout.write(f"{await writer.change(int(line))}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2]))
