"""`canopee match --condition FILE`: the PCs for which a condition holds now."""

import argparse

from canopee.documents import read_condition
from canopee.home import add_home, connect
from canopee.output import print_json
from canopee.parsing import Commands
from canopee_client.client import Client


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("match", help="the PCs for which a condition holds now")
    parser.add_argument("--condition", required=True, help="YAML or JSON file, or the JSON itself")
    parser.add_argument("--json", action="store_true", help="one JSON array of ids")
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    client: Client
    with connect(arguments) as client:
        matched = client.match(read_condition(arguments.condition))
    if arguments.json:
        print_json(matched.device_ids)
    else:
        print(*matched.device_ids, sep="\n")  # noqa: T201  the output of the command
    return 0
