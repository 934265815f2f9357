"""What the storage holds: `GET /v1/storage`."""

from datetime import date

import msgspec


class DayVolume(msgspec.Struct):
    """Records received on one day, in UTC."""

    day: date
    rows: int
    bytes: int


class DatasetVolume(msgspec.Struct):
    """The records of one dataset version that are kept now; `id` is `name@version`."""

    id: str
    dataset: str
    version: int
    rows: int
    bytes: int
    """As stored, with what the row and its indexes take."""
    oldest: date
    retention_days: int
    rows_per_day: float
    """Mean of the last seven whole days."""
    bytes_per_day: int
    days: list[DayVolume] = []
    """The last two weeks."""


class TableVolume(msgspec.Struct):
    """A table of the database with its indexes."""

    name: str
    rows: int
    """PostgreSQL's estimate."""
    bytes: int
    retention_days: int | None = None
    """`None`: kept for good, or by dataset."""


class ReaderLag(msgspec.Struct):
    """A reader of committed records, such as a sink."""

    name: str
    rows: int
    """Behind it; counted to 100 000."""
    seconds: float
    """Since its next record came."""


class OpenTransaction(msgspec.Struct):
    """The oldest transaction that writes: no reader passes it."""

    pid: int
    application: str
    state: str
    seconds: float


class Volumes(msgspec.Struct):
    """Sizes, growth and retention."""

    bytes: int
    """Of the whole database."""
    months: list[str]
    """Partitions of records: `2026-11`."""
    datasets: list[DatasetVolume]
    tables: list[TableVolume]
    readers: list[ReaderLag]
    held_by: OpenTransaction | None = None
