"""Errors as problem documents: the same table for both doors."""

import math
import re

from canopee_api.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    MethodError,
    NotFoundError,
    ThrottledError,
    TooLargeError,
    UnauthenticatedError,
    WaitingError,
)
from canopee_contract.codec import encode
from canopee_contract.errors import ContractError
from canopee_contract.problem import Problem
from canopee_kit.errors import TemporaryError
from canopee_kit.logs import get_logger
from canopee_trust.errors import TrustError

_log = get_logger(__name__)
_QUOTED = re.compile(r"([`'\"])([^`'\"]{40})[^`'\"]+\1")
_LONGEST = 500
_STATUS: dict[type[Exception], tuple[int, str]] = {
    InvalidError: (400, "Not acceptable as it stands"),
    UnauthenticatedError: (401, "Not authenticated"),
    ForbiddenError: (403, "Not allowed"),
    NotFoundError: (404, "Not found"),
    MethodError: (405, "Another method is expected"),
    ConflictError: (409, "In conflict with the state of things"),
    TooLargeError: (413, "Too large"),
    TrustError: (422, "Not trusted"),
}
_LATER: dict[type[Exception], tuple[int, str]] = {
    ThrottledError: (429, "Too many attempts"),
    WaitingError: (429, "An approval is awaited"),
}


def brief(text: str) -> str:
    """A message with the texts that it quotes cut short: what somebody sends does not come back to anybody."""
    return _QUOTED.sub(r"\1\2…\1", text)[:_LONGEST]


def problem_of(error: Exception) -> Problem:
    """The problem document of an error; one that nobody expected tells nothing of its inside."""
    if isinstance(error, TemporaryError):
        wait_s = math.ceil(error.retry_after_s or 5)
        status, title = next((found for kind, found in _LATER.items() if isinstance(error, kind)), (503, "Busy"))
        return Problem(error.code, title, status, error.message, retry_after_s=wait_s)
    if isinstance(error, ContractError):
        is_large = error.reason == "too_large"
        return Problem(
            f"message.{error.reason}",
            "Not acceptable as it stands",
            413 if is_large else 400,
            brief(error.message),
        )
    for kind, (status, title) in _STATUS.items():
        if isinstance(error, kind):
            code = getattr(error, "reason", "") or getattr(error, "code", "")
            prefix = "trust." if isinstance(error, TrustError) else ""
            return Problem(
                f"{prefix}{code}", title, status, brief(str(error)), at=getattr(error, "at", "")[:_LONGEST]
            )
    _log.error("a request failed", exc_info=error)
    return Problem(
        "internal", "A fault of the server", 500, "It was logged; try again, and tell the administrator."
    )


def encode_problem(problem: Problem, allowed: str = "") -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body; `allowed`: the methods of the path, where another was used."""
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    if problem.retry_after_s is not None:
        headers.append((b"retry-after", str(problem.retry_after_s).encode()))
    if problem.status == 401:  # noqa: PLR2004  the status that asks for credentials
        headers.append((b"www-authenticate", b"Bearer"))
    if allowed:
        headers.append((b"allow", allowed.encode()))
    return problem.status, headers, encode(problem)
