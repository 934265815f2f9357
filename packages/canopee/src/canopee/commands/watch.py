"""`canopee watch [TOPIC …]`: tell what changes, as it changes."""

import argparse
import sys

import msgspec

from canopee.home import add_home, connect
from canopee.parsing import Commands
from canopee_client.client import Client
from canopee_client.errors import NoAnswerError
from canopee_contract.live import LiveEvent
from canopee_kit.clock import SystemClock

_AGAIN_S = 2.0


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("watch", help="tell what changes, as it changes, until Ctrl+C")
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help="devices, runs, campaigns, … (default: all)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--once", action="store_true", help="return after the first change")
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        while True:
            try:
                return _watch(client, arguments)
            except NoAnswerError as error:
                sys.stderr.write(f"{error}; trying again\n")
                SystemClock().sleep(error.retry_after_s or _AGAIN_S)


def _watch(client: Client, arguments: argparse.Namespace) -> int:
    sys.stderr.write("watching\n")
    for event in client.watch():
        if event.topic == "all" or (arguments.topics and event.topic not in arguments.topics):
            continue
        sys.stdout.write(_line(event, as_json=arguments.json) + "\n")
        sys.stdout.flush()
        if arguments.once:
            return 0
    sys.stderr.write("the session has ended: log in again\n")
    return 1


def _line(event: LiveEvent, *, as_json: bool) -> str:
    if as_json:
        return msgspec.json.encode(event).decode()
    return f"{event.topic:<12} {'many' if event.ids is None else ' '.join(event.ids)}"
