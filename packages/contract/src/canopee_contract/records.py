"""Records on their way in: batches, the high-water mark and one verdict a record."""

import msgspec

from canopee_contract.instant import Instant
from canopee_contract.numbers import Int64

MAX_RECORDS = 500
GAP_DATASET = "gap"
"""Dataset of the record that says how many records a full spool had to drop."""


class Record(msgspec.Struct, omit_defaults=True, gc=False):
    """One JSON document of a dataset."""

    seq: Int64
    """Strictly increasing within device, generation and stream."""
    dataset: str
    version: Int64
    """Of the dataset."""
    at: Instant
    """When it was observed, on the device's clock."""
    body: msgspec.Raw
    order_id: str = ""
    """The run that made it."""


class RecordBatch(msgspec.Struct, gc=False):
    """`POST /agent/v1/records`: at most 500 records, 1 MiB after decompression."""

    stream: str
    """Independent sequence of one device, such as `main`."""
    records: tuple[Record, ...]


class RecordsReply(msgspec.Struct, gc=False):
    """Sent after the commit."""

    mark: int
    """Everything of this stream up to this sequence number is stored, or was refused for good."""
    verdicts: tuple[str, ...]
    """One a record, in their order: `accepted`, `duplicate` or `rejected:<code>`."""
