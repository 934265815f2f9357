"""Every message as it travels, byte for byte: what an old agent sends must be read for ever."""

import importlib
import pkgutil
from pathlib import Path

import msgspec
import pytest

import canopee_contract
from canopee_contract.codec import decode, encode

FOLDER = Path(__file__).parents[1] / "goldens" / "v1"
NOT_SENT = frozenset({"condition", "pattern_language", "pattern"})
"""Modules whose structs never travel: a condition is sent as its JSON value."""
MODULES = [
    importlib.import_module(f"canopee_contract.{module.name}")
    for module in pkgutil.iter_modules(canopee_contract.__path__)
    if module.name not in NOT_SENT
]
MESSAGES = {
    name: kind
    for module in MODULES
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
}


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_golden_is_read_and_written_again_byte_for_byte(name: str) -> None:
    raw = (FOLDER / f"{name}.json").read_bytes().strip()
    assert encode(decode(raw, MESSAGES[name])) == raw


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_signed_payloads_refuse_unknown_keys_and_messages_ignore_them(name: str) -> None:
    kind = MESSAGES[name]
    value = {**msgspec.json.decode((FOLDER / f"{name}.json").read_bytes()), "unknown": 1}
    if kind.__struct_config__.forbid_unknown_fields:
        with pytest.raises(ValueError, match="unknown"):
            decode(encode(value), kind)
    else:
        decode(encode(value), kind)


def test_there_is_no_golden_without_its_message() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(MESSAGES)
