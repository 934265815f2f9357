"""What every step kind keeps, the day it appears."""

import inspect

import msgspec
import pytest

from canopee_agent import steps
from canopee_agent.step import NamedOutputs, StepKind
from canopee_kit.discovery import discover

KINDS = discover(steps, StepKind)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_kind_has_a_manual_with_an_example_that_names_it(name: str) -> None:
    manual = inspect.getdoc(KINDS[name]) or ""
    assert "Example:" in manual
    assert f"use: {name}" in manual


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_field_of_a_kind_says_what_it_holds(name: str) -> None:
    kind = KINDS[name]
    for struct in (kind.Parameters, kind.Record, kind.Outputs):
        if struct is None or issubclass(struct, NamedOutputs):
            continue
        schema = msgspec.json.schema(struct)
        for definition in schema["$defs"].values():
            for field, content in definition.get("properties", {}).items():
                assert content.get("description"), f"{definition['title']}.{field}"


@pytest.mark.parametrize("name", sorted(KINDS))
def test_no_output_is_named_as_the_state_of_its_step(name: str) -> None:
    assert "state" not in {field.name for field in msgspec.structs.fields(KINDS[name].Outputs)}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_parameters_that_nobody_declared_are_refused(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"surely_unknown": 1}, KINDS[name].Parameters)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_kind_says_whether_it_acts(name: str) -> None:
    assert KINDS[name].effect in {"collect", "action"}
    assert KINDS[name].record_version >= 1
