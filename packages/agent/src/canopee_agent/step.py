"""The shape of a step kind. A kind is one file of `steps/`, its class named as the file.

The class's docstring is its manual page. `Parameters`, `Record` and `Outputs` are msgspec structs whose fields
carry `Annotated[…, msgspec.Meta(description=…, extra={"unit": …, "ecs": …, "personal": …})]`: the JSON schemas, the
reference page and the sample dataset are generated from them.
"""

from collections.abc import Generator
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec

from canopee_agent.errors import TimedOutError
from canopee_agent.ports import Machine
from canopee_contract.condition import Scalar
from canopee_kit.clock import Clock

ParametersT = TypeVar("ParametersT", bound=msgspec.Struct)


class Ceiling(msgspec.Struct, frozen=True):
    """What the local policy and the pipeline's limits leave to this run; no order can widen it."""

    registry_roots: tuple[str, ...] = ()
    r"""Keys under which values may be read, such as `HKLM\SOFTWARE`."""
    program_roots: tuple[str, ...] = ()
    """Folders from which programs may be run."""
    event_channels: tuple[str, ...] = ()
    """Names of the event logs that may be read and sent."""
    services: tuple[str, ...] = ()
    """Names of the services that may be looked at, stopped, started, disabled and deleted."""
    read_roots: tuple[str, ...] = ()
    """Folders whose files may be read and sent."""
    write_roots: tuple[str, ...] = ()
    """Folders below which files may be made, replaced and moved."""
    download_hosts: tuple[str, ...] = ()
    """Hosts from which files may be downloaded: `name`, `name:port`, `*.domain`."""
    redact_patterns: tuple[str, ...] = ()
    """Regular expressions of what is hidden in every text that leaves, besides the kinds of `redactors/`."""
    deny_globs: tuple[str, ...] = ()
    """Names of files and folders that are never read nor written, case ignored, such as `*.key`."""
    own_folders: tuple[str, ...] = ()
    """The agent's own folders: never read nor written by a step."""
    max_read_bytes: int = 1_048_576
    """Bytes of one file that are read."""
    max_download_bytes: int = 2 * 2**30
    """Size of one downloaded file, and of what one archive holds."""
    output_bytes: int = 262_144
    """Bytes of program output kept."""
    timeout_s: float = 60.0
    """Seconds left to this attempt."""


class Deadline:
    """The end of the time that an attempt has."""

    def __init__(self, clock: Clock, ceiling: Ceiling) -> None:
        self._clock, self._given_s = clock, ceiling.timeout_s
        self._until = clock.monotonic() + ceiling.timeout_s

    @property
    def left_s(self) -> float:
        """Seconds left; raises `TimedOutError` when there are none."""
        left_s = self._until - self._clock.monotonic()
        if left_s <= 0:
            raise TimedOutError(f"it did not end within {self._given_s:.0f} s")
        return left_s

    def check(self) -> None:
        """Raise `TimedOutError` when the time is over."""
        _ = self.left_s


class NoOutputs(msgspec.Struct, frozen=True):
    """For a kind that leaves nothing to later steps."""


class NamedOutputs(msgspec.Struct, frozen=True):
    """For a kind whose outputs are named by its parameters: later steps see these names, as `<step>.<name>`."""

    values: dict[str, Scalar]


def clean_text(text: str) -> str:
    """`text` as a message may carry it: control characters and lone surrogates become U+FFFD.

    PostgreSQL stores no NUL, UTF-8 has no lone surrogate, and a terminal obeys escape sequences.
    """
    if text.isprintable():
        return text
    return "".join("\ufffd" if _is_unsafe(char) else char for char in text)


def _is_unsafe(char: str) -> bool:
    return (char < " " and char not in "\t\n\r") or char == "\x7f" or "\ud800" <= char <= "\udfff"


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
    sends_files: ClassVar[bool] = False
    """Whether it makes files that leave the PC: then the order's consent counts."""
    record_version: ClassVar[int] = 1
    """Dataset version its records follow."""

    def run(
        self, machine: Machine, parameters: ParametersT, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        """Yield records, return an `Outputs`.

        Raises:
            NotSupportedError: it makes no sense here; the step ends `skipped`.
            TimedOutError: the time left to it was not enough; the step ends `timed_out`.
            StepError: it failed, and a retry would not help.
            TemporaryError: it failed, and a retry may help.
        """
        raise NotImplementedError
