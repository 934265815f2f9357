"""The swarm's branch of the errors.

TemporaryError
├── CutError          the connection was lost, or the server does not answer
└── BusyServerError   429 or 503: the server says when to come back
PermanentError
└── AnswerError       any other answer that is not a success; `problem` has the code
    └── OverError     this enrolment is over: revoked, rejected, or the token was used by another
"""

from typing import ClassVar

from canopee_contract.problem import Problem
from canopee_kit.errors import PermanentError, TemporaryError


class CutError(TemporaryError):
    """The connection was lost, or the server does not answer."""

    code: ClassVar[str] = "swarm.cut"


class BusyServerError(TemporaryError):
    """The server asks to come back after `retry_after_s`."""

    code: ClassVar[str] = "swarm.busy"


class AnswerError(PermanentError):
    """The server refused the call; `problem` says why."""

    code: ClassVar[str] = "swarm.answer"

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail or problem.title}")
        self.problem = problem


class OverError(AnswerError):
    """This enrolment is over: the device stops."""

    code: ClassVar[str] = "swarm.over"
