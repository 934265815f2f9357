"""Turns: what holds one row is done one after the other, without a connection for each that waits.

Thousands of PCs may enrol with one token at the same moment. Its row serves one transaction at a time; were all of them
to wait for it in the database, nobody else would get a connection of the pool.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from canopee_api.errors import BusyError

MOST = 200
"""Callers of one key in a process; the others are told to come back."""
_LATER_S = 10.0


class Turns:
    """One caller at a time for each key, in the order in which they came."""

    def __init__(self) -> None:
        self._held: dict[bytes, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, key: bytes) -> AsyncGenerator[None]:
        """Hold `key` during the block.

        Raises:
            BusyError: too many wait for it already.
        """
        lock, callers = self._held.get(key, (asyncio.Lock(), 0))
        if callers >= MOST:
            raise BusyError("many PCs enrol with this token at once: come back", retry_after_s=_LATER_S)
        self._held[key] = lock, callers + 1
        try:
            async with lock:
                yield
        finally:
            callers = self._held[key][1] - 1
            if callers:
                self._held[key] = lock, callers
            else:
                del self._held[key]

    def __len__(self) -> int:
        return len(self._held)
