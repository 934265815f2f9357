"""Parameters of a pipeline: the small part of JSON Schema that a signed pipeline may use, and its check.

A schema maps each parameter to `{"type": "string" | "integer" | "number" | "boolean", …}` with, where they make
sense, `enum`, `minimum`, `maximum`, `pattern` (anchored, see `pattern.py`), `maxLength`, `default` and
`description`. A string must be bounded by `enum` or by `pattern`: there is no free text, path, URL or command.
One that begins as an option of a program does (`-` or `/`) must be a value of its `enum`, whatever its pattern says.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from canopee_contract.codec import INTEGER_MAX, INTEGER_MIN
from canopee_contract.condition import Scalar
from canopee_contract.errors import PatternError, SchemaError
from canopee_contract.pattern import compile_pattern, matches

Parameters: TypeAlias = Mapping[str, Scalar]
MAX_TEXT = 1_000
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


class ParameterSchema(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"max_length": "maxLength"},
):
    """What one parameter may be."""

    type: Literal["string", "integer", "number", "boolean"]
    description: str = ""
    enum: tuple[Scalar, ...] | None = None
    minimum: float | int | None = None
    maximum: float | int | None = None
    pattern: str | None = None
    max_length: int = MAX_TEXT
    default: Scalar | None = None


ParametersSchema: TypeAlias = dict[str, ParameterSchema]


def check_schema(schema: ParametersSchema) -> None:
    """Refuse a schema that would let free text through.

    Raises:
        SchemaError: the message names the parameter.
    """
    for name, parameter in schema.items():
        if parameter.type == "string" and parameter.enum is None and parameter.pattern is None:
            raise SchemaError(f"{name}: a string needs an enum or a pattern", code="parameters.unbounded")
        if parameter.pattern is not None:
            try:
                compile_pattern(parameter.pattern)
            except PatternError as error:
                raise SchemaError(f"{name}: {error.message}") from error
        for choice in parameter.enum or ():
            _check(name, parameter, choice)
        if parameter.enum == ():
            raise SchemaError(f"{name}: an empty enum lets no value through")
        if parameter.default is not None:
            _check(name, parameter, parameter.default)


def check_parameters(schema: ParametersSchema, given: Mapping[str, Any]) -> dict[str, Scalar]:
    """The parameters to use: those given, once checked, and the defaults of the others.

    Raises:
        SchemaError: a parameter is unknown, missing, or outside its schema.
    """
    if unknown := sorted(set(given) - set(schema)):
        raise SchemaError(f"unknown parameter: {', '.join(unknown)}", code="parameters.unknown")
    values: dict[str, Scalar] = {}
    for name, parameter in schema.items():
        value = given.get(name, parameter.default)
        if value is None:
            raise SchemaError(f"{name}: a value is required", code="parameters.missing")
        values[name] = _check(name, parameter, value)
    return values


def _check(name: str, parameter: ParameterSchema, value: object) -> Scalar:
    is_boolean = parameter.type == "boolean"
    if not isinstance(value, _TYPES[parameter.type]) or isinstance(value, bool) != is_boolean:
        raise SchemaError(f"{name}: expected {parameter.type}, found {type(value).__name__}")
    scalar: Scalar = value  # pyright: ignore[reportAssignmentType]  one of _TYPES
    if parameter.enum is not None and not any(_is_exactly(scalar, choice) for choice in parameter.enum):
        raise SchemaError(f"{name}: {scalar!r} is not one of the values allowed")
    if isinstance(scalar, str):
        _check_text(name, parameter, scalar)
    else:
        _check_range(name, parameter, scalar)
    return scalar


def _is_exactly(value: Scalar, choice: Scalar) -> bool:
    """Stricter than a condition: integers that share a double are told apart; 1 and 1.0 are the same."""
    return isinstance(value, str | bool) is isinstance(choice, str | bool) and value == choice


def _check_text(name: str, parameter: ParameterSchema, text: str) -> None:
    if len(text) > min(parameter.max_length, MAX_TEXT):
        raise SchemaError(f"{name}: longer than {parameter.max_length} characters")
    _refuse_option(name, parameter, text)
    if parameter.pattern is not None and not matches(parameter.pattern, text):
        raise SchemaError(f"{name}: does not match {parameter.pattern}")


def _refuse_option(name: str, parameter: ParameterSchema, text: str) -> None:
    if text.startswith(("-", "/")) and parameter.enum is None:
        raise SchemaError(f"{name}: what begins with - or / may be taken for an option: list it in an enum")


def _check_range(name: str, parameter: ParameterSchema, number: float) -> None:
    if isinstance(number, float) and not math.isfinite(number):
        raise SchemaError(f"{name}: not a finite number")
    if isinstance(number, int) and not INTEGER_MIN <= number <= INTEGER_MAX:
        raise SchemaError(f"{name}: an integer does not fit in 64 bits")
    if parameter.minimum is not None and number < parameter.minimum:
        raise SchemaError(f"{name}: less than {parameter.minimum}")
    if parameter.maximum is not None and number > parameter.maximum:
        raise SchemaError(f"{name}: more than {parameter.maximum}")
