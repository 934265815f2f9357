"""Dataset definitions: the declared shape of records, from which everything else is derived.

`catalog/datasets/<name>.yaml`. Fields are only added; a change of type or name is a new dataset version.
"""

import re
from collections import Counter
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

FieldType: TypeAlias = Literal[
    "text", "keyword", "integer", "number", "boolean", "instant", "version", "object", "list"
]
PersonalData: TypeAlias = Literal["none", "technical", "identifying", "health"]


MAX_NESTING = 8
"""Deepest nesting of objects and lists in a declaration."""
_NAME = re.compile(r'[^\x00-\x1f\x7f"\\\ud800-\udfff]{1,100}')


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One field of a dataset."""

    name: str
    type: FieldType
    sentence: str
    """What it says, in one sentence."""
    unit: str = ""
    """UCUM symbol, such as `By` (byte), `s`, `%`."""
    ecs: str = ""
    """Name in the Elastic Common Schema."""
    personal: PersonalData = "none"
    required: bool = False
    items: "tuple[Field, ...]" = ()
    """Fields of an object, or of each object of a list; empty for a list of texts."""


class Dataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A declared shape of records."""

    name: str
    version: int
    title: str
    purpose: str
    """Why it is collected: goes to the GDPR register."""
    retention_days: int
    fields: tuple[Field, ...]
    analysis: bool = False
    """Whether it goes to the analytics engines."""
    managed_by: Literal["git", "ihm"] = "git"

    def __post_init__(self) -> None:
        """Raises `ValueError`, which msgspec makes a refusal: fields that no reader could hold or tell apart."""
        _check_fields(self.fields, "fields", MAX_NESTING)


def _check_fields(fields: tuple[Field, ...], at: str, depth: int) -> None:
    if not depth and fields:
        raise ValueError(f"{at}: nested deeper than {MAX_NESTING}")
    times = Counter(field.name for field in fields)
    for field in fields:
        place = f"{at}.{field.name[:80]}"
        if not _NAME.fullmatch(field.name):
            raise ValueError(
                f"{place!r}: a name is 1 to 100 characters, none of them a quote, a backslash or a control"
            )
        if times[field.name] > 1:
            raise ValueError(f"{place}: declared twice")
        if field.items and field.type not in {"object", "list"}:
            raise ValueError(f"{place}: only an object or a list has items")
        _check_fields(field.items, place, depth - 1)


def validate(dataset: Dataset, body: object) -> str:
    """Why `body` is not a record of `dataset`, as `code: place`; empty when it is.

    Codes: `not_an_object`, `missing_field`, `unknown_field`, `wrong_type`.
    """
    return _object(dataset.fields, body, "$")


def _object(fields: tuple[Field, ...], body: object, at: str) -> str:
    if not isinstance(body, dict):
        return f"not_an_object: {at}"
    document: dict[str, Any] = body  # pyright: ignore[reportUnknownVariableType]
    known = {field.name: field for field in fields}
    if unknown := next((name for name in document if name not in known), None):
        return f"unknown_field: {at}.{unknown[:80]}"
    for name, field in known.items():
        value = document.get(name)
        if value is None:
            if field.required:
                return f"missing_field: {at}.{name}"
        elif fault := _value(field, value, f"{at}.{name}"):
            return fault
    return ""


def _value(field: Field, value: object, at: str) -> str:
    if field.type == "object":
        return _object(field.items, value, at)
    if field.type == "list":
        return _list(field, value, at)
    return "" if _is_of(field.type, value) else f"wrong_type: {at} is not {field.type}"


def _list(field: Field, value: object, at: str) -> str:
    if not isinstance(value, list):
        return f"wrong_type: {at} is not a list"
    items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    for number, item in enumerate(items):
        place = f"{at}[{number}]"
        if field.items:
            if fault := _object(field.items, item, place):
                return fault
        elif not isinstance(item, str):
            return f"wrong_type: {place} is not text"
    return ""


def _is_of(kind: FieldType, value: object) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int)
    if kind == "number":
        return isinstance(value, int | float)
    if kind == "boolean":
        return False
    return isinstance(value, str) and (kind != "instant" or is_instant(value))


def is_instant(text: str) -> bool:
    """Whether `text` is an instant of ISO 8601 with its offset from UTC."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
