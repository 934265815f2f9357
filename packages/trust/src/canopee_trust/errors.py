"""What may be wrong with something signed.

PermanentError
└── TrustError              nothing that raises it may be acted upon; `reason` travels in run reports
    ├── EnvelopeError       a DSSE envelope
    ├── MetadataError       TUF metadata, or a target
    │   ├── RollbackError   older than what was seen before
    │   └── PublicationError  refused by the API; nothing was stored
    └── KeyFileError        a key file
"""

from typing import ClassVar

from canopee_kit.errors import PermanentError


class TrustError(PermanentError):
    """Nothing that raises it may be acted upon."""

    code: ClassVar[str] = "trust"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class EnvelopeError(TrustError):
    """Reasons: `too_large`, `malformed`, `payload_type`, `threshold`, `payload`, `policy`."""

    code: ClassVar[str] = "trust.envelope"


class MetadataError(TrustError):
    """TUF metadata or a target cannot be trusted."""

    code: ClassVar[str] = "trust.metadata"


class RollbackError(MetadataError):
    """Older than what this machine has seen."""

    code: ClassVar[str] = "trust.rollback"


class PublicationError(MetadataError):
    """A publication breaks a rule; the message names the role or the target."""

    code: ClassVar[str] = "trust.publication"


class KeyFileError(TrustError):
    """A key file is missing, malformed or readable by others."""

    code: ClassVar[str] = "trust.key_file"

    def __init__(self, message: str) -> None:
        super().__init__("key_file", message)
