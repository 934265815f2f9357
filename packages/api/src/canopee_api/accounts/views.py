"""Saved views: what a list shows, under a name; one's own, or everybody's."""

import msgspec

from canopee_api.audit.chain import note
from canopee_api.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from canopee_api.postgres import saved_views as sql
from canopee_api.postgres.database import Connection, Database
from canopee_contract.fleet import MAX_VIEW, NewView, SavedView
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id, new_id

_LONGEST_NAME, _LONGEST_PAGE, _MOST = 80, 40, 200


class Views:
    """Saved views."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def list(self, login: str, *, page: str, after: str, limit: int) -> list[SavedView]:
        """What somebody may open, by id."""
        async with self._database.transaction() as tx:
            rows = await sql.list_views(tx, login, page, after=after, limit=limit)
        return [_view(row) for row in rows]

    async def save(self, new: NewView, *, by: str, may_share: bool, view_id: str = "") -> SavedView:
        """Make a view, or change one's own (`view_id`); an administrator's or not, another's stays as it is.

        Raises:
            InvalidError: the name, the page or the query cannot be one.
            ForbiddenError: it is another's, or shared by somebody who may not share.
            NotFoundError: there is none to change.
            ConflictError: a view of that name is there, or there are too many.
        """
        _check(new)
        if new.shared and not may_share:
            raise ForbiddenError("view.share", "sharing a view needs the right annotate: keep it for yourself")
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if view_id:
                await _own(tx, view_id, by)
            elif await sql.count_views(tx, by) >= _MOST:
                raise ConflictError("view.too_many", f"at most {_MOST} views: delete one first")
            row = sql.ViewRow(view_id or new_id(now), by, new.page, new.name.strip(), new.query, new.shared, now)
            if not await sql.put_view(tx, row):
                raise ConflictError(
                    "view.name", f"you have a view named {row.name} already: change it, or its name"
                )
            if row.shared:
                await note(tx, now, by, "view.share", row.id, name=row.name, page=row.page)
        return _view(row)

    async def delete(self, view_id: str, *, by: str, may_any: bool) -> None:
        """Take a view away: one's own, or any shared one when `may_any`.

        Raises:
            NotFoundError: there is no such view.
            ForbiddenError: it is another's.
        """
        async with self._database.transaction() as tx:
            row = await _seen(tx, view_id, by)
            if row.owner != by and not may_any:
                raise ForbiddenError("view.not_yours", f"{row.owner} made it: an administrator can take it away")
            await sql.delete_view(tx, view_id)
            if row.shared:
                await note(tx, self._clock.now(), by, "view.delete", row.id, name=row.name, page=row.page)


async def _seen(tx: Connection, view_id: str, login: str) -> sql.ViewRow:
    """A view that somebody may open."""
    row = await sql.get_view(tx, view_id) if is_id(view_id) else None
    if row is None or (row.owner != login and not row.shared):
        raise NotFoundError("view.unknown", f"there is no view {view_id[:40]}")
    return row


async def _own(tx: Connection, view_id: str, login: str) -> None:
    if (row := await _seen(tx, view_id, login)).owner != login:
        raise ForbiddenError("view.not_yours", f"{row.owner} made it: save it under a name of your own")


def _check(new: NewView) -> None:
    for name, text, longest in (("name", new.name, _LONGEST_NAME), ("page", new.page, _LONGEST_PAGE)):
        if not 1 <= len(text.strip()) <= longest or not text.isprintable():
            raise InvalidError(f"view.{name}", f"1 to {longest} characters", at=f"$.{name}")
    if len(new.query) > MAX_VIEW or not new.query.isprintable():
        raise InvalidError("view.query", f"at most {MAX_VIEW} characters, as in an address", at="$.query")


def _view(row: sql.ViewRow) -> SavedView:
    return msgspec.convert(row, SavedView, from_attributes=True)
