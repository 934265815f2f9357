"""`canopee freeze add | list | remove`: the freeze calendar, during which no action is given to anybody."""

import argparse

from canopee.home import add_home, connect
from canopee.output import print_list, print_object
from canopee.parsing import Commands
from canopee_contract.freeze import NewFreeze

_COLUMNS = ("id", "state", "from_", "to", "reason", "collects", "created_by")


def add_to(commands: Commands) -> None:
    """The command and its verbs."""
    parser = commands.add_parser("freeze", help="days during which no action is given to the fleet")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    adding = actions.add_parser("add", help="enter a freeze, by the clock on the wall of each practice")
    for name, said in (("from", "when it begins"), ("to", "its last day, or the time when it ends")):
        adding.add_argument(
            f"--{name}",
            required=True,
            dest=f"{name}_",
            metavar="2026-12-24[T18:00]",
            help=f"{said}: a day, or a time",
        )
    adding.add_argument("--reason", required=True, help="why, for everybody who will ask")
    adding.add_argument("--collects", action="store_true", help="collections wait too (default: they go on)")
    adding.set_defaults(run=_add)
    listing = actions.add_parser("list", help="freezes in force and ahead")
    listing.add_argument("--all", action="store_true", help="also those that are over, or were removed")
    listing.set_defaults(run=_list)
    removing = actions.add_parser(
        "remove", help="take a freeze out of the calendar; one that is in force ends now"
    )
    removing.add_argument("id")
    removing.set_defaults(run=_remove)
    for one in (adding, listing, removing):
        one.add_argument("--json", action="store_true", help="JSON on standard output")
        add_home(one)


def _add(arguments: argparse.Namespace) -> int:
    new = NewFreeze(arguments.from_, arguments.to_, arguments.reason, arguments.collects)
    with connect(arguments) as client:
        print_object(client.add_freeze(new), as_json=arguments.json)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        freezes = sorted(client.freezes(state="all" if arguments.all else "open"), key=lambda one: one.begins)
    print_list(freezes, _COLUMNS, as_json=arguments.json)
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        print_object(client.remove_freeze(arguments.id), as_json=arguments.json)
    return 0
