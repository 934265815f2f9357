"""The API's branch of the errors. An area raises them; a door turns them into problem documents.

PermanentError
└── ApiError                the same request will be refused again
    ├── InvalidError        the request is not acceptable as it stands
    ├── UnauthenticatedError  no credential, or not a good one
    ├── ForbiddenError      a good credential that may not do this
    ├── NotFoundError       there is no such object
    ├── MethodError         there is, but not with this method of HTTP
    ├── ConflictError       the state of things forbids it
    ├── TooLargeError       more bytes than are accepted
    └── ServerError         the embedded server or the configuration cannot be used
TemporaryError
└── BusyError               too much at once: come back after `retry_after_s`
    ├── ThrottledError      too much of one caller: the others are served
    └── WaitingError        somebody must approve first: come back after `retry_after_s`
"""

from typing import ClassVar

from canopee_kit.errors import PermanentError, TemporaryError


class ApiError(PermanentError):
    """Refused; `reason` is the dotted code that travels, the message says what to do, `at` where."""

    code: ClassVar[str] = "api"

    def __init__(self, reason: str, message: str, *, at: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.at = at


class InvalidError(ApiError):
    """The request is not acceptable as it stands."""

    code: ClassVar[str] = "invalid"


class UnauthenticatedError(ApiError):
    """No credential, or not a good one."""

    code: ClassVar[str] = "unauthenticated"


class ForbiddenError(ApiError):
    """A good credential that may not do this."""

    code: ClassVar[str] = "forbidden"


class NotFoundError(ApiError):
    """There is no such object."""

    code: ClassVar[str] = "not_found"


class MethodError(ApiError):
    """The path is known, the method is not; `allowed` are the ones that are."""

    code: ClassVar[str] = "method"

    def __init__(self, allowed: str) -> None:
        super().__init__("route.method", f"this path is called with {allowed}")
        self.allowed = allowed


class ConflictError(ApiError):
    """The state of things forbids it."""

    code: ClassVar[str] = "conflict"


class TooLargeError(ApiError):
    """More bytes than are accepted."""

    code: ClassVar[str] = "too_large"


class ServerError(ApiError):
    """The embedded server, the database or the configuration cannot be used; the message says what to do."""

    code: ClassVar[str] = "server"

    def __init__(self, message: str) -> None:
        super().__init__("server", message)


class BusyError(TemporaryError):
    """Too much at once."""

    code: ClassVar[str] = "busy"


class ThrottledError(BusyError):
    """Too much of one caller: the others are served."""

    code: ClassVar[str] = "throttled"


class WaitingError(BusyError):
    """Somebody must approve first."""

    code: ClassVar[str] = "enrolment.waiting"
