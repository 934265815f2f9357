"""Who serves the desk (`desk.py`): a thread beside the round, which a long poll does not delay.

A code is used up with the agent's token, by a connection of its own and without a counter; the order that it makes
wakes the long poll. An answer to a question is found by the round, as one from a window is.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from canopee_agent.engine.questions import Question, Questions
from canopee_agent.errors import RejectedError, StateError, UnreachableError
from canopee_agent.service.config import QUESTIONS
from canopee_agent.service.desk import Desk
from canopee_agent.service.desk_words import AnswerQuestion, Ask, Asked, DeskAnswer, ListQuestions, SendLogs
from canopee_agent.service.identity import IdentityStore
from canopee_agent.service.server import Server
from canopee_agent.service_ports import ServerLink
from canopee_contract.log_codes import CodeClaimed, written
from canopee_kit.clock import Clock
from canopee_kit.errors import CanopeeError
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_EVERY_S, _PAUSE_S = 1.0, 60.0
"""Between two looks, and after one that failed."""
_EXPIRED = frozenset({"token.expired", "token.malformed"})
_UNKNOWN_CODE = "logs.code"
_MOST_LISTED, _LONGEST_TEXT, _LONGEST_DETAIL = 20, 1_000, 300


class Clerk:
    """Serves one desk."""

    def __init__(
        self, state: Path, desk: Desk, link: Callable[[], AbstractContextManager[ServerLink]], clock: Clock
    ) -> None:
        """`state`: the agent's folder; `link`: a connection to its server, for one call."""
        self._state, self._desk, self._link, self._clock = state, desk, link, clock
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Open the desk, and serve it until `end`. Without a desk, the agent works all the same."""
        try:
            self._desk.open()
        except StateError as error:
            _log.error("users of this PC cannot ask its agent for anything: %s", error)
            return
        self._thread = threading.Thread(target=self._serve, daemon=True, name="desk")
        self._thread.start()

    def end(self) -> None:
        """Serve no more; what is under way may go on until the process ends."""
        self._is_over.set()

    def look(self) -> None:
        """Serve who asks now; raises `OSError`."""
        for name, ask in self._desk.take():
            self._desk.answer(name, self._served(ask))

    def _serve(self) -> None:
        pause_s = 0.0
        while not self._is_over.wait(pause_s or _EVERY_S):
            pause_s = 0.0
            try:
                self.look()
            except Exception:  # noqa: BLE001  the edge of a thread: the desk of a PC never ends with one of its users
                _log.exception("the desk could not be served")
                pause_s = _PAUSE_S

    def _served(self, ask: Ask) -> DeskAnswer:
        try:
            match ask:
                case SendLogs(code):
                    return self._send_logs(code)
                case ListQuestions():
                    return DeskAnswer(
                        "listed", questions=tuple(map(_asked, self._open_questions()[:_MOST_LISTED]))
                    )
                case AnswerQuestion(order, is_granted):
                    return self._answer(order, is_granted=is_granted)
        except CanopeeError as error:
            _log.warning("the desk: %s", error)
            return DeskAnswer("fault", error.message[:_LONGEST_DETAIL])

    def _send_logs(self, code: str) -> DeskAnswer:
        if not (dictated := written(code)):
            return DeskAnswer("wrong_code")
        try:
            with self._link() as link:
                claimed = claim(self._state, link, self._clock, dictated)
        except (RejectedError, UnreachableError, StateError) as error:
            _log.warning("a code was typed on this PC, and did not serve: %s", error)
            return _unclaimed(error)
        _log.info("the user of this PC sends its logs: request %s", claimed.request_id)
        return DeskAnswer("sending", claimed.request_id)

    def _open_questions(self) -> list[Question]:
        if not (path := self._state / QUESTIONS).is_file():
            return []
        questions = Questions(path, self._clock)
        try:
            return questions.open()
        finally:
            questions.close()

    def _answer(self, order: str, *, is_granted: bool) -> DeskAnswer:
        found = [one for one in self._open_questions() if one.order_id.startswith(order)]
        if len(found) != 1:
            return DeskAnswer("several" if found else "no_question")
        questions = Questions(self._state / QUESTIONS, self._clock)
        try:
            if not questions.answer(found[0].order_id, is_granted=is_granted):
                return DeskAnswer("no_question")
        finally:
            questions.close()
        _log.info("order %s: answered at the desk: %s", found[0].order_id, "yes" if is_granted else "no")
        return DeskAnswer("agreed" if is_granted else "refused")


def _unclaimed(error: RejectedError | UnreachableError | StateError) -> DeskAnswer:
    if isinstance(error, UnreachableError):
        if error.retry_after_s is None:
            return DeskAnswer("unreachable")
        return DeskAnswer("wait", str(max(1, round(error.retry_after_s / 60))))
    if isinstance(error, StateError) or error.problem.code in _EXPIRED:
        return DeskAnswer("not_ready")
    if error.problem.code == _UNKNOWN_CODE:
        return DeskAnswer("wrong_code")
    return DeskAnswer("rejected", error.problem.code[:_LONGEST_DETAIL])


def _asked(question: Question) -> Asked:
    return Asked(question.order_id, question.asked_at, question.text[:_LONGEST_TEXT])


def claim(state: Path, link: ServerLink, clock: Clock, code: str) -> CodeClaimed:
    """Use up a code for this PC, beside the agent that runs: with its token, and none of its counters.

    Raises:
        StateError: this PC is not enrolled.
        RejectedError: the server does not know the code, or it was used or is too old.
        UnreachableError: the server cannot be reached now.
    """
    server = Server(link, IdentityStore(state), clock)
    if not server.is_enrolled:
        raise StateError("this PC is not enrolled yet")
    return server.claim_log_code(code)
