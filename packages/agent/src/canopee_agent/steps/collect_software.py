"""The step kind `collect_software`."""

from collections.abc import Generator, Iterable, Iterator
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from canopee_agent.errors import StepError
from canopee_agent.ports import InstalledProgram, Machine, Scope
from canopee_agent.step import Ceiling, NamedOutputs, StepKind, clean_text
from canopee_contract.condition import Scalar
from canopee_contract.errors import PatternError
from canopee_contract.pattern import compile_pattern
from canopee_contract.pattern_language import MAX_PATTERN
from canopee_contract.version import version_key

MOST_PROGRAMS = 5_000
"""A PC has a few hundred; what lists more is damaged."""
_LONGEST = 500


class WantedProgram(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program whose version later steps want to know."""

    name: Annotated[str, Meta(description="What to call its version in outputs.", min_length=1, max_length=62)]
    display_name: Annotated[
        str, Meta(description="Pattern of its whole name: `Cabinet( Pro)?`.", min_length=1, max_length=MAX_PATTERN)
    ]


class CollectSoftwareParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose versions become outputs; the records are the same in any case."""

    wanted: Annotated[
        tuple[WantedProgram, ...], Meta(description="Programs whose version becomes an output.", max_length=50)
    ] = ()


class CollectSoftwareRecord(msgspec.Struct, frozen=True):
    """One installed program; an empty text where the machine does not say."""

    name: Annotated[str, Meta(description="As the system lists it.", extra={"ecs": "package.name"})]
    version: Annotated[str, Meta(description="As its publisher writes it.", extra={"ecs": "package.version"})]
    publisher: Annotated[str, Meta(description="Who makes it, or packages it.")]
    architecture: Annotated[
        str, Meta(description="`x86_64`, `x86`, `arm64`, or `all`.", extra={"ecs": "package.architecture"})
    ]
    scope: Annotated[Scope, Meta(description="Installed for the whole machine, or for one user.")]
    installed_on: Annotated[str, Meta(description="Date, as `2026-11-24`.", extra={"ecs": "package.installed"})]


class CollectSoftwareOutputs(NamedOutputs, frozen=True):
    """`count`: how many programs; then each version found, under the name that it was wanted by."""


class CollectSoftware(StepKind[CollectSoftwareParameters]):
    r"""Lists the installed programs: one record each, sorted by name, each one once.

    On Windows, those of the uninstall keys of the machine (64-bit and 32-bit) and of the users who are logged on;
    on Debian, the installed packages. Updates and parts of other programs are left out, as Windows itself does.
    At most 5 000 are listed; `count` is how many there are.

    The version of a wanted program becomes an output: the highest one when several programs match. A program
    that is not there gives no output.

    Example:
        steps:
          - id: software
            use: collect_software
            with:
              wanted:
                - {name: product, display_name: 'Cabinet( Pro)?'}
          - id: repair
            use: run_program
            when: {fact: steps.software.product, op: version_lt, value: '8.2'}
            with: {argv: ['C:\Program Files\Cabinet\repair.exe']}
    """

    Parameters = CollectSoftwareParameters
    Record = CollectSoftwareRecord
    Outputs = CollectSoftwareOutputs
    effect: ClassVar[Literal["collect", "action"]] = "collect"

    def run(
        self,
        machine: Machine,
        parameters: CollectSoftwareParameters,
        ceiling: Ceiling,  # noqa: ARG002  the shape of a step kind
    ) -> Generator[msgspec.Struct, None, Any]:
        _check_wanted(parameters.wanted)
        installed = machine.system.software()
        records = sorted({_record(program) for program in installed if program.name.strip()}, key=_order)
        yield from records[:MOST_PROGRAMS]
        return CollectSoftwareOutputs(dict(_outputs(records, parameters.wanted)))


def highest_version(display_name: str, programs: Iterable[InstalledProgram | CollectSoftwareRecord]) -> str | None:
    """The highest version among the programs whose whole name matches; `None` when none has one."""
    pattern = compile_pattern(display_name)
    versions = (program.version for program in programs if pattern.matches(program.name))
    known = [(key, version) for version in versions if (key := version_key(version)) is not None]
    return max(known)[1] if known else None


def _check_wanted(wanted: Iterable[WantedProgram]) -> None:
    names = ["count", *(program.name for program in wanted)]
    if len(set(names)) != len(names):
        raise StepError("two wanted programs have the same name, or one is called `count`: give each its own")
    for program in wanted:
        try:
            compile_pattern(program.display_name)
        except PatternError as error:
            raise StepError(f"wanted {program.name}: {error}") from error


def _outputs(
    records: list[CollectSoftwareRecord], wanted: Iterable[WantedProgram]
) -> Iterator[tuple[str, Scalar]]:
    yield "count", len(records)
    for program in wanted:
        version = highest_version(program.display_name, records)
        if version is not None:
            yield program.name, version


def _record(program: InstalledProgram) -> CollectSoftwareRecord:
    return CollectSoftwareRecord(
        _text(program.name), _text(program.version), _text(program.publisher), program.architecture, program.scope,
        program.installed_on,
    )  # fmt: skip


def _text(found: str) -> str:
    return clean_text(found.strip())[:_LONGEST]


def _order(record: CollectSoftwareRecord) -> tuple[str, ...]:
    return record.name.casefold(), record.version, record.architecture, record.scope, record.publisher
