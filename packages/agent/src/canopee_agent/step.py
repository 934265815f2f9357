"""The shape of a step kind. A kind is one file of `steps/`, its class named as the file.

The class's docstring is its manual page. `Parameters`, `Record` and `Outputs` are msgspec structs whose fields
carry `Annotated[…, msgspec.Meta(description=…, extra={"unit": …, "ecs": …, "personal": …})]`: the JSON schemas, the
reference page and the sample dataset are generated from them.
"""

from collections.abc import Generator
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec

from canopee_agent.ports import Machine

ParametersT = TypeVar("ParametersT", bound=msgspec.Struct)


class Ceiling(msgspec.Struct, frozen=True):
    """What the local policy and the pipeline's limits leave to this run; no order can widen it."""

    registry_roots: tuple[str, ...] = ()
    r"""Keys under which values may be read, such as `HKLM\SOFTWARE`."""
    program_roots: tuple[str, ...] = ()
    """Folders from which programs may be run."""
    output_bytes: int = 262_144
    """Bytes of program output kept."""
    timeout_s: float = 60.0
    """Seconds left to this attempt."""


class NoOutputs(msgspec.Struct, frozen=True):
    """For a kind that leaves nothing to later steps."""


class StepKind(Generic[ParametersT]):
    """One thing a pipeline can do. Kinds are stateless: one instance runs one step, in one thread."""

    Parameters: ClassVar[type[msgspec.Struct]]
    Record: ClassVar[type[msgspec.Struct] | None] = None
    """What it yields; `None` for a kind that makes no records."""
    Outputs: ClassVar[type[msgspec.Struct]] = NoOutputs
    """What it returns to later steps."""
    effect: ClassVar[Literal["collect", "action"]]
    """`action` when it may change the PC: then only a pipeline of kind `action` may use it."""
    reads_file_content: ClassVar[bool] = False
    """Whether a pipeline that uses it needs approval even to collect."""
    record_version: ClassVar[int] = 1
    """Dataset version its records follow."""

    def run(
        self, machine: Machine, parameters: ParametersT, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        """Yield records, return an `Outputs`.

        Raises:
            NotSupportedError: it makes no sense here; the step ends `skipped`.
            StepError: it failed, and a retry would not help.
            TemporaryError: it failed, and a retry may help.
        """
        raise NotImplementedError
