"""`canopee stop-everything | resume-everything`: the emergency stop of the whole fleet."""

import argparse

from canopee.home import add_home, connect
from canopee.output import print_object
from canopee.parsing import Commands


def add_to(commands: Commands) -> None:
    """Both commands."""
    stopping = commands.add_parser(
        "stop-everything", help="emergency: no PC begins anything until resume-everything"
    )
    stopping.add_argument("--reason", required=True, help="why, for everybody who will ask")
    stopping.set_defaults(run=_stop)
    resuming = commands.add_parser("resume-everything", help="go on after stop-everything")
    resuming.set_defaults(run=_resume)
    for one in (stopping, resuming):
        one.add_argument("--json", action="store_true", help="JSON on standard output")
        add_home(one)


def _stop(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        print_object(client.stop_everything(arguments.reason), as_json=arguments.json)
    return 0


def _resume(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        print_object(client.resume_everything(), as_json=arguments.json)
    return 0
