"""Reading a batch of records: what is as our own agents write it is checked once, the rest with care.

The careful way looks at every byte, and says why a record is refused; the quick one only recognises what needs no care.
"""

import msgspec

from canopee_api.catalog.datasets import Datasets
from canopee_api.errors import InvalidError
from canopee_contract.codec import ESCAPED_NUL, encode, inspect
from canopee_contract.dataset import validate
from canopee_contract.errors import MalformedError
from canopee_contract.records import MAX_RECORDS, Record, RecordBatch
from canopee_kit.ids import is_id

_LONGEST_NAME = 64
_EARLIEST_YEAR, _LATEST_YEAR = 1970, 9000
_decoder = msgspec.json.Decoder(RecordBatch)


class Reading(msgspec.Struct, frozen=True):
    """A batch, and what is wrong with its records."""

    stream: str
    records: tuple[Record, ...]
    faults: tuple[str, ...]
    """One a record, as `code: place`: why it is refused; empty when it is acceptable."""


def read_batch(raw: bytes, datasets: Datasets) -> Reading:
    """The batch in `raw`.

    Raises:
        MalformedError: not a message, or one of its records is not JSON that everybody reads the same way.
        InvalidError: no stream, no records, or their sequence numbers do not increase.
    """
    batch, is_sure = _decoded(raw)
    _check(batch)
    faults: list[str] = []
    for record in batch.records:
        shape = datasets.shape(record.dataset, record.version)
        if shape is not None and shape.accepts(bytes(record.body)):
            faults.append(_envelope_fault(record))
            continue
        if not is_sure:
            inspect(raw)
            is_sure = True
        if shape is None:
            faults.append("unknown_dataset: no such dataset and version is in the catalog")
        else:
            faults.append(_envelope_fault(record) or validate(shape.dataset, msgspec.json.decode(record.body)))
    return Reading(batch.stream, batch.records, tuple(faults))


def _decoded(raw: bytes) -> tuple[RecordBatch, bool]:
    """The batch, and whether all of its bytes were inspected; if not, those around the bodies need not be."""
    try:
        batch = _decoder.decode(raw)
        if encode(batch) == raw and ESCAPED_NUL not in raw:
            return batch, False
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # said below, by its reason
    inspect(raw)
    try:
        return _decoder.decode(raw), True
    except msgspec.DecodeError as error:
        raise MalformedError(str(error), code="bad_shape") from error


def _check(batch: RecordBatch) -> None:
    if not 1 <= len(batch.records) <= MAX_RECORDS:
        raise InvalidError("records.count", f"1 to {MAX_RECORDS} records a batch", at="$.records")
    if not 1 <= len(batch.stream) <= _LONGEST_NAME or not batch.stream.isprintable():
        raise InvalidError(
            "records.stream", f"a stream has 1 to {_LONGEST_NAME} printable characters", at="$.stream"
        )
    last = 0
    for number, record in enumerate(batch.records):
        if record.seq <= last:
            raise InvalidError(
                "records.sequence", "sequence numbers increase from 1", at=f"$.records[{number}].seq"
            )
        last = record.seq
        if len(record.dataset) > _LONGEST_NAME or not 0 <= record.version < 2**31:
            raise InvalidError("records.dataset", "not a dataset and version", at=f"$.records[{number}].dataset")


def _envelope_fault(record: Record) -> str:
    if record.order_id and not is_id(record.order_id):
        return "order_id: not the id of an order"
    if record.at.tzinfo is None or not _EARLIEST_YEAR <= record.at.year <= _LATEST_YEAR:
        return "at: not an instant with an offset from UTC"
    return ""
