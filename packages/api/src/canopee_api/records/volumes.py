"""What the storage holds, for people: sizes, growth, how long things are kept, how far the readers are."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from canopee_api.postgres.database import Database
from canopee_api.postgres.partitions import list_partitions
from canopee_api.postgres.positions import Holder, Lag, lags, oldest_holder
from canopee_api.postgres.storage import Day, database_bytes, list_days, list_tables
from canopee_api.records.storage import Storage
from canopee_contract.storage import DatasetVolume, DayVolume, OpenTransaction, ReaderLag, TableVolume, Volumes
from canopee_kit.clock import Clock

_SHOWN = 14
_MEAN = 7


class Following(msgspec.Struct, frozen=True):
    """How far the readers of records are, and the open transaction that holds them back, if any."""

    readers: list[ReaderLag]
    holder: OpenTransaction | None


async def following(database: Database, clock: Clock) -> Following:
    """How far every reader is behind."""
    async with database.transaction() as tx:
        behind, holder = await lags(tx), await oldest_holder(tx)
    return Following([_reader(lag, clock) for lag in behind], _holder(holder))


async def volumes(database: Database, storage: Storage, clock: Clock) -> Volumes:
    """Everything, as `GET /v1/storage` shows it."""
    async with database.transaction() as tx:
        days, tables = await list_days(tx), await list_tables(tx)
        size, months = await database_bytes(tx), await list_partitions(tx)
    kept = {one.table: one.days for one in storage.tables}
    kept |= {"orders": storage.keep.orders, "runs": storage.keep.orders}
    found = await following(database, clock)
    return Volumes(
        bytes=size,
        months=[f"{month.first:%Y-%m}" for month in months],
        datasets=_datasets(days, storage, clock.now().date()),
        tables=[TableVolume(one.name, one.rows, one.bytes, kept.get(one.name)) for one in tables],
        readers=found.readers,
        held_by=found.holder,
    )


def _datasets(days: Sequence[Day], storage: Storage, today: date) -> list[DatasetVolume]:
    by_dataset: dict[tuple[str, int], list[Day]] = {}
    for day in days:
        by_dataset.setdefault((day.dataset, day.version), []).append(day)
    return [_dataset(held, storage, today) for _, held in sorted(by_dataset.items())]


def _dataset(held: Sequence[Day], storage: Storage, today: date) -> DatasetVolume:
    name, version, oldest = held[0].dataset, held[0].version, held[0].day
    week = [day for day in held if timedelta() < today - day.day <= timedelta(days=_MEAN)] or held[-1:]
    length = max(1, min(_MEAN, (today - oldest).days))
    return DatasetVolume(
        id=f"{name}@{version}", dataset=name, version=version,
        rows=sum(day.rows for day in held), bytes=sum(day.bytes for day in held),
        oldest=oldest, retention_days=storage.retention_days(name, version),
        rows_per_day=round(sum(day.rows for day in week) / length, 1),
        bytes_per_day=round(sum(day.bytes for day in week) / length),
        days=[DayVolume(day.day, day.rows, day.bytes) for day in held if (today - day.day).days < _SHOWN],
    )  # fmt: skip


def _reader(lag: Lag, clock: Clock) -> ReaderLag:
    age = (clock.now() - lag.oldest_at).total_seconds() if lag.oldest_at else 0.0
    return ReaderLag(lag.name, lag.rows, round(max(0.0, age), 1))


def _holder(holder: Holder | None) -> OpenTransaction | None:
    if holder is None:
        return None
    return OpenTransaction(holder.pid, holder.application, holder.state, round(holder.seconds, 1))
