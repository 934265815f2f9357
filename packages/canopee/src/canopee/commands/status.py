"""`canopee status`: the fleet in a few numbers."""

import argparse
from typing import Any

import msgspec

from canopee.home import add_home, connect
from canopee.output import print_json, printable
from canopee.parsing import Commands


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("status", help="the fleet in a few numbers")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        status: dict[str, Any] = {"url": client.url, **msgspec.to_builtins(client.status())}
    if arguments.json:
        print_json(status)
        return 0
    if stopped := status.pop("standstill"):
        said = f"EVERYTHING IS STOPPED since {stopped['since']} by {stopped['by']}: {stopped['reason']}"
        print(printable(said))  # noqa: T201  the output of the command
    for freeze in status.pop("freezes"):
        name = "FROZEN" if freeze["state"] == "now" else "freeze ahead:"
        which = "everything" if freeze["collects"] else "actions"
        said = f"{name} from {freeze['from']} to {freeze['to']} ({which}): {freeze['reason']}"
        print(printable(said))  # noqa: T201  the output of the command
    if work := status.pop("work"):
        print(_said(work))  # noqa: T201  the output of the command
    for name, value in status.items():
        print(f"{name.replace('_', ' '):16} {printable(str(value))}")  # noqa: T201  the output of the command
    return 0


def _said(work: dict[str, Any]) -> str:
    """A line about the work behind the doors; an alarm when nobody does it."""
    if work["state"] == "stopped":
        return (
            f"NO WORKER IS ALIVE, for {work['silent_s']:.0f} s: campaigns and retention stand still; "
            "start `canopee worker`, or an API process with CANOPEE_WORKER=yes"
        )
    text = f"{work['workers']} workers, {work['waiting']} jobs waiting"
    failing = f", {work['retrying']} tried again, {work['failed']} failed: see `canopee jobs`"
    return f"{'work':16} {work['state']}: {text}{failing if work['state'] == 'failing' else ''}"
