"""A dataset compiled: a record's body is read and checked in about a microsecond.

`dataset.validate` is the reference, and says why a body is refused; `Shape.accepts` only says yes when the reference
would, and when `codec.inspect` would have nothing to say of the very bytes. A yes needs no second look; a no does.
"""

from typing import Any

import msgspec

from canopee_contract.codec import ESCAPED_NUL, encode
from canopee_contract.dataset import Dataset, Field, is_instant
from canopee_contract.numbers import Int64

_DEEPEST = 16
_sorted = msgspec.json.Encoder(order="sorted")
_SIMPLE: dict[str, Any] = {
    "text": str, "keyword": str, "version": str, "instant": str, "integer": Int64, "number": Int64 | float,
    "boolean": bool,
}  # fmt: skip


class Shape:
    """The type of the bodies of one dataset version."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self._decoder = msgspec.json.Decoder(_struct(dataset.name, dataset.fields))
        self._has_instants = _holds(dataset.fields, "instant")
        self._is_shallow = _depth(dataset.fields) < _DEEPEST

    def accepts(self, body: bytes) -> bool:
        """Whether `body` is a record of the dataset as `encode` writes one, its fields in their order or sorted."""
        try:
            record = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        if encode(record) != body and _sorted.encode(record) != body:
            return False
        if ESCAPED_NUL in body or not self._is_shallow:
            return False
        return not self._has_instants or _instants_hold(self.dataset.fields, msgspec.to_builtins(record))


def _struct(name: str, fields: tuple[Field, ...]) -> type[msgspec.Struct]:
    """A struct of these fields, in their order; its attributes have names of their own: a field may have any name."""
    members: list[Any] = []
    for number, field in enumerate(fields):
        kind = _type(field)
        absent = (kind | None | msgspec.UnsetType, msgspec.UNSET)
        members.append((f"f{number}", kind) if field.required else (f"f{number}", *absent))
    names = {f"f{number}": field.name for number, field in enumerate(fields)}
    return msgspec.defstruct(name, members, rename=names, forbid_unknown_fields=True, kw_only=True, gc=False)


def _type(field: Field) -> Any:  # noqa: ANN401  a type
    if field.type == "object":
        return _struct(field.name, field.items)
    if field.type == "list":
        return list[_struct(field.name, field.items) if field.items else str]
    return _SIMPLE[field.type]


def _holds(fields: tuple[Field, ...], kind: str) -> bool:
    return any(field.type == kind or _holds(field.items, kind) for field in fields)


def _depth(fields: tuple[Field, ...]) -> int:
    return 2 + max((_depth(field.items) for field in fields), default=0)


def _instants_hold(fields: tuple[Field, ...], body: Any) -> bool:  # noqa: ANN401  any JSON value
    if isinstance(body, list):
        return all(_instants_hold(fields, item) for item in body)  # pyright: ignore[reportUnknownVariableType]
    values = {field: body.get(field.name) for field in fields}
    return all(
        is_instant(value) if field.type == "instant" else not field.items or _instants_hold(field.items, value)
        for field, value in values.items()
        if value is not None
    )
