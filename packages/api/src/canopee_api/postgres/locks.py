"""Advisory locks: what one process of the fleet's API does at a time. They end with the transaction, or a crash."""

import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from canopee_api.postgres.database import Database

_CLASS = 0x63616E6F  # "cano": apart from the one-number locks of migrations, publications and the audit chain


@asynccontextmanager
async def alone(database: Database, name: str) -> AsyncGenerator[bool]:
    """Hold `name` during the block; `False` when another process does: it is at the same work.

    The transaction that holds it writes nothing, and so delays no reader of the order of commits.
    """
    async with database.transaction() as tx:
        cursor = await tx.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (_CLASS, _number(name)))
        row = await cursor.fetchone()
        yield bool(row and row[0])


def _number(name: str) -> int:
    return zlib.crc32(name.encode()) & 0x7FFF_FFFF
