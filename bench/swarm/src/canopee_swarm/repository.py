"""One verified copy of the signed repository for the whole swarm: each device would verify the same bytes."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from canopee_kit.clock import Clock
from canopee_swarm.errors import AnswerError
from canopee_trust.client import NotServedError, TrustedRepository
from canopee_trust.floor import MemoryFloor

Fetch = Callable[[str], Awaitable[bytes]]
_MISSING = 404


class SharedRepository:
    """A `TrustedRepository` used from one event loop; its work runs in a thread, one piece at a time."""

    def __init__(self, folder: Path, root: bytes, clock: Clock) -> None:
        self._fetch: Fetch | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self._targets: dict[str, bytes] = {}
        self._repository = TrustedRepository(folder, root, fetch=self._fetch_now, floor=MemoryFloor(), clock=clock)

    async def refresh(self, fetch: Fetch, version: int) -> None:
        """Verify the metadata of at least `version`, with the first device that asks."""
        async with self._lock:
            if self._repository.timestamp_version >= version:
                return
            self._loop, self._fetch = asyncio.get_running_loop(), fetch
            await asyncio.to_thread(self._repository.refresh)
            self._targets.clear()

    async def target(self, fetch: Fetch, path: str) -> bytes:
        """The verified bytes of a target; raises `MetadataError`."""
        async with self._lock:
            if path not in self._targets:
                self._loop, self._fetch = asyncio.get_running_loop(), fetch
                self._targets[path] = await asyncio.to_thread(self._repository.target, path)
            return self._targets[path]

    def _fetch_now(self, name: str) -> bytes:
        if self._fetch is None or self._loop is None:
            raise NotServedError(name)
        try:
            return asyncio.run_coroutine_threadsafe(_awaited(self._fetch, name), self._loop).result()
        except AnswerError as error:
            if error.problem.status == _MISSING:
                raise NotServedError(name) from error
            raise


async def _awaited(fetch: Fetch, name: str) -> bytes:
    return await fetch(name)
