"""Practices as the vendor's customer system names them: imported whole, or not at all."""

import asyncio
from itertools import islice

import msgspec

from canopee_api.audit.chain import note
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.postgres import practices as sql
from canopee_api.postgres.database import Database
from canopee_contract.codec import decode
from canopee_contract.practices import (
    MAX_IMPORT_BYTES,
    MAX_PRACTICES,
    PracticeConsent,
    PracticesImport,
    PracticesImported,
    PracticeView,
    faults,
)
from canopee_kit.clock import Clock

_SHOWN = 100
_MOST_CONSENTS = 1_000
_FAULTS = 5


class Practices:
    """What is known of practices."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def take(self, body: bytes, *, by: str) -> PracticesImported:
        """Take an import over, given as the bytes of a `PracticesImport`: in a thread, it may be long.

        Raises:
            MalformedError: the bytes are no such message.
            InvalidError: as `take_in`.
        """
        wanted = await asyncio.to_thread(_read, body)
        return await self.take_in(wanted, by=by)

    async def take_in(self, wanted: PracticesImport, *, by: str) -> PracticesImported:
        """Create and change practices as a list says; doing it again changes nothing.

        Raises:
            InvalidError: too many, or some that are not acceptable; nothing of the list is taken then.
        """
        found = await asyncio.to_thread(lambda: list(islice(faults(wanted.practices), _FAULTS)))
        if len(wanted.practices) > MAX_PRACTICES:
            raise InvalidError("practices.too_many", f"at most {MAX_PRACTICES} practices", at="$.practices")
        if found:
            said = "; ".join(f"practices[{one.place}].{one.field}: {one.message}" for one in found)
            at = f"$.practices[{found[0].place}].{found[0].field}"
            raise InvalidError("practices.invalid", f"nothing was taken: {said}", at=at)
        if not wanted.practices and wanted.deactivate_missing:
            raise InvalidError(
                "practices.empty", "an empty list would deactivate every practice: name those that stay"
            )
        now, deactivated = self._clock.now(), 0
        async with self._database.transaction() as tx:
            await sql.take_in(tx, wanted.practices)
            counts, missing = await sql.compare(tx), await sql.missing_ids(tx, _SHOWN)
            if wanted.deactivate_missing and not wanted.dry_run:
                deactivated = await sql.deactivate_missing(tx, now)
            if not wanted.dry_run and counts.created + counts.changed:
                await sql.merge(tx, now)
            if counts.created + counts.changed + deactivated and not wanted.dry_run:
                changed = msgspec.structs.asdict(counts)
                await note(tx, now, by, "practices.import", "", **changed, deactivated=deactivated)
        return PracticesImported(
            created=counts.created, changed=counts.changed, unchanged=counts.unchanged, missing=counts.missing,
            missing_ids=missing, deactivated=deactivated, dry_run=wanted.dry_run,
        )  # fmt: skip

    async def list(self, *, search: str, after: str, limit: int) -> list[PracticeView]:
        """Practices by id; `search`: part of the id, the name or the city."""
        async with self._database.transaction() as tx:
            rows = await sql.list_practices(tx, search=search, after=after, limit=limit)
        return [_view(row) for row in rows]

    async def get(self, practice_id: str) -> PracticeView:
        """One practice; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            row = await sql.get_practice(tx, practice_id)
        if row is None:
            raise NotFoundError("practice.unknown", f"there is no practice {practice_id[:64]}")
        return _view(row)

    async def set_consent(self, wanted: PracticeConsent, *, by: str) -> PracticeConsent:
        """Decide what users of these practices' PCs are asked before log files leave them: all of them, or none.

        Raises:
            InvalidError: no practice, or too many.
            NotFoundError: one is not known.
        """
        ids = list(dict.fromkeys(wanted.practices))
        if not 1 <= len(ids) <= _MOST_CONSENTS:
            raise InvalidError("practices.count", f"1 to {_MOST_CONSENTS} practices", at="$.practices")
        now = self._clock.now()
        async with self._database.transaction() as tx:
            known = await sql.set_consent(tx, ids, wanted.consent, now=now)
            if unknown := [one for one in ids if one not in known]:
                raise NotFoundError(
                    "practice.unknown", f"there is no practice {unknown[0][:64]}: nothing was changed"
                )
            await note(tx, now, by, "practices.consent", "", practices=ids, consent=wanted.consent)
        return PracticeConsent(ids, wanted.consent)


def _read(body: bytes) -> PracticesImport:
    return decode(body, PracticesImport, max_bytes=MAX_IMPORT_BYTES)


def _view(row: sql.PracticeRow) -> PracticeView:
    fields = msgspec.structs.asdict(row)
    state = "active" if fields.pop("is_active") else "inactive"
    return PracticeView(**fields, state=state)
