"""Purges: the bytes go, here and on the PCs, and a receipt of each stays."""

import asyncio
from collections.abc import Sequence

import msgspec

from canopee_api.audit.chain import note
from canopee_api.errors import NotFoundError
from canopee_api.files.store import FileStore
from canopee_api.logs.requests import LogRequests, request_of
from canopee_api.postgres import log_archives as sql
from canopee_api.postgres.campaigns import stop_campaign
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.log_archives import StoredRow
from canopee_api.postgres.log_receipts import receipts_of, replace_by_receipts
from canopee_api.postgres.log_requests import list_devices
from canopee_api.postgres.uploads import hold_content
from canopee_contract.log_requests import MAX_LOG_DEVICES, LogReceipt, LogRequestView, OnPc
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_BY_ITSELF = "canopee"
_AT_ONCE = 20
_PURGED = ("waiting", "running", "sending", "ready")
"""The states of devices of which something is there, or may come."""


class Purges:
    """Removes what came, for good."""

    def __init__(self, database: Database, store: FileStore, requests: LogRequests, clock: Clock) -> None:
        self._database, self._store, self._requests, self._clock = database, store, requests, clock

    async def purge(self, request_id: str, *, by: str, device_id: str = "") -> LogRequestView:
        """Remove everything of a request, or of one device of it; nothing more of it is taken. Again, it does no harm.

        The bytes go before it is committed: killed in between, it is done again, and nothing is kept that nobody knows
        of. A PC that has not sent all is told to forget it when it goes on.

        Raises:
            NotFoundError: there is no such request, or no such device of it.
        """
        async with self._database.transaction() as tx:
            row, now = await request_of(tx, request_id, lock=True), self._clock.now()
            if device_id and not (is_id(device_id) and await sql.standing_of(tx, row.id, device_id)):
                raise NotFoundError("logs.device", f"{device_id[:40]} is no device of this request")
            held = await sql.hold_stored(tx, row.id, device_id=device_id)
            devices = await list_devices(
                tx, row.id, states=_PURGED, q="", after="", limit=MAX_LOG_DEVICES, now=now
            )
            removed = await self._remove(tx, held)
            await replace_by_receipts(tx, row.id, held, removed, now=now, by=by)
            ids = [one.id for one in devices if device_id in {"", one.id}]
            changed = await sql.mark_devices(tx, row.id, ids, now=now) > 0
            if not device_id:
                changed |= await sql.mark_request(tx, row.id, now=now, by=by)
                await stop_campaign(tx, row.id, now=now)
            if changed or held:
                await note(
                    tx, now, by, "logs.purge", row.id, archives=len(held), bytes=sum(one.received for one in held),
                    **({"device": device_id} if device_id else {}),
                )  # fmt: skip
        return await self._requests.view(row.id)

    async def purge_expired(self) -> int:
        """Purge what has been kept for as long as was asked; how many requests."""
        async with self._database.transaction() as tx:
            ids = await sql.expired_ids(tx, now=self._clock.now(), limit=_AT_ONCE)
        for request_id in ids:
            await self.purge(request_id, by=_BY_ITSELF)
            _log.info("log request %s: what came was purged, as it was to be", request_id)
        return len(ids)

    async def receipts(self, request_id: str, *, after: int, limit: int) -> list[LogReceipt]:
        """What was purged of a request; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            row = await request_of(tx, request_id)
            found = await receipts_of(tx, row.id, after=after, limit=limit)
        return [
            LogReceipt(
                str(one.id), one.device_id, one.hostname, one.name, one.sha256, one.length, one.received_at,
                one.purged_at, one.purged_by, one.bytes_removed, msgspec.convert(one.on_pc, OnPc), one.gone_at,
            )
            for one in found
        ]  # fmt: skip

    async def _remove(self, tx: Connection, held: Sequence[StoredRow]) -> set[str]:
        """Remove the bytes to which nothing else refers; their SHA-256s."""
        contents = sorted({one.sha256 for one in held if one.is_complete})
        for sha256 in contents:
            await hold_content(tx, sha256)
        shared = await sql.shared_contents(tx, contents, [one.upload_id for one in held])
        for sha256 in contents:
            if sha256 not in shared:
                await asyncio.to_thread(self._store.remove, sha256)
        for one in held:
            if not one.is_complete:
                await asyncio.to_thread(self._store.forget, one.upload_id)
        return {*contents} - shared
