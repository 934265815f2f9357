"""The freeze calendar: what people enter, and the end of a freeze, which is told to the PCs whose orders wait."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from canopee_api.audit.chain import note
from canopee_api.campaigns.rings import Rings
from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.orders.freezing import is_frozen
from canopee_api.orders.walls import WallClocks
from canopee_api.postgres import freezes as sql
from canopee_api.postgres.changes import announce_undelivered, tell_watchers
from canopee_api.postgres.database import Connection, Database
from canopee_contract.freeze import Freeze, NewFreeze, span_of, written
from canopee_contract.people import Page
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id, new_id
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_MOST = 500
_SOON = timedelta(days=7)


class FreezeCalendar:
    """Freezes of the whole fleet. What holds orders back is the table, looked at by whatever makes or delivers one."""

    def __init__(self, database: Database, rings: Rings, wall: WallClocks, clock: Clock) -> None:
        self._database, self._rings, self._wall, self._clock = database, rings, wall, clock

    async def add(self, new: NewFreeze, *, by: str) -> Freeze:
        """Enter a freeze.

        Raises:
            ConflictError: there are too many.
            InvalidError: it is not one, or is over everywhere already.
        """
        try:
            starts, ends = span_of(new)
        except ValueError as error:
            raise InvalidError("freeze.malformed", str(error)) from error
        now = self._clock.now()
        row = sql.FreezeRow(
            id=new_id(now), starts=starts, ends=ends, reason=new.reason, collects=new.collects, created_by=by,
            created_at=now,
        )  # fmt: skip
        async with self._database.transaction() as tx:
            view = self._view(row, await sql.time_zones(tx))
            if view.ends <= now:
                raise InvalidError("freeze.over", f"it is over already: it ends {new.to}", at="$.to")
            if await sql.count_standing(tx, now) >= _MOST:
                raise ConflictError("freeze.many", f"there are {_MOST} freezes: remove some")
            await sql.insert_freeze(tx, row)
            said = {"from": view.from_, "to": view.to, "reason": new.reason, "collects": new.collects}
            await note(tx, now, by, "freeze.add", row.id, **said)
            await tell_watchers(tx, "campaigns")
        _log.info("freeze from %s to %s, entered by %s: %s", view.from_, view.to, by, new.reason)
        await self.look()
        return view

    async def remove(self, freeze_id: str, *, by: str) -> Freeze:
        """Take a freeze out of the calendar; one that is in force ends now.

        Raises:
            ConflictError: it was removed before, or is over.
            NotFoundError: there is none of that id.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            row = await sql.get_freeze(tx, freeze_id) if is_id(freeze_id) else None
            if row is None:
                raise NotFoundError("freeze.unknown", f"there is no freeze {freeze_id[:40]}")
            zones = await sql.time_zones(tx)
            view = self._view(row, zones)
            if view.state in {"over", "removed"}:
                raise ConflictError("freeze.over", f"it is over, or was removed: {view.from_} to {view.to}")
            await sql.remove_freeze(tx, freeze_id, now=now)
            await note(
                tx, now, by, "freeze.remove", row.id, **{"from": view.from_, "to": view.to}, reason=row.reason
            )
            await tell_watchers(tx, "campaigns")
            removed = await sql.get_freeze(tx, freeze_id)
        await self.look()
        return self._view(removed or row, zones)

    async def page(self, *, is_all: bool, after: str, limit: int) -> Page[Freeze]:
        """Freezes by the order in which they were entered: those that are not over, or all."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            rows = await sql.list_freezes(tx, now=now, is_all=is_all, after=after, limit=limit)
            zones = await sql.time_zones(tx) if rows else []
        views = [self._view(row, zones) for row in rows]
        shown = [view for view in views if is_all or view.state in {"now", "ahead"}]
        return Page(shown, rows[-1].id if len(rows) == limit else None)

    async def coming(self, tx: Connection, last: datetime | None = None) -> list[Freeze]:
        """Those in force, and those that begin until then (within a week), the first first."""
        now = self._clock.now()
        last = last or now + _SOON
        rows = await sql.freezes_between(tx, now, last)
        views = [self._view(row, await sql.time_zones(tx)) for row in rows]
        return sorted(
            (view for view in views if view.state in {"now", "ahead"} and view.begins <= last),
            key=lambda view: (view.begins, view.id),
        )

    async def look(self) -> int:
        """Tell the PCs whose orders waited, where it is frozen no more; how many campaigns."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            seen, frozen = await sql.lock_seen(tx), await self._frozen_zones(tx, now)
            kinds = [
                kind for kind, before, after in (
                    ("action", seen.actions, frozen.actions), ("collect", seen.collects, frozen.collects)
                ) if set(before) - set(after)
            ]  # fmt: skip
            ids = await sql.waiting_campaigns(tx, kinds, now=now) if kinds else []
            if not ids and frozen != seen:
                await sql.put_seen(tx, frozen)
        for one in ids:
            await self._rings.renew(one)
        if ids:
            async with self._database.transaction() as tx:
                for one in ids:
                    await announce_undelivered(tx, one)
                await sql.put_seen(tx, frozen)
                await tell_watchers(tx, "campaigns")
        return len(ids)

    async def _frozen_zones(self, tx: Connection, now: datetime) -> sql.Seen:
        rows = await sql.freezes_between(tx, now, now)
        zones = ["", *await sql.time_zones(tx)] if rows else []

        def where(freezes: Sequence[sql.FreezeRow]) -> list[str]:
            return [zone for zone in zones if any(is_frozen(one, self._wall, zone, now) for one in freezes)]

        return sql.Seen(where(rows), where([one for one in rows if one.collects]))

    def _view(self, row: sql.FreezeRow, zones: Sequence[str]) -> Freeze:
        spans = [self._wall.span(row.starts, row.ends, zone) for zone in ("", *zones)]
        begins, ends = min(first for first, _ in spans), max(last for _, last in spans)
        if row.removed_at is not None:
            ends = min(ends, row.removed_at)
        now, (first, last) = self._clock.now(), written(row.starts, row.ends)
        is_begun = begins <= now
        return Freeze(
            id=row.id, from_=first, to=last, reason=row.reason, collects=row.collects,
            state="removed" if row.removed_at else "over" if ends <= now else "now" if is_begun else "ahead",
            created_by=row.created_by, created_at=row.created_at, begins=begins, ends=ends,
        )  # fmt: skip
