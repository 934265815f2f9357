"""Requests that are ended before their time: what came stays."""

import asyncio

from canopee_api.audit.chain import note
from canopee_api.errors import ConflictError
from canopee_api.files.store import FileStore
from canopee_api.logs.requests import LogRequests, request_of
from canopee_api.postgres import log_archives, log_requests
from canopee_api.postgres.campaigns import stop_campaign
from canopee_api.postgres.database import Database
from canopee_api.postgres.log_receipts import replace_by_receipts
from canopee_contract.log_requests import MAX_LOG_DEVICES, OPEN_STATES, LogRequestView
from canopee_kit.clock import Clock


class Cancels:
    """Ends requests."""

    def __init__(self, database: Database, store: FileStore, requests: LogRequests, clock: Clock) -> None:
        self._database, self._store, self._requests, self._clock = database, store, requests, clock

    async def cancel(self, request_id: str, *, by: str) -> LogRequestView:
        """Take nothing more: orders that wait are withdrawn, a PC that sends is told to forget it.

        Again, it does no harm. Archives that are here whole stay as they are; what came of one that is not is removed,
        and leaves a receipt.

        Raises:
            ConflictError: nothing more is to come anyway.
            NotFoundError: there is no such request.
        """
        async with self._database.transaction() as tx:
            row, now = await request_of(tx, request_id, lock=True), self._clock.now()
            partial = [
                one for one in await log_archives.hold_stored(tx, row.id, device_id="") if not one.is_complete
            ]
            devices = await log_requests.list_devices(
                tx, row.id, states=sorted(OPEN_STATES), q="", after="", limit=MAX_LOG_DEVICES, now=now
            )
            if devices:
                for one in partial:
                    await asyncio.to_thread(self._store.forget, one.upload_id)
                await replace_by_receipts(tx, row.id, partial, set(), now=now, by=by)
                await log_requests.cancel(tx, row.id, [one.id for one in devices], now=now, by=by)
                await stop_campaign(tx, row.id, now=now)
                await note(tx, now, by, "logs.cancel", row.id, devices=len(devices))
            elif row.cancelled_at is None:
                raise ConflictError("logs.complete", "nothing more is to come of it: there is nothing to cancel")
        return await self._requests.view(row.id)
