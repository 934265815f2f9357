"""Selections: a query frozen into a list of devices, so that what is confirmed is what is done."""

from datetime import timedelta

import msgspec

from canopee_api.devices.fleet_table import FleetTable, device_of
from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres import selections as sql
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.device_counts import count_states
from canopee_api.postgres.device_rows import bounded, devices_of, ids_of
from canopee_contract.condition import MAX_LISTED
from canopee_contract.fleet import MAX_LISTED as MAX_IDS
from canopee_contract.fleet import MAX_SELECTED, NewSelection, Selection, SelectionCondition
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id, new_id

_KEPT = timedelta(days=7)
_SAMPLE = 10


class Selections:
    """Lists of devices that do not change any more."""

    def __init__(self, database: Database, table: FleetTable, clock: Clock) -> None:
        self._database, self._table, self._clock = database, table, clock

    async def freeze(self, new: NewSelection, *, by: str) -> Selection:
        """The devices of a query now, or a list of ids; ids that are no device are left out.

        Raises:
            InvalidError: both or neither of them, too many, no device at all, or as of the table.
        """
        if (new.query is None) != bool(new.device_ids):
            raise InvalidError("selection.target", "exactly one of query and device_ids", at="$.query")
        for name, ids in (("device_ids", new.device_ids), ("excluded", new.excluded)):
            if len(ids) > MAX_IDS or not all(map(is_id, ids)):
                raise InvalidError("selection.ids", f"at most {MAX_IDS} ids of devices", at=f"$.{name}")
        now = self._clock.now()
        async with self._database.transaction() as tx, bounded(tx):
            ids = await self._chosen(tx, new)
            row = sql.SelectionRow(new_id(now), by, now, now + _KEPT, ids)
            await sql.insert_selection(tx, row, msgspec.to_builtins(new.query) if new.query else None)
            return await self._view(tx, row)

    async def get(self, selection_id: str) -> Selection:
        """A selection, with where its devices stand now; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            return await self._view(tx, await self.held(tx, selection_id))

    async def condition(self, selection_id: str) -> SelectionCondition:
        """The same devices as a condition.

        Raises:
            NotFoundError: it is unknown or has expired.
            ConflictError: a condition cannot list so many.
        """
        async with self._database.transaction() as tx:
            ids = (await self.held(tx, selection_id)).device_ids
        if len(ids) > MAX_LISTED:
            message = f"a condition lists at most {MAX_LISTED} devices: write one on facts instead"
            raise ConflictError("selection.too_large", message)
        return SelectionCondition({"fact": "device.id", "op": "in", "value": ids}, len(ids))

    async def tend(self) -> None:
        """Forget those that have expired."""
        async with self._database.transaction() as tx:
            await sql.delete_expired(tx, now=self._clock.now())

    async def held(self, tx: Connection, selection_id: str) -> sql.SelectionRow:
        """A selection that is still kept; raises `NotFoundError`."""
        now = self._clock.now()
        row = await sql.get_selection(tx, selection_id, now=now) if is_id(selection_id) else None
        if row is None:
            message = f"there is no selection {selection_id[:40]}, or it has expired: make it again"
            raise NotFoundError("selection.unknown", message)
        return row

    async def _chosen(self, tx: Connection, new: NewSelection) -> list[str]:
        excluded = {*new.excluded}
        if new.query is not None:
            found = await ids_of(tx, await self._table.understood(tx, new.query))
        else:
            found = [row.id for row in await devices_of(tx, sorted({*new.device_ids}), now=self._clock.now())]
        chosen = [one for one in found if one not in excluded]
        if not chosen:
            raise InvalidError("selection.empty", "no device is selected", at="$.query")
        if len(chosen) > MAX_SELECTED:
            raise InvalidError("selection.too_many", f"at most {MAX_SELECTED} devices", at="$.query")
        return chosen

    async def _view(self, tx: Connection, row: sql.SelectionRow) -> Selection:
        now = self._clock.now()
        first = await sql.first_by_name(tx, row.device_ids, _SAMPLE)
        return Selection(
            id=row.id, created_by=row.created_by, created_at=row.created_at, expires_at=row.expires_at,
            count=len(row.device_ids), sample=[device_of(one) for one in await devices_of(tx, first, now=now)],
            states=await count_states(tx, now, row.device_ids),
        )  # fmt: skip
