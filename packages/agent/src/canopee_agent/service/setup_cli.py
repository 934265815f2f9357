"""`agent.exe setup` and `agent.exe teardown`: answers from the command line, or from the environment.

The environment is for the token: Windows can be told to note every command line, and never notes a variable.
"""

import argparse
import io
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TextIO, cast

from canopee_agent.errors import StateError
from canopee_agent.installed import SERVICE, Installed, installed
from canopee_agent.service.setup import Answers, check, set_up, take_down
from canopee_agent.service_ports import ServiceHost
from canopee_kit import logs
from canopee_kit.clock import SystemClock
from canopee_kit.errors import CanopeeError
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_LONGEST_LOG = 1_048_576
_HELP = {
    "server_url": "address of the server, https://…",
    "enrolment_token": "token that enrols this PC; better in CANOPEE_ENROLMENT_TOKEN",
    "practice_id": "the practice that this PC belongs to",
    "ca_file": "certificate authority of the server, in PEM form",
    "root_file": "root.json, the pinned root of the signed pipelines",
    "policy_file": "policy.toml, what orders may do on this PC",
    "folder": "where the installer lies, or the installer itself: files are named relative to it",
    "delayed_start": "1: start some two minutes after the others",
}


class Actions(Protocol):
    """What `ArgumentParser.add_subparsers` gives."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser: ...  # noqa: A002  its name there


def add_to(actions: Actions) -> None:
    """Add the two commands."""
    setup = actions.add_parser("setup", help="make this folder's agent a service (for installers)")
    for name, sentence in _HELP.items():
        setup.add_argument("--" + name.replace("_", "-"), default="", help=sentence)
    setup.add_argument("--check", action="store_true", help="only say what would be refused")
    setup.add_argument("--no-start", action="store_true", help="leave the service stopped")
    setup.set_defaults(action=_setup)
    teardown = actions.add_parser("teardown", help="stop and remove the service (for installers)")
    teardown.add_argument(
        "--purge", nargs="?", const="1", default="", help="remove the agent's data too, unless 0"
    )
    teardown.set_defaults(action=_teardown)


def answers_of(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Answers:
    """What the command line says, else variables of the same name, such as `CANOPEE_SERVER_URL`."""
    told = {
        name: (getattr(arguments, name) or environment.get(f"CANOPEE_{name.upper()}", "")).strip()
        for name in _HELP
    }
    is_delayed = _is_yes(told.pop("delayed_start"))
    folder = told.pop("folder")
    if folder and Path(folder).is_file():
        folder = str(Path(folder).parent)
    return Answers(**told, folder=folder, is_delayed=is_delayed)


def _is_yes(text: str) -> bool:
    """As installers are told: nothing and 0 are no."""
    return text not in {"", "0"}


def _setup(arguments: argparse.Namespace) -> int:
    place, answers = _place(), answers_of(arguments, os.environ)
    with _noted(place.program / "logs" / "setup.log"):
        try:
            if arguments.check:
                check(answers, place)
            else:
                set_up(answers, place, _host(), starts=not arguments.no_start)
        except CanopeeError as error:
            _log.error("set-up of version %s is refused: %s", place.version, error)
            return 1
    return 0


def _teardown(arguments: argparse.Namespace) -> int:
    take_down(_place(), _host(), purges=_is_yes(arguments.purge))
    return 0


def _place() -> Installed:
    place = installed()
    if place is None:
        raise StateError(f"{sys.executable} lies in no slot: run the agent.exe of slots\\<version>")
    return place


def _host() -> ServiceHost:
    if sys.platform != "win32":
        raise StateError("this command is for Windows; elsewhere the system's package makes the service")
    from canopee_agent.windows.service import WindowsServiceHost  # noqa: PLC0415  exists for one platform

    return WindowsServiceHost(SERVICE, SystemClock())


@contextmanager
def _noted(path: Path) -> Generator[None]:
    """Send the logs to `path` as well: of a silent installation it is all that remains. No secret is ever logged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_long = path.is_file() and path.stat().st_size > _LONGEST_LOG
    with path.open("w" if is_long else "a", encoding="utf-8") as file:
        logs.set_up(stream=cast("TextIO", _Both(file)))
        try:
            yield
        finally:
            logs.set_up()


class _Both(io.TextIOBase):
    """Standard error, and a file."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str, /) -> int:
        for stream in (self._file, sys.stderr):
            stream.write(text)
            stream.flush()
        return len(text)
