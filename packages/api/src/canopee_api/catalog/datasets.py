"""The datasets that records are validated against, in memory and in the database."""

import re

import msgspec

from canopee_api.audit.chain import note
from canopee_api.errors import ConflictError, InvalidError
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Database
from canopee_api.postgres.records import DatasetRow, list_datasets, lock_datasets, upsert_dataset
from canopee_contract.dataset import Dataset, Field
from canopee_contract.people import CatalogApplied
from canopee_contract.records import GAP_DATASET
from canopee_contract.shape import Shape
from canopee_kit.clock import Clock

GAP = Dataset(
    name=GAP_DATASET,
    version=1,
    title="Records that an agent had to drop",
    purpose="Shows every loss: a spool that was full, or set aside because it could not be read.",
    retention_days=400,
    fields=(
        Field("stream", "keyword", "Sequence whose records were dropped.", required=True),
        Field("dropped", "integer", "How many records were dropped.", required=True),
        Field("first_seq", "integer", "Lowest sequence number dropped.", required=True),
        Field("last_seq", "integer", "Highest sequence number dropped.", required=True),
        Field("reason", "keyword", "Why.", required=True),
    ),
)
"""The one dataset that no catalog declares: every agent may send it."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LARGEST, _LONGEST_DAYS = 2**31 - 1, 36_500
_MOST_FIELDS = 500


class Datasets:
    """Every dataset version that is accepted."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._known = {(GAP.name, GAP.version): Shape(GAP)}

    def shape(self, name: str, version: int) -> Shape | None:
        """The shape of a dataset version, if it is known."""
        return self._known.get((name, version))

    def list(self) -> list[Dataset]:
        return [shape.dataset for _, shape in sorted(self._known.items())]

    async def reload(self) -> None:
        """Read them from the database."""
        async with self._database.transaction() as tx:
            rows = await list_datasets(tx)
        found = [GAP, *(msgspec.convert(row.definition, Dataset) for row in rows)]
        self._known = {(one.name, one.version): self._shape_of(one) for one in found}

    def _shape_of(self, dataset: Dataset) -> Shape:
        held = self._known.get((dataset.name, dataset.version))
        return held if held is not None and held.dataset == dataset else Shape(dataset)

    async def apply(self, dataset: Dataset, *, by: str) -> CatalogApplied:
        """Store a dataset version, in force at once here and within seconds elsewhere.

        Raises:
            InvalidError: a name, a number or a field that no dataset can have.
            ConflictError: it would change or take away a field of a version in use, or another owner has it.
        """
        _check(dataset)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await lock_datasets(tx)
            rows = {(row.name, row.version): row for row in await list_datasets(tx)}
            held = rows.get((dataset.name, dataset.version))
            before = msgspec.convert(held.definition, Dataset) if held else None
            if before == dataset:
                return CatalogApplied(dataset.name, dataset.version, "unchanged")
            _check_change(before, dataset)
            row = DatasetRow(dataset.name, dataset.version, msgspec.to_builtins(dataset))
            await upsert_dataset(tx, row, managed_by=dataset.managed_by, now=now)
            await announce(tx, "catalog")
            await note(tx, now, by, "dataset.apply", f"{dataset.name}@{dataset.version}")
        await self.reload()
        return CatalogApplied(dataset.name, dataset.version, "updated" if held else "created")


def _check(dataset: Dataset) -> None:
    """What PostgreSQL or `Shape` could not hold: once stored, it would stop every process."""
    if not _NAME.fullmatch(dataset.name):
        raise InvalidError("dataset.name", "a name has 1 to 64 of a-z, 0-9 and _, a letter first", at="$.name")
    if not 1 <= dataset.version <= _LARGEST:
        raise InvalidError("dataset.version", f"a version is 1 to {_LARGEST}", at="$.version")
    if not 1 <= dataset.retention_days <= _LONGEST_DAYS:
        raise InvalidError("dataset.retention", f"1 to {_LONGEST_DAYS} days", at="$.retention_days")
    if _count(dataset.fields) > _MOST_FIELDS:
        raise InvalidError("dataset.fields", f"at most {_MOST_FIELDS} fields in all", at="$.fields")


def _count(fields: tuple[Field, ...]) -> int:
    return len(fields) + sum(_count(field.items) for field in fields)


def _check_change(before: Dataset | None, after: Dataset) -> None:
    if after.name == GAP.name:
        raise ConflictError("dataset.reserved", f"{GAP.name} belongs to Canopée: choose another name", at="$.name")
    if before is None:
        return
    if before.managed_by != after.managed_by:
        raise ConflictError("dataset.owner", f"{before.name} is managed by {before.managed_by}: change it there")
    fault = _first_change(before.fields, after.fields, "$.fields")
    if fault:
        raise ConflictError("dataset.incompatible", f"{fault}: fields are only added; raise the version", at=fault)


def _first_change(before: tuple[Field, ...], after: tuple[Field, ...], at: str) -> str:
    """Where a field was taken away, became required or another type; empty when nothing such."""
    now = {field.name: field for field in after}
    for field in before:
        kept = now.pop(field.name, None)
        place = f"{at}.{field.name}"
        if kept is None or kept.type != field.type or (kept.required and not field.required):
            return place
        if fault := _first_change(field.items, kept.items, place):
            return fault
    added = next((name for name, field in now.items() if field.required), None)
    return f"{at}.{added}" if added else ""
