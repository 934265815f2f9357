"""The client's branch of the errors.

PermanentError
├── AnswerError        the API refused the call; `problem` says why
└── RequestError         what the client was given cannot be sent: an address, a token, a name
TemporaryError
└── NoAnswerError      the API cannot be reached, or asks to come back later
"""

from typing import ClassVar

from canopee_contract.problem import Problem
from canopee_kit.errors import PermanentError, TemporaryError


class AnswerError(PermanentError):
    """The API refused the call; the same call would be refused again."""

    code: ClassVar[str] = "client.answer"

    def __init__(self, problem: Problem) -> None:
        place = f" ({problem.at})" if problem.at else ""
        super().__init__(f"{problem.detail or problem.title}{place} [{problem.code}]")
        self.problem = problem


class RequestError(PermanentError):
    """What the client was given cannot be sent; the message says what to change."""

    code: ClassVar[str] = "client.usage"


class NoAnswerError(TemporaryError):
    """The API cannot be reached, or asks to come back after `retry_after_s`."""

    code: ClassVar[str] = "client.no_answer"
