"""`canopee tag`: give tags to PCs and take them back; `canopee note`: write about a PC."""

import argparse

from canopee.home import add_home, connect
from canopee.output import print_list, print_object
from canopee.parsing import Commands
from canopee_client.client import Client
from canopee_contract.fleet import DeviceQuery, NewSelection, TagChange


def add_to(commands: Commands) -> None:
    """Both commands."""
    parser = commands.add_parser("tag", help="give tags to PCs, and take them back; without a PC: the tags in use")
    parser.add_argument("device", nargs="*", help="ids of PCs")
    parser.add_argument("--all-of", metavar="TAG", default="", help="every PC with this tag, instead")
    parser.add_argument("--add", action="append", default=[], metavar="TAG", help="repeat it for more")
    parser.add_argument("--remove", action="append", default=[], metavar="TAG", help="repeat it for more")
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")
    add_home(parser)
    parser.set_defaults(run=_tag)
    parser = commands.add_parser("note", help="write something about a PC; without a text: what was written")
    parser.add_argument("device", help="its id")
    parser.add_argument("text", nargs="?", default="")
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")
    add_home(parser)
    parser.set_defaults(run=_note)


def _tag(arguments: argparse.Namespace) -> int:
    client: Client
    with connect(arguments) as client:
        if not arguments.device and not arguments.all_of and not arguments.add and not arguments.remove:
            print_list(client.tags(), ("id", "devices"), as_json=arguments.json)
            return 0
        selection = ""
        if arguments.all_of:
            selection = client.select(NewSelection(query=DeviceQuery(tag=[arguments.all_of]))).id
        change = TagChange(
            selection=selection, device_ids=arguments.device, add=arguments.add, remove=arguments.remove
        )
        print_object(client.change_tags(change), as_json=arguments.json)
    return 0


def _note(arguments: argparse.Namespace) -> int:
    client: Client
    with connect(arguments) as client:
        if arguments.text:
            print_object(client.write_note(arguments.device, arguments.text), as_json=arguments.json)
        else:
            print_list(client.notes(arguments.device), ("at", "author", "text"), as_json=arguments.json)
    return 0
