"""`datasets/*.yaml`: declared shapes of records, in force as soon as they are applied."""

from collections.abc import Iterator
from typing import Any, ClassVar, cast

import msgspec

from canopee_api.catalog.dataset_rules import incompatible, unusable
from canopee_api.catalog.datasets import GAP
from canopee_api.catalog.kind import Author, CatalogKind, Held, Wanted, hash_of, in_folder
from canopee_api.catalog.schemas import dataset_schema
from canopee_api.catalog.shape_faults import shape_faults
from canopee_api.catalog.yaml_text import Path, read_yaml
from canopee_api.postgres import catalog as sql
from canopee_api.postgres.database import Connection
from canopee_api.postgres.records import DatasetRow, list_datasets, lock_datasets, upsert_dataset
from canopee_contract.catalog import Fault
from canopee_contract.codec import encode
from canopee_contract.dataset import Dataset


class Datasets(CatalogKind):
    """One version of a dataset a file."""

    name: ClassVar[str] = "dataset"

    def claims(self, path: str) -> bool:
        return in_folder(path, "datasets")

    def read(self, path: str, source: str) -> Wanted:
        text = read_yaml(source)
        faults = [*text.faults, *shape_faults(text, dataset_schema())]
        identity, version, data = "", 0, text.document or {}
        if not faults:
            try:
                dataset = msgspec.convert(data, Dataset)
            except msgspec.ValidationError as error:
                faults.append(text.fault(("fields",), "dataset.field", str(error), reason=str(error)))
            else:
                identity, version = f"{dataset.name}@{dataset.version}", dataset.version
                data = _builtins(dataset)
                faults += [text.fault((at[2:],), code, message) for code, message, at in unusable(dataset)]
                if dataset.name == GAP.name:
                    faults.append(text.fault(("name",), "dataset.reserved", f"{GAP.name} belongs to Canopée"))
        return Wanted(
            kind=self.name, id=identity, path=path, data=data, sha256=_hash(data), version=version, text=text,
            source=source, faults=tuple(faults),
        )  # fmt: skip

    async def held(self, tx: Connection) -> list[Held]:
        rows = [msgspec.convert(row.definition, Dataset) for row in await list_datasets(tx)]
        return [
            Held(
                kind=self.name, id=f"{one.name}@{one.version}", data=_builtins(one), sha256=_hash(_builtins(one)),
                version=one.version, owner=one.managed_by, state="published",
            )
            for one in rows
        ]  # fmt: skip

    def refusals(self, held: Held, wanted: Wanted) -> Iterator[Fault]:
        before, after = msgspec.convert(held.data, Dataset), msgspec.convert(wanted.data, Dataset)
        for place in incompatible(before.fields, after.fields):
            message = f"{place}: fields are only added to a version in use; raise the version"
            yield wanted.text.fault(_path_of(wanted.data, place), "dataset.incompatible", message, field=place[2:])

    async def put(self, tx: Connection, wanted: Wanted, author: Author) -> None:
        await lock_datasets(tx)
        dataset = msgspec.structs.replace(msgspec.convert(wanted.data, Dataset), managed_by=author.owner or "git")
        row = DatasetRow(dataset.name, dataset.version, msgspec.to_builtins(dataset))
        await upsert_dataset(tx, row, managed_by=dataset.managed_by, now=author.now)

    async def drop(self, tx: Connection, held: Held) -> None:
        await sql.drop_dataset(tx, held.id.partition("@")[0], held.version)

    async def why_kept(self, tx: Connection, held: Held) -> str:
        has_some = await sql.has_records(tx, held.id.partition("@")[0], held.version)
        return "records of it are still held" if has_some else ""


def _builtins(dataset: Dataset) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.json.decode(encode(dataset))
    return data


def _hash(data: dict[str, Any]) -> str:
    """Who manages it is no part of what it is."""
    return hash_of({name: value for name, value in data.items() if name != "managed_by"})


def _path_of(data: dict[str, Any], place: str) -> Path:
    """`$.fields.size.unit` → where that field, or the last one that is still there, is declared."""
    path: Path = ()
    inside: Any = data.get("fields")
    key = "fields"
    for name in place.split(".")[2:]:
        fields = cast("list[dict[str, Any]]", inside) if isinstance(inside, list) else []
        number = next((number for number, field in enumerate(fields) if field.get("name") == name), None)
        if number is None:
            break
        path = (*path, key, number)
        inside, key = fields[number].get("items"), "items"
    return path or ("fields",)
