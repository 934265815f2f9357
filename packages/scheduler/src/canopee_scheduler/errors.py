"""The scheduler's branch of the errors.

PermanentError
└── ConfigurationError   the configuration cannot be used; the message says what to change
"""

from typing import ClassVar

from canopee_kit.errors import PermanentError


class ConfigurationError(PermanentError):
    """The configuration cannot be used."""

    code: ClassVar[str] = "scheduler.configuration"
