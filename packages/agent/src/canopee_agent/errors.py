"""The agent's branch of the errors.

PermanentError
├── RefusedError            an order is not authorised; `reason` goes into the run report
├── StepError               a step cannot do what it was asked; a retry would not help
│   ├── MissingError        what it should read is not there
│   ├── DeniedError         the operating system, or the local policy, forbids it
│   ├── ExistsError         something is already where it should go
│   ├── MismatchError       the content is not the one that was signed: size or SHA-256
│   ├── ArchiveError        an archive breaks a rule: nothing of it is kept
│   ├── ReleaseError        a release of the agent that this PC does not take
│   ├── ExitCodeError       a program ended with an exit code that was not expected
│   ├── TimedOutError       a time limit was reached: the step ends `timed_out`
│   ├── OverBudgetError     its files are larger than the order, or the local policy, lets leave: none does
│   └── NotSupportedError   it makes no sense on this machine: the step ends `skipped`
│       └── NothingFoundError  there is nothing here of what it was to find
├── StateError              the agent's own durable state, or its configuration, cannot be used
└── RejectedError           the server refused a call for good; `problem` says why
    └── RevokedError        this enrolment is over
TemporaryError
├── BusyError               locked by somebody else: a retry may help
├── DiskError               the agent's state cannot be written now: the disk is full, or fails
├── NoSpaceError            the disk is too full
├── ShutWindowError         an order that may run waits for its window, or its occurrence
├── AwaitedAnswerError      an order that may run waits for the user of this PC to agree
└── UnreachableError        the server cannot be reached, or asks to wait
    └── CutLinkError        a kept connection was cut: what was sent may have arrived
"""

from typing import ClassVar

from canopee_contract.problem import Problem
from canopee_kit.errors import PermanentError, TemporaryError


class RefusedError(PermanentError):
    """An order is not authorised to run here."""

    code: ClassVar[str] = "refused"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = f"refused.{reason}"


class StepError(PermanentError):
    """A step cannot do what it was asked."""

    code: ClassVar[str] = "step.failed"


class MissingError(StepError):
    """What the step should read is not there."""

    code: ClassVar[str] = "step.missing"


class DeniedError(StepError):
    """The operating system or the local policy forbids it."""

    code: ClassVar[str] = "step.denied"


class ExistsError(StepError):
    """Something is already where it should go."""

    code: ClassVar[str] = "step.exists"


class MismatchError(StepError):
    """The content is not the one that was signed."""

    code: ClassVar[str] = "step.mismatch"


class ArchiveError(StepError):
    """An archive breaks a rule: nothing of it is kept."""

    code: ClassVar[str] = "step.archive"


class ReleaseError(StepError):
    """A release of the agent that this PC does not take; nothing of it is kept."""

    code: ClassVar[str] = "step.release"


class NotSupportedError(StepError):
    """It makes no sense on this machine: the step ends `skipped`."""

    code: ClassVar[str] = "step.not_supported"


class ExitCodeError(StepError):
    """A program ended with an exit code that was not expected."""

    code: ClassVar[str] = "step.exit_code"


class TimedOutError(StepError):
    """A time limit was reached: the step ends `timed_out`."""

    code: ClassVar[str] = "step.timed_out"


class OverBudgetError(StepError):
    """Its files are larger than may leave this PC: none of them does."""

    code: ClassVar[str] = "over_budget"


class NothingFoundError(NotSupportedError):
    """There is nothing here of what the step was to find: it ends `skipped`."""

    code: ClassVar[str] = "nothing_found"


class StateError(PermanentError):
    """The agent's own durable state, or its configuration, cannot be used."""

    code: ClassVar[str] = "state"


class RejectedError(PermanentError):
    """The server refused a call for good: the same call would be refused again."""

    code: ClassVar[str] = "server.rejected"

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.title} {problem.detail}".strip())
        self.problem = problem


class RevokedError(RejectedError):
    """This enrolment is over: the device must be enrolled again by somebody."""

    code: ClassVar[str] = "device.revoked"


class BusyError(TemporaryError):
    """Locked by somebody else."""

    code: ClassVar[str] = "step.busy"


class DiskError(TemporaryError):
    """The agent's state cannot be written now; nothing new is taken in charge until it can."""

    code: ClassVar[str] = "state.disk"


class NoSpaceError(TemporaryError):
    """The disk is too full."""

    code: ClassVar[str] = "step.no_space"


class ShutWindowError(TemporaryError):
    """An order may run, but not now: it waits for its window, or for its occurrence."""

    code: ClassVar[str] = "order.window"


class AwaitedAnswerError(TemporaryError):
    """An order may run once the user of this PC agrees: nobody has answered yet."""

    code: ClassVar[str] = "order.consent"


class UnreachableError(TemporaryError):
    """The server cannot be reached, or asks to wait."""

    code: ClassVar[str] = "server.unreachable"


class CutLinkError(UnreachableError):
    """A kept connection was cut: the server may have seen the request, or not."""

    code: ClassVar[str] = "server.cut"
