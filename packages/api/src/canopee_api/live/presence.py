"""Presence written behind: once a second, one statement for all the devices that called."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from canopee_api.errors import BusyError
from canopee_api.live.fleet import LiveFleet
from canopee_api.postgres.changes import announce_devices
from canopee_api.postgres.database import Database
from canopee_api.postgres.devices import write_presence, write_versions
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_EVERY_S = 1.0
_SLICE = 1_000


OnClones = Callable[[Mapping[str, int]], Awaitable[None]]
"""Called with the devices, and their counter, that another process has seen with the same one."""


async def write_behind(database: Database, fleet: LiveFleet, on_clones: OnClones, stop: asyncio.Event) -> None:
    """Write presence until `stop`, and a last time then."""
    while not stop.is_set():
        await _wait(stop, _EVERY_S)
        await flush(database, fleet, on_clones)


async def flush(database: Database, fleet: LiveFleet, on_clones: OnClones) -> None:
    """Write what is to be written now, slice by slice: the calls that come meanwhile are answered in between."""
    while seen := fleet.take_seen(_SLICE):
        updated = fleet.take_updated()
        try:
            async with database.transaction() as tx:
                clones = await write_presence(tx, seen)
                if updated:
                    await write_versions(tx, updated)
                    await announce_devices(tx, [*updated])
            if clones:
                await on_clones(clones)
        except BusyError as error:
            fleet.put_back(seen, updated)
            _log.warning("presence not written, will be tried again: %s", error)
            return


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
