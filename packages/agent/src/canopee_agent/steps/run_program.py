"""The step kind `run_program`."""

from collections.abc import Generator, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from canopee_agent.errors import DeniedError, ExitCodeError, TimedOutError
from canopee_agent.locations import is_under, pure
from canopee_agent.ports import Machine, ProgramEnd
from canopee_agent.step import Ceiling, StepKind, clean_text

_REFUSED_SUFFIXES = frozenset({".bat", ".cmd", ".lnk"})
_CUT_MARKS = 4
"""U+FFFD that a cut in the middle of UTF-8 can make: one for the head's end, three for the tail's start."""
_FIRST_LINE = 1_000


class RunProgramParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The program, its arguments and the exit codes that mean success."""

    argv: Annotated[
        tuple[Annotated[str, Meta(max_length=4_096)], ...],
        Meta(description="Absolute path of the program, then one item an argument.", min_length=1, max_length=64),
    ]
    expect_exit_codes: Annotated[
        tuple[int, ...], Meta(description="Exit codes that mean success.", min_length=1, max_length=64)
    ] = (0,)


class RunProgramRecord(msgspec.Struct, frozen=True):
    """How the program ended."""

    exit_code: Annotated[int, Meta(description="Its exit code.", extra={"ecs": "process.exit_code"})]
    timed_out: Annotated[bool, Meta(description="Whether its process tree was killed at the time limit.")]
    duration_s: Annotated[float, Meta(description="How long it ran.", extra={"unit": "s"})]
    output: Annotated[
        str,
        Meta(
            description="Standard output and error together, first and last half of what is kept.",
            extra={"ecs": "process.io.text", "personal": "technical"},
        ),
    ]
    output_bytes: Annotated[int, Meta(description="Bytes written in all.", extra={"unit": "By"})]
    is_cut: Annotated[bool, Meta(description="Whether the middle of the output was left out.")]


class RunProgramOutputs(msgspec.Struct, frozen=True):
    """What later steps may decide upon."""

    exit_code: Annotated[int, Meta(description="The program's exit code.")]
    first_line: Annotated[str, Meta(description="First line of its output, at most 1 000 characters.")]


class RunProgram(StepKind[RunProgramParameters]):
    r"""Runs one program, without shell, input or window, and keeps its output.

    The program must lie, once links are followed, under a folder that the local policy allows; `.bat`, `.cmd`
    and `.lnk` are refused, since they hide a command interpreter. At the time limit the whole process tree is
    killed and the step ends `timed_out`. An exit code that is not in `expect_exit_codes` fails the step, after
    its record was kept.

    Example:
        steps:
          - id: repair
            use: run_program
            timeout_s: 120
            with:
              argv: ['C:\Program Files\Cabinet\repair.exe', --wait, {$param: wait_s}]
              expect_exit_codes: [0, 3010]
    """

    Parameters = RunProgramParameters
    Record = RunProgramRecord
    Outputs = RunProgramOutputs
    effect: ClassVar[Literal["collect", "action"]] = "action"

    def run(
        self, machine: Machine, parameters: RunProgramParameters, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        program = _allowed(machine, parameters.argv[0], ceiling.program_roots)
        end = machine.programs.run(
            (program, *parameters.argv[1:]), timeout_s=ceiling.timeout_s, max_output_bytes=ceiling.output_bytes
        )
        is_cut = end.output_bytes > len(end.output)
        output = _text(end, is_cut=is_cut)
        yield RunProgramRecord(
            exit_code=end.exit_code,
            timed_out=end.timed_out,
            duration_s=round(end.duration_s, 3),
            output=output,
            output_bytes=end.output_bytes,
            is_cut=is_cut,
        )
        if end.timed_out:
            raise TimedOutError(f"{program} ran for more than {ceiling.timeout_s:.0f} s and was killed")
        if end.exit_code not in parameters.expect_exit_codes:
            expected = ", ".join(map(str, parameters.expect_exit_codes))
            raise ExitCodeError(f"{program} ended with {end.exit_code}; expected: {expected}")
        first_line = output.partition("\n")[0].strip()
        return RunProgramOutputs(exit_code=end.exit_code, first_line=first_line[:_FIRST_LINE])


def _allowed(machine: Machine, path: str, roots: Sequence[str]) -> str:
    """The program's real path, once it is known to lie under one of `roots`."""
    if not pure(path).is_absolute():
        raise DeniedError(f"{path} is not an absolute path")
    real = pure(machine.files.real_path(path))
    for candidate in (pure(path), real):
        if isinstance(candidate, PureWindowsPath) and ":" in str(candidate)[2:]:
            raise DeniedError(f"{path}: a colon after the drive names a device or a hidden stream")
        suffix = PurePosixPath(candidate.name.rstrip(". ")).suffix.lower()
        if suffix in _REFUSED_SUFFIXES:
            raise DeniedError(f"{path}: a {suffix} file hides another program; name that program")
    if not any(is_under(real, root) for root in roots):
        raise DeniedError(f"the local policy does not let programs be run from {real}: add to program_roots")
    return str(real)


def _text(end: ProgramEnd, *, is_cut: bool) -> str:
    """Output as text: UTF-8 (a cut may have split two characters), else the OEM code page of Western Europe."""
    text = end.output.decode("utf-8", errors="replace")
    if text.count("\ufffd") > (_CUT_MARKS if is_cut else 0):
        text = end.output.decode("cp850", errors="replace")
    return clean_text(text)
