"""Every place where a document is not of its schema, in words that say what to change."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from canopee_api.catalog.yaml_text import Path, YamlText
from canopee_contract.catalog import Fault
from canopee_contract.codec import encode

_SHOWN = 80
_BOUNDS = {
    "minimum": "{value} or more is expected", "maximum": "at most {value} is expected",
    "exclusiveMinimum": "more than {value} is expected", "exclusiveMaximum": "less than {value} is expected",
    "minItems": "at least {value} items are expected", "maxItems": "at most {value} items are expected",
    "minLength": "at least {value} characters are expected", "maxLength": "at most {value} characters are expected",
    "pattern": "a text that matches {value} is expected", "minProperties": "at least {value} keys are expected",
    "maxProperties": "exactly {value} key is expected",
}  # fmt: skip


def shape_faults(text: YamlText, schema: dict[str, Any], *, skipped: Collection[str] = ()) -> Iterator[Fault]:
    """Every fault of the document; what is under a key of `skipped` is judged elsewhere."""
    if text.document is None:
        return
    errors: Iterator[Any] = Draft202012Validator(schema).iter_errors(text.document)  # pyright: ignore[reportUnknownMemberType]  partly typed
    for error in errors:
        yield from _faults(text, error, skipped)


def _faults(text: YamlText, error: ValidationError, skipped: Collection[str]) -> Iterator[Fault]:
    path: Path = tuple(error.absolute_path)
    if any(part in skipped for part in path):
        return
    if error.validator == "anyOf":
        for inner in _chosen(error):
            yield from _faults(text, inner, skipped)
    elif error.validator == "additionalProperties":
        yield from _unknown_keys(text, error, path)
    elif error.validator == "required":
        required: Any = error.validator_value
        name = next((str(one) for one in required if repr(one) in error.message), "?")
        yield text.fault(path, "schema.missing_key", f"the key {name} is missing", key=True, key_name=name)
    else:
        yield _of_value(text, error, path)


def _chosen(error: ValidationError) -> list[ValidationError]:
    """Of several shapes, the one that was meant: the deepest, and a reference only for what looks like one."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    instance: Any = error.instance
    is_reference = isinstance(instance, dict) and any(
        str(key).startswith("$") for key in cast("dict[str, Any]", instance)
    )
    branch = max(branches, key=lambda number: number) if is_reference else min(branches)
    return branches[branch]


def _unknown_keys(text: YamlText, error: ValidationError, path: Path) -> Iterator[Fault]:
    schema: Any = error.schema
    instance: Any = error.instance
    known: list[str] = list(schema.get("properties", ()))
    for name in cast("dict[str, Any]", instance):
        if name in known:
            continue
        near = next(iter(get_close_matches(name, known, 1)), "")
        advice = f"did you mean {near}?" if near else f"known here: {', '.join(known) or 'none'}"
        message = f"unknown key {name[:_SHOWN]!r}: {advice}"
        yield text.fault(
            (*path, name), "schema.unknown_key", message, key=True, key_name=name[:_SHOWN], near=near,
            known=", ".join(known),
        )  # fmt: skip


def _of_value(text: YamlText, error: ValidationError, path: Path) -> Fault:
    expected: Any = error.validator_value
    found = encode(error.instance).decode()[:_SHOWN]
    if error.validator == "type":
        kinds = cast("list[str]", expected if isinstance(expected, list) else [expected])
        kind = " or ".join(kinds)
        return text.fault(path, "schema.type", f"{kind} is expected", expected=kind, found=found)
    if error.validator in {"enum", "const"}:
        listed = cast("list[Any]", expected if error.validator == "enum" else [expected])
        choices = [str(one) for one in listed]
        near = next(iter(get_close_matches(str(error.instance), choices, 1)), "")
        advice = f"did you mean {near}?" if near and near != found else f"one of {', '.join(choices)}"
        return text.fault(
            path, "schema.value", f"{found} is not accepted here: {advice}", found=found, near=near,
            choices=", ".join(choices),
        )  # fmt: skip
    said = _BOUNDS.get(str(error.validator), "{value} is not kept").format(value=expected)
    return text.fault(path, "schema.bound", said, rule=error.validator, value=expected, found=found)
