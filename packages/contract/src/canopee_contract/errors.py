"""What may be wrong with something received.

    ContractError           the root; `code` travels in problem documents and run reports
    ├── MalformedError      the bytes are not an acceptable message
    ├── ConditionError      a condition is not well formed
    ├── PatternError        a text pattern is outside the accepted language
    └── SchemaError         a parameter schema is malformed, or a value does not obey it

The contract imports nothing of ours, the kit included, hence a root of its own.
"""

from typing import ClassVar


class ContractError(ValueError):
    """Root of the contract's errors."""

    code: ClassVar[str] = "contract"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = code or self.code


class MalformedError(ContractError):
    """The bytes are not an acceptable message; `reason` says which rule they break."""

    code: ClassVar[str] = "malformed"


class ConditionError(ContractError):
    """A condition is not well formed; the message names the place."""

    code: ClassVar[str] = "condition.malformed"


class PatternError(ContractError):
    """A pattern is outside the accepted language."""

    code: ClassVar[str] = "pattern.malformed"


class SchemaError(ContractError):
    """A parameter schema is malformed, or a value does not obey it."""

    code: ClassVar[str] = "parameters.invalid"
