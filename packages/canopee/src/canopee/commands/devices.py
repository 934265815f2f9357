"""`canopee devices`: the table of PCs; `--csv`: all of it as a file. `canopee fleet`: where they stand."""

import argparse
import sys
from collections.abc import Mapping, Sequence

import msgspec
from rich.console import Console

from canopee.documents import read_condition
from canopee.home import add_home, connect
from canopee.output import print_list, print_object
from canopee.parsing import Commands
from canopee_client.client import Client
from canopee_contract.fleet import WATCHES

_SHOWN = (
    "id",
    "hostname",
    "practice_id",
    "platform",
    "agent_version",
    "state",
    "tags",
    "simulated",
    "last_seen_at",
)
_LISTED = {
    "practice": "of this practice", "state": "online, late, offline, suspect or revoked",
    "platform": "windows or linux",
    "agent-version": "whose agent is of this version", "tag": "with this tag", "os": "whose fact os.name is this",
    "product": "whose fact product.version is this", "watch": ", ".join(WATCHES),
}  # fmt: skip


class Count(msgspec.Struct):
    """One value of a column, as a person reads it."""

    filter: str
    value: str
    devices: int


def add_to(commands: Commands) -> None:
    """Both commands."""
    parser = commands.add_parser("devices", help="PCs")
    parser.add_argument("--q", default="", help="part of the name, of the practice's id or name, or of the id")
    for name, told in _LISTED.items():
        parser.add_argument(
            f"--{name}", action="append", default=[], help=f"only those {told}; repeat it for more"
        )
    parser.add_argument(
        "--condition", default="", help="for which this holds: YAML or JSON file, or the JSON itself"
    )
    parser.add_argument(
        "--sort", default="hostname", help="a column, or fact:<name>; --sort=-last_seen turns it round"
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON value on standard output")
    shape.add_argument("--csv", action="store_true", help="CSV with every fact, on standard output")
    shape.add_argument("--excel", action="store_true", help="CSV as a French Excel opens it")
    shape.add_argument("--counts", action="store_true", help="how many have each value, instead of the PCs")
    add_home(parser)
    parser.set_defaults(run=_devices)
    parser = commands.add_parser("fleet", help="the fleet in a few numbers, and what to look at")
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")
    add_home(parser)
    parser.set_defaults(run=_fleet)


def _filters(arguments: argparse.Namespace) -> dict[str, str | Sequence[str]]:
    names = [name.replace("-", "_") for name in _LISTED]
    condition = msgspec.json.encode(read_condition(arguments.condition)).decode() if arguments.condition else ""
    given: Mapping[str, str | Sequence[str]] = {
        "q": arguments.q, "condition": condition, **{name: getattr(arguments, name) for name in names},
    }  # fmt: skip
    return {name: value for name, value in given.items() if value}


def _devices(arguments: argparse.Namespace) -> int:
    filters = _filters(arguments)
    client: Client
    with connect(arguments) as client:
        if arguments.csv or arguments.excel:
            for part in client.export_devices(sort=arguments.sort, excel=arguments.excel, **filters):
                sys.stdout.buffer.write(part)
        elif arguments.counts:
            found = client.device_facets(**filters)
            lines = [Count(name, one.value, one.devices) for name, many in found.facets.items() for one in many]
            print_list(lines, ("filter", "value", "devices"), as_json=False)
            Console(stderr=True).print(f"{found.total} of {found.fleet} PCs", style="dim")
        else:
            print_list(client.devices(sort=arguments.sort, **filters), _SHOWN, as_json=arguments.json)
    return 0


def _fleet(arguments: argparse.Namespace) -> int:
    client: Client
    with connect(arguments) as client:
        print_object(client.fleet_overview(), as_json=arguments.json)
    return 0
