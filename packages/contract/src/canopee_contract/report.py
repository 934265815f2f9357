"""Run reports: what became of an order, step by step. A report is sent until acknowledged and never dropped."""

from typing import Any, Literal, TypeAlias, get_args

import msgspec

from canopee_contract.instant import Instant

RunState: TypeAlias = Literal["done", "skipped", "failed", "timed_out", "expired", "cancelled", "unknown"]
StepState: TypeAlias = Literal["done", "skipped", "failed", "timed_out", "unknown"]
RUN_STATES: tuple[str, ...] = get_args(RunState)
MAX_REPORTS = 50


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


class RunReports(msgspec.Struct):
    """`POST /agent/v1/runs`: at most 50 reports."""

    reports: tuple[RunReport, ...]


class RunVerdict(msgspec.Struct, omit_defaults=True):
    """What the server made of one report; the agent forgets a report once it has a verdict."""

    order_id: str
    verdict: Literal["accepted", "duplicate", "rejected"]
    code: str = ""


class RunsReply(msgspec.Struct):
    """One verdict a report, in their order."""

    verdicts: tuple[RunVerdict, ...]
