"""What a dataset may be, and how a version in use may change: every fault, each at its place."""

import re
from collections.abc import Iterator

from canopee_contract.dataset import Dataset, Field

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LARGEST, _LONGEST_DAYS = 2**31 - 1, 36_500
_MOST_FIELDS = 500


def unusable(dataset: Dataset) -> Iterator[tuple[str, str, str]]:
    """Code, message and place of what PostgreSQL or `Shape` could not hold: stored, it would stop every process."""
    if not _NAME.fullmatch(dataset.name):
        yield "dataset.name", "a name has 1 to 64 of a-z, 0-9 and _, a letter first", "$.name"
    if not 1 <= dataset.version <= _LARGEST:
        yield "dataset.version", f"a version is 1 to {_LARGEST}", "$.version"
    if not 1 <= dataset.retention_days <= _LONGEST_DAYS:
        yield "dataset.retention", f"1 to {_LONGEST_DAYS} days", "$.retention_days"
    if _count(dataset.fields) > _MOST_FIELDS:
        yield "dataset.fields", f"at most {_MOST_FIELDS} fields in all", "$.fields"


def incompatible(before: tuple[Field, ...], after: tuple[Field, ...], at: str = "$.fields") -> Iterator[str]:
    """Every field that was taken away, became required or another type, and every new one that is required."""
    now = {field.name: field for field in after}
    for field in before:
        kept = now.pop(field.name, None)
        place = f"{at}.{field.name}"
        if kept is None or kept.type != field.type or (kept.required and not field.required):
            yield place
        else:
            yield from incompatible(field.items, kept.items, place)
    yield from (f"{at}.{name}" for name, field in now.items() if field.required)


def _count(fields: tuple[Field, ...]) -> int:
    return len(fields) + sum(_count(field.items) for field in fields)
