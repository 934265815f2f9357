"""What whoever sits at a PC may do of its agent: answer what support asks, send logs with a code that was dictated."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from canopee_agent.engine.questions import Question, Questions
from canopee_agent.errors import RejectedError, StateError
from canopee_agent.service.config import QUESTIONS, Home
from canopee_agent.service.identity import IdentityStore
from canopee_agent.service.link import HttpLink
from canopee_agent.service.server import Server
from canopee_agent.service_ports import ServerLink
from canopee_contract.log_codes import CodeClaimed, written
from canopee_kit.clock import Clock, SystemClock

HomeOf: TypeAlias = Callable[[argparse.Namespace], Home]
_EXPIRED = frozenset({"token.expired", "token.malformed"})
_ABSENT = "the agent of this PC does not run, or has not called its server for an hour: start its service first"


def add_to(actions: Any, home_of: HomeOf) -> list[argparse.ArgumentParser]:  # noqa: ANN401  argparse keeps its type to itself
    """`consent` and `send-logs`; both want a home."""
    consent = actions.add_parser("consent", help="list what support asks of this PC, and answer it")
    answer = consent.add_mutually_exclusive_group()
    answer.add_argument("--yes", metavar="ORDER", help="agree; the beginning of its number does")
    answer.add_argument("--no", metavar="ORDER", help="refuse")
    consent.set_defaults(action=partial(_consent, home_of))
    send = actions.add_parser(
        "send-logs", help="send the logs of this PC, with the code that support has dictated"
    )
    send.add_argument("--code", required=True, help="such as ABCD-EFGH")
    send.set_defaults(action=partial(_send_logs, home_of))
    return [consent, send]


def _consent(home_of: HomeOf, arguments: argparse.Namespace) -> int:
    path = home_of(arguments).state / QUESTIONS
    if not path.is_file():
        sys.stdout.write("nothing is asked of this PC\n")
        return 0
    questions = Questions(path, SystemClock())
    try:
        given = arguments.yes or arguments.no
        if given is None:
            sys.stdout.write(listed(questions.open()))
            return 0
        question = chosen(questions.open(), given)
        if not questions.answer(question.order_id, is_granted=bool(arguments.yes)):
            raise StateError(f"{question.order_id} was answered meanwhile")
        sys.stdout.write("agreed: it is collected and sent\n" if arguments.yes else "refused: nothing is read\n")
        return 0
    finally:
        questions.close()


def listed(questions: list[Question]) -> str:
    """Open questions, for a person."""
    if not questions:
        return "nothing is asked of this PC\n"
    shown = [
        f"{one.order_id}, asked at {one.asked_at.astimezone():%Y-%m-%d %H:%M}\n  "
        + one.text.replace("\n\n", "\n").replace("\n", "\n  ")
        for one in questions
    ]
    return "\n".join([*shown, "Answer: canopee-agent consent --yes ORDER, or --no ORDER\n"])


def chosen(questions: list[Question], start: str) -> Question:
    """The open question whose order begins so; raises `StateError` for none, and for several."""
    found = [one for one in questions if start and one.order_id.startswith(start)]
    if len(found) == 1:
        return found[0]
    what = "several questions begin" if found else "no open question begins"
    raise StateError(f"{what} with {start!r}: canopee-agent consent lists them")


def _send_logs(home_of: HomeOf, arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    config = home.config()
    link = HttpLink(config.server_url, home.folder / config.ca_file if config.ca_file else None)
    claimed = claim(home, link, SystemClock(), arguments.code)
    sys.stdout.write(f"the logs of this PC are being collected and sent (request {claimed.request_id})\n")
    return 0


def claim(home: Home, link: ServerLink, clock: Clock, code: str) -> CodeClaimed:
    """Use up a code for this PC, beside the agent that runs: with its token, and none of its counters.

    Raises:
        StateError: it can be no code, this PC is not enrolled, or its agent does not run.
        RejectedError: the server does not know the code, or it was used or is too old.
        UnreachableError: the server cannot be reached now.
    """
    if not written(code):
        raise StateError(f"{code!r} is no code: it has eight letters and digits, such as ABCD-EFGH")
    server = Server(link, IdentityStore(home.state), clock)
    if not server.is_enrolled:
        raise StateError("this PC is not enrolled: its agent must have called its server first")
    try:
        return server.claim_log_code(written(code))
    except RejectedError as error:
        if error.problem.code in _EXPIRED:
            raise StateError(_ABSENT) from error
        raise
