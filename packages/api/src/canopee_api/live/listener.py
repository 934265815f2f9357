"""Keeps the memory true: follows the change table, woken by NOTIFY, and looks anyway every 30 seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import psycopg

from canopee_api.errors import BusyError
from canopee_api.live.fleet import LiveFleet
from canopee_api.postgres.changes import CHANNEL, Change, changes_from, horizon
from canopee_api.postgres.database import Connection, Database, listening_connection
from canopee_api.postgres.devices import live_row, live_rows
from canopee_kit.logs import get_logger

_log = get_logger(__name__)

CANCEL_S = 5.0
"""psycopg waits so long for the end of a query that it cancels."""
OnCatalog = Callable[[], Awaitable[None]]
"""Called when datasets, pipelines or the trust policy changed."""
OnChanges = Callable[[Sequence[Change]], None]
"""Called with the changes just applied."""


class Periods(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. A change is in force after at most `every + 2 * longest + again + CANCEL_S`, whatever is cut."""

    every: float = 30.0
    """Between two looks when no notification comes."""
    longest: float = 8.0
    """For one look, or for opening a connection: a network that swallows everything says nothing."""
    again: float = 1.0
    """Before the next attempt."""
    absence: float = 6 * 3_600.0
    """After so long without a look everything is read anew: changes are kept for a day."""


class Listener:
    """Loads the fleet, then follows it; without devices, in a process that answers none, only the catalog."""

    def __init__(
        self,
        database: Database,
        fleet: LiveFleet,
        on_catalog: OnCatalog,
        periods: Periods | None = None,
        *,
        on_changes: OnChanges | None = None,
        has_devices: bool = True,
    ) -> None:
        self._database, self._fleet, self._on_catalog, self._on_changes = database, fleet, on_catalog, on_changes
        self._periods, self._has_devices = periods or Periods(), has_devices
        self._looked_at = 0.0
        self._from_xid = 0
        self._applied: set[tuple[int, int]] = set()

    async def load(self) -> None:
        """Read every device; changes committed meanwhile are seen by the next `catch_up`."""
        async with self._database.transaction() as tx:
            self._from_xid = await horizon(tx)
            if self._has_devices:
                async for rows in live_rows(tx):
                    for row in rows:
                        self._fleet.put(row)
        await self._on_catalog()
        self._applied, self._looked_at = set(), asyncio.get_running_loop().time()

    async def catch_up(self) -> None:
        """Apply every change that was not applied yet."""
        async with self._database.transaction() as tx:
            await self._look(tx)

    async def _look(self, tx: Connection) -> None:
        end, changes = await changes_from(tx, self._from_xid)
        fresh = [change for change in changes if (change.xid, change.n) not in self._applied]
        for change in fresh:
            await self._apply(tx, change)
        if any(change.kind == "catalog" for change in fresh):
            await self._on_catalog()
        if fresh and self._on_changes:
            self._on_changes(fresh)
        self._from_xid = end
        self._applied = {(change.xid, change.n) for change in changes if change.xid >= end}
        self._looked_at = asyncio.get_running_loop().time()

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until `stop`; a lost connection is opened again."""
        ended: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                try:
                    await self._follow(ended)
                except TimeoutError:
                    _log.warning(
                        "the database does not answer, and nobody said so: all connections are opened again"
                    )
                    await self._database.renew()
                except (psycopg.Error, BusyError) as error:
                    _log.warning("the change listener lost its connection, opening it again: %s", error)
                except Exception:  # noqa: BLE001  the edge of a loop: without it nothing is revoked here any more
                    _log.exception("the change listener failed, trying again")
                await asyncio.wait([ended], timeout=self._periods.again)
        finally:
            ended.cancel()

    async def _follow(self, ended: "asyncio.Future[Any]") -> None:
        """All on one connection, so that one that is dead is found out by the next look, and left."""
        async with asyncio.timeout(self._periods.longest):
            connection = await listening_connection(self._database.address)
        try:
            if asyncio.get_running_loop().time() - self._looked_at > self._periods.absence:
                await self.load()
            await connection.execute(f"LISTEN {CHANNEL}")
            while not ended.done():
                async with asyncio.timeout(self._periods.longest), connection.transaction():
                    await self._look(connection)
                hint = asyncio.ensure_future(_hint(connection))
                await asyncio.wait([hint, ended], timeout=self._periods.every, return_when=asyncio.FIRST_COMPLETED)
                await _finish(hint)
        finally:
            await connection.close()

    async def _apply(self, tx: Connection, change: Change) -> None:
        if change.device_id is None or not self._has_devices:
            return
        if change.kind == "order":
            self._fleet.give_order(change.device_id, change.value)
            return
        row = await live_row(tx, change.device_id)
        if row is not None:
            self._fleet.put(row)


async def _hint(connection: Connection) -> None:
    """Return at the next notification; several make one."""
    async for _ in connection.notifies(stop_after=1):
        return


async def _finish(hint: "asyncio.Future[None]") -> None:
    if not hint.done():
        hint.cancel()
        await asyncio.wait([hint])
        return
    hint.result()
