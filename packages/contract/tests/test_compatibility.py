"""Mixed fleets: an older reader meets a newer message, a newer reader an older one, and nothing is guessed."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

import canopee_contract
from canopee_contract.codec import decode, encode
from canopee_contract.errors import MalformedError

FOLDER = Path(__file__).parents[1] / "goldens" / "v1"
GOLDENS = {path.stem: msgspec.json.decode(path.read_bytes()) for path in FOLDER.glob("*.json")}


def _kinds() -> dict[str, type[msgspec.Struct]]:
    modules = pkgutil.iter_modules(canopee_contract.__path__)
    values = [vars(importlib.import_module(f"canopee_contract.{module.name}")).items() for module in modules]
    found = [
        (name, kind) for items in values for name, kind in items if name in GOLDENS and isinstance(kind, type)
    ]
    return {name: kind for name, kind in found if issubclass(kind, msgspec.Struct)}


KINDS = _kinds()


def _fields(name: str, *, required: bool) -> list[str]:
    fields = msgspec.structs.fields(KINDS[name])
    return [field.encode_name for field in fields if field.required is required]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_field_with_a_default_may_be_missing_as_an_older_writer_leaves_it_out(name: str) -> None:
    for left_out in _fields(name, required=False):
        older = {key: value for key, value in GOLDENS[name].items() if key != left_out}
        message = decode(encode(older), KINDS[name])
        assert decode(encode(message), KINDS[name]) == message


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_field_without_default_is_asked_for_by_its_name(name: str) -> None:
    for left_out in _fields(name, required=True):
        lacking = {key: value for key, value in GOLDENS[name].items() if key != left_out}
        with pytest.raises(MalformedError, match=f"`{left_out}`"):
            decode(encode(lacking), KINDS[name])


@pytest.mark.parametrize("name", sorted(KINDS))
def test_no_message_is_read_from_a_value_of_another_shape(name: str) -> None:
    values: tuple[Any, ...] = (None, [], [GOLDENS[name]], "text", 1, True)
    for value in values:
        with pytest.raises(MalformedError) as refused:
            decode(encode(value), KINDS[name])
        assert refused.value.reason == "bad_shape"


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"DeliveredOrder", "DraftSigned", "Match", "Return"}))
def test_no_field_is_read_from_a_value_of_another_type(name: str) -> None:
    """An object is never a text, a number, a boolean or an instant: nothing is coerced."""
    wrong: dict[str, Any] = {key: {"surely": {"wrong": [1]}} for key in GOLDENS[name]}
    with pytest.raises(MalformedError) as refused:
        decode(encode(wrong), KINDS[name])
    assert refused.value.reason == "bad_shape"


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_golden_cut_anywhere_is_refused_as_no_json(name: str) -> None:
    raw = (FOLDER / f"{name}.json").read_bytes().strip()
    for end in {1, len(raw) // 3, len(raw) // 2, len(raw) - 1}:
        with pytest.raises(MalformedError) as refused:
            decode(raw[:end], KINDS[name])
        assert refused.value.reason in {"bad_json", "bad_utf8"}
