"""Presence written behind: once a second, one statement for all the devices that called."""

import asyncio

from canopee_api.errors import BusyError
from canopee_api.live.fleet import LiveFleet
from canopee_api.postgres.database import Database
from canopee_api.postgres.devices import write_presence
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_EVERY_S = 1.0
_SLICE = 2_000


async def write_behind(database: Database, fleet: LiveFleet, stop: asyncio.Event) -> None:
    """Write presence until `stop`, and a last time then."""
    while not stop.is_set():
        await _wait(stop, _EVERY_S)
        await flush(database, fleet)


async def flush(database: Database, fleet: LiveFleet) -> None:
    """Write what is to be written now."""
    while devices := fleet.take_seen(_SLICE):
        try:
            async with database.transaction() as tx:
                await write_presence(
                    tx,
                    ids=[device.id for device in devices],
                    seen=[device.last_seen_at for device in devices],
                    counters=[device.counter for device in devices],
                    versions=[device.agent_version for device in devices],
                )
        except BusyError as error:
            fleet.put_back(devices)
            _log.warning("presence not written, will be tried again: %s", error)
            return


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
