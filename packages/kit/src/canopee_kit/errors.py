"""The one tree of errors.

    CanopeeError
    ├── TemporaryError      the same call may succeed later; `retry_after_s` says when to try
    └── PermanentError      the same call will fail again; the message says what to change
        └── PluginError     a family of plug-ins is broken: a fault of the build, not of the caller

Each package adds its branch in its own `errors.py`. Every class carries a stable dotted `code`,
which travels on the wire and in logs; the message is for people and may change.
"""

from typing import ClassVar


class CanopeeError(Exception):
    """Root of every error that Canopée raises on purpose."""

    code: ClassVar[str] = "canopee"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TemporaryError(CanopeeError):
    """The same call may succeed later."""

    code: ClassVar[str] = "temporary"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PermanentError(CanopeeError):
    """The same call will fail again until somebody changes something."""

    code: ClassVar[str] = "permanent"


class PluginError(PermanentError):
    """A family of plug-ins is empty, or one of its modules does not keep the house rule."""

    code: ClassVar[str] = "plugin"
