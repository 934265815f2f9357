"""The signed text of a pipeline: what may run on a PC, and within which bounds.

A pipeline is a target of the TUF repository, at `pipelines/<kind>/<name>.<version>.json`. It is signed as
bytes; unknown keys are refused, so that what was reviewed is what runs.

Inside `with`, a value `{"$param": "name"}` stands for a parameter of the order and `{"$output": "step.name"}`
for an output of an earlier step: a whole value, never a piece of a text.
"""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from canopee_contract.parameters import ParametersSchema

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
"""Names of pipelines and ids of steps: without a dot, so that `steps.<id>.<output>` says one thing."""
Kind: TypeAlias = Literal["collect", "action"]
OnError: TypeAlias = Literal["stop", "continue"]


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a step that failed for a temporary reason is tried again."""

    attempts: Annotated[int, Meta(ge=1, le=10)] = 1
    """Attempts in all, 1 to 10."""
    delay_s: Annotated[float, Meta(ge=0, le=3_600)] = 5.0
    """Seconds between two attempts, doubled each time; 0 to 3 600."""


class Step(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"with_": "with"},
):
    """One use of a step kind."""

    id: str
    """Its name in this pipeline: later steps speak of it as `steps.<id>`."""
    use: str
    """The step kind, such as `collect_hardware`."""
    with_: dict[str, Any] = {}
    """Parameters of the step kind."""
    dataset: str = ""
    """Where its records go; empty: to the dataset of the step kind's name."""
    when: dict[str, Any] | None = None
    """A condition over facts, `params.<name>`, `steps.<id>.state` and `steps.<id>.<output>`."""
    timeout_s: Annotated[float, Meta(gt=0)] = 60.0
    """Seconds after which it is ended and counts as failed."""
    retry: Retry = Retry()
    """How often it is tried again after a temporary failure."""
    on_error: OnError = "stop"
    """Whether the steps after it still run when it has failed."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ceilings of one run; the local policy may lower them."""

    deadline_s: Annotated[float, Meta(gt=0)] = 600.0
    """Seconds for all steps together."""
    output_bytes: Annotated[int, Meta(ge=0)] = 262_144
    """Bytes of outputs and of program output kept."""
    records: Annotated[int, Meta(ge=0)] = 10_000
    """Records kept."""


class Pipeline(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    tag="pipeline",
):
    """A versioned list of steps."""

    spec: Literal[1]
    """Version of this format."""
    name: str
    """1 to 63 of a-z, 0-9 and _, a letter first; the same for every version."""
    version: Annotated[int, Meta(ge=1)]
    """Raised at each change: a published version never changes."""
    kind: Kind
    """`collect` only reads; `action` may change the PC, and always needs approval."""
    title: str
    """What people call it."""
    steps: tuple[Step, ...]
    """Run one after the other; there is at least one."""
    description: str = ""
    """What it does, for people."""
    approval: Literal["required", "none"] = "required"
    """`none` only for a `collect` that reads no file content: it then needs no campaign document."""
    condition: dict[str, Any] | None = None
    """Holds wherever the pipeline makes sense at all; checked on the PC besides the campaign's."""
    parameters: ParametersSchema = {}
    """What whoever gives it to the fleet may choose, and within which bounds; used as `{$param: name}`."""
    limits: Limits = Limits()
    """Ceilings of one run."""


def target_path(kind: str, name: str, version: int) -> str:
    """Path of a pipeline in the TUF repository."""
    return f"pipelines/{kind}/{name}.{version}.json"


class PipelineRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The exact bytes of one pipeline version."""

    path: str
    name: str
    version: int
    sha256: str
    """Lower-case hexadecimal SHA-256 of the pipeline's bytes."""
    length: int
    """Bytes."""
