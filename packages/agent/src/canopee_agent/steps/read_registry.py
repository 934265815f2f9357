"""The step kind `read_registry`."""

from collections.abc import Generator, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from canopee_agent.errors import DeniedError, MissingError, StepError
from canopee_agent.ports import Machine, RegistryValue, View
from canopee_agent.step import Ceiling, NamedOutputs, StepKind, clean_text
from canopee_contract.condition import Scalar

ValueType: TypeAlias = Literal["text", "integer", "binary", "list", "missing", "denied"]

_LARGEST = 2**63 - 1
_HIVES = {"HKEY_LOCAL_MACHINE": "HKLM", "HKEY_USERS": "HKU"}


class RegistryRead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value to read."""

    name: Annotated[str, Meta(description="What to call it in records and outputs.", min_length=1, max_length=62)]
    key: Annotated[str, Meta(description=r"Such as `HKLM\SOFTWARE\Éditeur\Cabinet`.", max_length=1024)]
    value: Annotated[str, Meta(description="Name of the value; empty: the default value.", max_length=256)] = ""
    view: Annotated[View, Meta(description="Registry of 64-bit or of 32-bit programs.")] = "64"


class ReadRegistryParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which values to read."""

    values: Annotated[tuple[RegistryRead, ...], Meta(description="Values to read.", min_length=1, max_length=200)]


class ReadRegistryRecord(msgspec.Struct, frozen=True):
    """One value as it was found, or not."""

    name: Annotated[str, Meta(description="The name given to the value by the pipeline.")]
    key: Annotated[str, Meta(description="The key that was read.", extra={"ecs": "registry.key"})]
    value: Annotated[
        str,
        Meta(
            description="As text: integers in decimal, bytes in hexadecimal, a list one item a line.",
            extra={"ecs": "registry.data.strings", "personal": "technical"},
        ),
    ]
    type: Annotated[
        ValueType,
        Meta(description="What was stored, or why nothing was read.", extra={"ecs": "registry.data.type"}),
    ]
    found: Annotated[bool, Meta(description="Whether there is such a value.")]


class ReadRegistryOutputs(NamedOutputs, frozen=True):
    """Each value found, under its name: an integer, or a text."""


class ReadRegistry(StepKind[ReadRegistryParameters]):
    r"""Reads named values of the Windows registry.

    Every key must lie under a root that the local policy allows, or nothing is read. A value that does not
    exist, or that the system does not let us read, makes a record with `found: false`; the step goes on. On a
    machine without registry the step is skipped. Values found become outputs under their names.

    Example:
        steps:
          - id: product
            use: read_registry
            with:
              values:
                - {name: version, key: 'HKLM\SOFTWARE\Éditeur\Cabinet', value: Version}
                - {name: folder, key: 'HKLM\SOFTWARE\Éditeur\Cabinet', value: InstallDir, view: '32'}
          - id: repair
            use: run_program
            when: {fact: steps.product.version, op: version_lt, value: '8.2'}
            with: {argv: ['C:\Program Files\Cabinet\repair.exe', {$output: product.version}]}
    """

    Parameters = ReadRegistryParameters
    Record = ReadRegistryRecord
    Outputs = ReadRegistryOutputs
    effect: ClassVar[Literal["collect", "action"]] = "collect"

    def run(
        self, machine: Machine, parameters: ReadRegistryParameters, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        names = [wanted.name for wanted in parameters.values]
        if len(set(names)) != len(names):
            raise StepError("two values have the same name: give each its own")
        for wanted in parameters.values:
            _check_root(wanted.key, ceiling.registry_roots)
        outputs: dict[str, Scalar] = {}
        for wanted in parameters.values:
            kind, value = _read(machine, wanted)
            text = _as_text(value)
            if value is not None:
                outputs[wanted.name] = value if isinstance(value, int) and abs(value) <= _LARGEST else text
            yield ReadRegistryRecord(wanted.name, wanted.key, text, kind, found=value is not None)
        return ReadRegistryOutputs(outputs)


def _read(machine: Machine, wanted: RegistryRead) -> tuple[ValueType, RegistryValue | None]:
    try:
        value = machine.registry.value(wanted.key, wanted.value, wanted.view)
    except MissingError:
        return "missing", None
    except DeniedError:
        return "denied", None
    if isinstance(value, str):
        return "text", value
    if isinstance(value, int):
        return "integer", value
    return ("binary", value) if isinstance(value, bytes) else ("list", value)


def _as_text(value: RegistryValue | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return clean_text("\n".join(value))
    return clean_text(str(value))


def _check_root(key: str, roots: Sequence[str]) -> None:
    parts = _parts(key)
    for root in roots:
        wanted = _parts(root)
        if parts[: len(wanted)] == wanted:
            return
    raise DeniedError(f"the local policy does not let keys be read under {key}: add a root to registry_roots")


def _parts(key: str) -> list[str]:
    hive, *rest = key.upper().split("\\")
    return [_HIVES.get(hive, hive), *rest]
