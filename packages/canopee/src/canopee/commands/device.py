"""`canopee device ID`: one PC with its facts; `--history`: what changed in them."""

import argparse
from datetime import datetime

import msgspec

from canopee.home import add_home, connect
from canopee.output import print_json, print_list, print_object
from canopee.parsing import Commands
from canopee_client.client import Client
from canopee_contract.condition import Scalar
from canopee_contract.people import FactsChange


class Line(msgspec.Struct):
    """One fact that changed, as a person reads it."""

    at: datetime
    fact: str
    old: Scalar | None
    new: Scalar | None


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("device", help="one device, with everything known")
    parser.add_argument("id")
    parser.add_argument("--history", action="store_true", help="what changed in its facts instead, newest first")
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    client: Client
    with connect(arguments) as client:
        if not arguments.history:
            print_object(client.device(arguments.id), as_json=arguments.json)
            return 0
        history = list(client.facts_history(arguments.id))
    if arguments.json:
        print_json(history)
    else:
        print_list(lines_of(history), ("at", "fact", "old", "new"), as_json=False)
    return 0


def lines_of(history: list[FactsChange]) -> list[Line]:
    """One line a fact, in the order of the history."""
    return [
        Line(change.at, name, fact.old, fact.new) for change in history for name, fact in change.changes.items()
    ]
