"""What people add to devices: tags and notes. Known to the API only; no PC hears of them."""

from collections.abc import Sequence

import msgspec

from canopee_api.audit.chain import note as audit
from canopee_api.devices.selections import Selections
from canopee_api.errors import ForbiddenError, InvalidError, NotFoundError
from canopee_api.postgres import device_tags as sql
from canopee_api.postgres.database import Connection, Database
from canopee_contract.fleet import MAX_LISTED, MAX_NOTE, MAX_TAGS, NewNote, Note, TagChange, TagCount, TagsChanged
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id, new_id

_LONGEST_TAG = 60
_NAMED = 20
"""Devices that the audit names one by one."""


class Annotations:
    """Tags and notes."""

    def __init__(self, database: Database, selections: Selections, clock: Clock) -> None:
        self._database, self._selections, self._clock = database, selections, clock

    async def change_tags(self, change: TagChange, *, by: str) -> TagsChanged:
        """Give and take tags; doing it again changes nothing.

        Raises:
            InvalidError: no tag, too many, one that cannot be one; both a selection and ids, or neither.
            NotFoundError: the selection is unknown or has expired.
        """
        add, remove = _tags(change.add, "add"), _tags(change.remove, "remove")
        if not add and not remove:
            raise InvalidError("tags.none", "name a tag in add or in remove", at="$.add")
        if both := sorted({*add} & {*remove}):
            raise InvalidError("tags.both", f"{both[0]} is given and taken at once", at="$.remove")
        if bool(change.selection) == bool(change.device_ids):
            raise InvalidError("tags.target", "exactly one of selection and device_ids", at="$.selection")
        async with self._database.transaction() as tx:
            ids = await self._targets(tx, change)
            removed = await sql.remove_tags(tx, ids, remove) if remove else 0
            added = await sql.add_tags(tx, ids, add, by=by, now=self._clock.now()) if add else 0
            if added + removed:
                named = {"devices": ids} if len(ids) <= _NAMED else {"count": len(ids)}
                detail = {"add": add, "remove": remove, "selection": change.selection, **named}
                await audit(tx, self._clock.now(), by, "device.tags", ids[0] if len(ids) == 1 else "", **detail)
        return TagsChanged(len(ids), added, removed)

    async def tags(self, *, after: str, limit: int) -> list[TagCount]:
        """The tags in use, by name."""
        async with self._database.transaction() as tx:
            return [TagCount(*row) for row in await sql.list_tags(tx, after=after, limit=limit)]

    async def write_note(self, device_id: str, new: NewNote, *, by: str) -> Note:
        """Add a note.

        Raises:
            InvalidError: empty or too long.
            NotFoundError: there is no such device.
        """
        text = new.text.strip()
        if not 1 <= len(text) <= MAX_NOTE or "\0" in text:
            raise InvalidError("note.text", f"1 to {MAX_NOTE} characters", at="$.text")
        now = self._clock.now()
        row = sql.NoteRow(new_id(now), device_id, by, now, text)
        async with self._database.transaction() as tx:
            await _known(tx, device_id)
            await sql.insert_note(tx, row)
            await audit(tx, now, by, "device.note", device_id, note=row.id)
        return _note(row)

    async def notes(self, device_id: str, *, after: str, limit: int) -> list[Note]:
        """Notes of a device, newest first; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            await _known(tx, device_id)
            return [_note(row) for row in await sql.list_notes(tx, device_id, after=after, limit=limit)]

    async def delete_note(self, device_id: str, note_id: str, *, by: str, may_any: bool) -> None:
        """Take a note away: one's own, or any when `may_any`.

        Raises:
            NotFoundError: there is no such note.
            ForbiddenError: somebody else wrote it.
        """
        async with self._database.transaction() as tx:
            row = await sql.get_note(tx, device_id, note_id) if is_id(device_id) and is_id(note_id) else None
            if row is None:
                raise NotFoundError("note.unknown", f"there is no note {note_id[:40]} on this device")
            if row.author != by and not may_any:
                raise ForbiddenError("note.not_yours", f"{row.author} wrote it: an administrator can take it away")
            await sql.delete_note(tx, note_id)
            await audit(tx, self._clock.now(), by, "device.note_deleted", device_id, note=note_id)

    async def _targets(self, tx: Connection, change: TagChange) -> list[str]:
        if change.selection:
            return await sql.known(tx, (await self._selections.held(tx, change.selection)).device_ids)
        check_ids(change.device_ids, "$.device_ids")
        found = await sql.known(tx, change.device_ids)
        if missing := sorted({*change.device_ids} - {*found}):
            raise NotFoundError("device.unknown", f"there is no device {missing[0]}")
        return found


def check_ids(ids: Sequence[str], at: str) -> None:
    """Raises `InvalidError` when one is not an id, or they are too many."""
    if len(ids) > MAX_LISTED:
        raise InvalidError("devices.too_many", f"at most {MAX_LISTED} ids: make a selection of a query", at=at)
    for place, one in enumerate(ids):
        if not is_id(one):
            raise InvalidError("device.id", f"{one[:40]!r} is not an id", at=f"{at}[{place}]")


def _tags(tags: Sequence[str], name: str) -> list[str]:
    if len(tags) > MAX_TAGS:
        raise InvalidError("tags.too_many", f"at most {MAX_TAGS} tags at once", at=f"$.{name}")
    found = list(dict.fromkeys(" ".join(tag.split()) for tag in tags))
    for place, tag in enumerate(found):
        if not 1 <= len(tag) <= _LONGEST_TAG or not tag.isprintable():
            raise InvalidError("tag.text", f"a tag has 1 to {_LONGEST_TAG} characters", at=f"$.{name}[{place}]")
    return found


async def _known(tx: Connection, device_id: str) -> None:
    if not is_id(device_id) or not await sql.known(tx, [device_id]):
        raise NotFoundError("device.unknown", f"there is no device {device_id[:40]}")


def _note(row: sql.NoteRow) -> Note:
    return msgspec.convert(row, Note, from_attributes=True)
