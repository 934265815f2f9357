"""`canopee match --condition FILE`: whom a condition reaches now, how many pass each test, why not this one."""

import argparse
import sys
from collections.abc import Iterable

from rich.console import Console

from canopee.documents import read_condition
from canopee.home import add_home, connect
from canopee.output import print_json, print_list
from canopee.parsing import Commands
from canopee_client.client import Client
from canopee_contract.matching import Match, Matched, Why

_SHOWN = 20


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("match", help="the PCs for which a condition holds now")
    parser.add_argument("--condition", required=True, help="YAML or JSON file, or the JSON itself")
    parser.add_argument(
        "--why", metavar="DEVICE", help="each test on this PC: does it hold, and what does the PC have"
    )
    parser.add_argument("--ids", action="store_true", help="every id, one a line, and nothing else")
    parser.add_argument("--json", action="store_true", help="one JSON array of ids; with --why, the object")
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    condition = read_condition(arguments.condition)
    client: Client
    with connect(arguments) as client:
        if arguments.why:
            _print_why(client.why(condition, arguments.why), as_json=arguments.json)
        elif arguments.json:
            print_json(client.match(condition).device_ids)
        elif arguments.ids:
            _print_lines(client.match(condition).device_ids)
        else:
            _print_counts(client.match_page(Match(condition, _SHOWN)))
    return 0


def _print_why(why: Why, *, as_json: bool) -> None:
    if as_json:
        print_json(why)
        return
    print_list(why.tests, ("at", "test", "holds", "fact"), as_json=False)
    _print_lines([f"the condition {'holds' if why.holds else 'does not hold'} for {why.device_id}"])
    if why.obstacle:
        _print_lines([f"orders never reach it: {why.obstacle}"])


def _print_counts(matched: Matched) -> None:
    print_list(matched.tests, ("at", "test", "devices"), as_json=False)
    _print_lines([f"{matched.total} of {matched.fleet} PCs", *matched.device_ids])
    if matched.next:
        Console(stderr=True).print("… `--ids` lists them all", style="dim")


def _print_lines(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
