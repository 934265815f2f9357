"""Run reports: what became of an order, step by step. A report is sent until acknowledged and never dropped."""

from typing import Annotated, Any, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta

from canopee_contract.files import MAX_FILE_BYTES, Sha256
from canopee_contract.instant import Instant
from canopee_contract.numbers import Int64

RunState: TypeAlias = Literal["done", "skipped", "failed", "timed_out", "expired", "cancelled", "unknown"]
StepState: TypeAlias = Literal["done", "skipped", "failed", "timed_out", "unknown"]
RUN_STATES: tuple[str, ...] = get_args(RunState)
MAX_REPORTS = 50
MAX_GONE = 100
GoneState: TypeAlias = Literal["sent", "purged", "refused", "expired", "lost"]
"""The server has it; somebody asked for it to be forgotten; the server never takes it; it waited for too long; it was
taken away, or spoiled, on the PC."""


Verb: TypeAlias = Literal[
    "write", "replace", "make_folder", "move", "remove", "run", "download", "update", "send",
    "stop", "start", "disable", "delete_service",
]  # fmt: skip


class Effect(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a dry run found that a step would do."""

    verb: Verb
    """`send`: records to the server."""
    target: str
    """Path, address, service, version or dataset."""
    size_bytes: int = 0
    detail: str = ""
    """Of `run`, the arguments; of `move`, where to; of a service, its state now; of `send`, how many records."""


class StepReport(msgspec.Struct, omit_defaults=True):
    """The end of one step."""

    id: str
    use: str
    state: StepState
    code: str = ""
    """Why it is not `done`: dotted and stable."""
    detail: str = ""
    attempts: int = 1
    started_at: Instant | None = None
    duration_s: float = 0.0
    records: int = 0
    outputs: dict[str, Any] = {}
    effects: tuple[Effect, ...] = ()
    """Of a dry run: what it would do; none: nothing is to be done."""


class RunReport(msgspec.Struct, omit_defaults=True):
    """The end of one order."""

    order_id: str
    seq: int
    state: RunState
    order_sha256: str
    """Of the order's payload bytes, as received."""
    pipeline: str
    """Name, `@`, version: `inventory_hardware@3`; empty when the order could not be read."""
    agent_version: str
    finished_at: Instant
    started_at: Instant | None = None
    code: str = ""
    """Why it is not `done`, such as `refused.pipeline_hash` or `condition_false`."""
    detail: str = ""
    steps: tuple[StepReport, ...] = ()
    is_dry: bool = False
    """Nothing was done: `steps` say what would be."""


class FileGone(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that a step made for the server, and that is on the PC no more: the PC's receipt."""

    number: Int64
    """Of the receipt on the PC, from 1; later ones are higher."""
    order_id: str
    step: Annotated[str, Meta(max_length=64)]
    name: Annotated[str, Meta(max_length=120)]
    sha256: Sha256
    length: Annotated[int, Meta(ge=0, le=MAX_FILE_BYTES)]
    state: GoneState
    at: Instant
    """By the clock of the PC."""


class RunReports(msgspec.Struct, omit_defaults=True):
    """`POST /agent/v1/runs`: at most 50 reports and 100 receipts."""

    reports: tuple[RunReport, ...]
    gone: tuple[FileGone, ...] = ()


class RunVerdict(msgspec.Struct, omit_defaults=True):
    """What the server made of one report; the agent forgets a report once it has a verdict."""

    order_id: str
    verdict: Literal["accepted", "duplicate", "rejected"]
    code: str = ""


class RunsReply(msgspec.Struct, omit_defaults=True):
    """One verdict a report, in their order."""

    verdicts: tuple[RunVerdict, ...]
    gone: Int64 = 0
    """The highest number of the receipts: they need not be sent again."""
