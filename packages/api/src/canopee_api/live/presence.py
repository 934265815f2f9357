"""Presence written behind: once a second, one statement for all the devices that called."""

import asyncio
from datetime import timedelta

from canopee_api.errors import BusyError
from canopee_api.live.fleet import LiveFleet
from canopee_api.postgres.database import Database
from canopee_api.postgres.devices import write_presence, write_versions
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_EVERY_S = 1.0
ONLINE = timedelta(minutes=10)
"""A device heard of since then is online: two long polls, and a little."""
_SLICE = 1_000


async def write_behind(database: Database, fleet: LiveFleet, stop: asyncio.Event) -> None:
    """Write presence until `stop`, and a last time then."""
    while not stop.is_set():
        await _wait(stop, _EVERY_S)
        await flush(database, fleet)


async def flush(database: Database, fleet: LiveFleet) -> None:
    """Write what is to be written now, slice by slice: the calls that come meanwhile are answered in between."""
    while devices := fleet.take_seen(_SLICE):
        updated = fleet.take_updated()
        try:
            async with database.transaction() as tx:
                await write_presence(tx, devices)
                if updated:
                    await write_versions(tx, updated)
        except BusyError as error:
            fleet.put_back(devices, updated)
            _log.warning("presence not written, will be tried again: %s", error)
            return


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
