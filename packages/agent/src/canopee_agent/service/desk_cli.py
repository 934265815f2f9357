"""What whoever sits at a PC may do of its agent: answer what support asks, send logs with a code that was dictated.

No right is needed, and no file of the agent read: both are asked of the service, at its desk.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from canopee_agent.errors import StateError
from canopee_agent.service.config import Home
from canopee_agent.service.desk import ANSWERS, ASKS
from canopee_agent.service.desk_words import (
    FINE,
    AnswerQuestion,
    Ask,
    DeskAnswer,
    ListQuestions,
    SendLogs,
    speaks_french,
    told,
    worded,
)
from canopee_contract.codec import encode
from canopee_contract.log_codes import written
from canopee_kit.clock import Clock, SystemClock

HomeOf: TypeAlias = Callable[[argparse.Namespace], Home]
_PATIENCE_S, _POLL_S = 100.0, 0.2
"""The service may have to wait for its server that long."""


def add_to(actions: Any, home_of: HomeOf) -> list[argparse.ArgumentParser]:  # noqa: ANN401  argparse keeps its type to itself
    """`consent` and `send-logs`; both want a home."""
    consent = actions.add_parser("consent", help="list what support asks of this PC, and answer it")
    answer = consent.add_mutually_exclusive_group()
    number = "; its number, or the beginning of it, where there are several"
    answer.add_argument("--yes", nargs="?", const="", metavar="NUMBER", help="agree" + number)
    answer.add_argument("--no", nargs="?", const="", metavar="NUMBER", help="refuse" + number)
    consent.set_defaults(action=partial(_consent, home_of))
    send = actions.add_parser(
        "send-logs", help="send the logs of this PC, with the code that support has dictated"
    )
    send.add_argument("--code", required=True, nargs="+", help="such as ABCD-EFGH")
    send.set_defaults(action=partial(_send_logs, home_of))
    return [consent, send]


def _consent(home_of: HomeOf, arguments: argparse.Namespace) -> int:
    is_granted = arguments.yes is not None
    number = arguments.yes if is_granted else arguments.no
    wanted = ListQuestions() if number is None else AnswerQuestion(number[:64], is_granted=is_granted)
    return _say(home_of(arguments).desk, wanted)


def _send_logs(home_of: HomeOf, arguments: argparse.Namespace) -> int:
    code = " ".join(arguments.code)
    if not written(code):
        return _end(worded("no_code", repr(code[:40]), is_french=speaks_french()) + "\n", is_fine=False)
    return _say(home_of(arguments).desk, SendLogs(code[:40]))


def _say(desk: Path, wanted: Ask) -> int:
    is_french = speaks_french()
    try:
        answer = ask(desk, wanted, SystemClock())
    except StateError as error:
        return _end(worded(error.message, is_french=is_french) + "\n", is_fine=False)
    return _end(told(answer, is_french=is_french), is_fine=answer.said in FINE)


def _end(text: str, *, is_fine: bool) -> int:
    """Say it; where the window would close at once, wait until it was read."""
    (sys.stdout if is_fine else sys.stderr).write(text)
    if sys.platform == "win32" and sys.stdin is not None and sys.stdin.isatty():
        from canopee_agent.windows.console import is_alone  # noqa: PLC0415  exists for one platform

        if is_alone():
            sys.stdout.write("\n" + worded("enter", is_french=speaks_french()))
            sys.stdout.flush()
            with suppress(EOFError, KeyboardInterrupt):
                input()
    return 0 if is_fine else 1


def ask(desk: Path, wanted: Ask, clock: Clock) -> DeskAnswer:
    """Leave an ask at the desk and wait for its answer.

    Raises:
        StateError: `absent`, there is no desk; `silent`, nobody answers.
    """
    name = secrets.token_hex(16)
    path, answer = desk / ASKS / f"{name}.ask", desk / ANSWERS / f"{name}.answer"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except OSError as error:
        raise StateError("absent") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(encode(wanted) + b"\n")
    until = clock.monotonic() + _PATIENCE_S
    while clock.monotonic() < until:
        with suppress(OSError):  # not there yet
            return _read(answer)
        clock.sleep(_POLL_S)
    with suppress(OSError):
        path.unlink()
    raise StateError("silent")


def _read(path: Path) -> DeskAnswer:
    try:
        return msgspec.json.decode(path.read_bytes(), type=DeskAnswer)
    except msgspec.DecodeError as error:
        raise StateError("silent") from error
