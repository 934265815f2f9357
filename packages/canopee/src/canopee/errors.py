"""The command line's branch of the errors; each has its exit code.

PermanentError
├── UsageError        the command line itself is not acceptable: 2
├── RefusedError      a run was refused by the PC: 3
└── FailedError       it was tried and did not work: 1
"""

from typing import ClassVar

from canopee_kit.errors import PermanentError


class UsageError(PermanentError):
    """What was typed cannot be done; the message says what to type."""

    code: ClassVar[str] = "cli.usage"


class RefusedError(PermanentError):
    """Refused by a PC."""

    code: ClassVar[str] = "cli.refused"


class FailedError(PermanentError):
    """Tried, and did not work."""

    code: ClassVar[str] = "cli.failed"
