"""The pool of connections, and transactions on it."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.adapt import Buffer, Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.pq import Format
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from canopee_api.errors import BusyError
from canopee_contract.codec import encode
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
Connection: TypeAlias = AsyncConnection[TupleRow]
LISTENER = "canopee listener"
_WAIT_S = 10.0
_NETWORK = {
    "connect_timeout": "10", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "2",
    "tcp_user_timeout": "15000", "application_name": "canopee api",
}  # fmt: skip
"""A connection whose other end is gone without a word is found out in some 20 s, not in the two hours of TCP."""


class Database:
    """One pool; open it once a process."""

    def __init__(self, address: str, *, size: int) -> None:
        self.address = make_conninfo("", **{**_NETWORK, **conninfo_to_dict(address)})
        self._pool = AsyncConnectionPool(
            self.address, min_size=1, max_size=size, timeout=_WAIT_S, open=False, configure=_configure
        )

    async def open(self) -> None:
        """Connect; raises `psycopg.OperationalError` when the server does not answer."""
        async with await psycopg.AsyncConnection.connect(self.address):
            pass
        await self._pool.open(wait=True)

    async def close(self) -> None:
        await self._pool.close()

    async def renew(self) -> None:
        """Leave every connection for a new one: the network swallowed what was sent."""
        await self._pool.drain()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """A transaction, committed at the end of the block and rolled back on an exception.

        Raises:
            BusyError: the database cannot be reached now, or is a standby that will be, or has been, promoted.
        """
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (PoolTimeout, psycopg.OperationalError, ReadOnlySqlTransaction) as error:
            _log.debug("the database does not answer: %s", error)  # thousands of calls may learn it at once
            raise BusyError("the database does not answer", retry_after_s=5) from error


async def listening_connection(address: str) -> Connection:
    """A connection of its own, in autocommit mode."""
    connection = await AsyncConnection.connect(make_conninfo(address, application_name=LISTENER), autocommit=True)
    await _configure(connection)
    return connection


class _TextUuid(Loader):
    """UUIDs as text: that is how they travel in messages."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode()


class _TextUuidBinary(Loader):
    """As `_TextUuid`, for binary results."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return str(uuid.UUID(bytes=bytes(data)))


async def _configure(connection: AsyncConnection[Any]) -> None:
    connection.adapters.register_loader("uuid", _TextUuid)
    connection.adapters.register_loader("uuid", _TextUuidBinary)
    set_json_loads(msgspec.json.decode, connection)
    set_json_dumps(encode, connection)
