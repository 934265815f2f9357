"""The datasets that records are validated against, in memory and in the database."""

import msgspec

from canopee_api.audit.chain import note
from canopee_api.catalog.dataset_rules import incompatible, unusable
from canopee_api.errors import ConflictError, InvalidError
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Database
from canopee_api.postgres.records import DatasetRow, list_datasets, lock_datasets, upsert_dataset
from canopee_contract.catalog import CatalogApplied
from canopee_contract.dataset import Dataset, Field
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
    for code, message, at in unusable(dataset):
        raise InvalidError(code, message, at=at)


def _check_change(before: Dataset | None, after: Dataset) -> None:
    if after.name == GAP.name:
        raise ConflictError("dataset.reserved", f"{GAP.name} belongs to Canopée: choose another name", at="$.name")
    if before is None:
        return
    if before.managed_by != after.managed_by:
        raise ConflictError("dataset.owner", f"{before.name} is managed by {before.managed_by}: change it there")
    if faults := list(incompatible(before.fields, after.fields)):
        message = f"{', '.join(faults[:10])}: fields are only added; raise the version"
        raise ConflictError("dataset.incompatible", message, at=faults[0])
