"""`canopee keys dev-init`: keys for development."""

import argparse
from pathlib import Path

from canopee.parsing import Commands
from canopee_kit.clock import SystemClock
from canopee_trust.ceremony import make_lab_keys


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("keys", help="make keys")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    made = actions.add_parser("dev-init", help="a whole key folder for development, every key marked as such")
    made.add_argument("--out", type=Path, required=True, help="folder to make")
    made.set_defaults(run=_dev_init)


def _dev_init(arguments: argparse.Namespace) -> int:
    make_lab_keys(arguments.out, SystemClock().now())
    print(  # noqa: T201  the output of the command
        f"{arguments.out}: development keys made.\n"
        "  offline/   signs pipelines, the policy and campaigns: keep it away from the server\n"
        "  online/    what the API needs\n"
        "  root.json  goes to every agent, which pins it\n"
        "Agents accept them only where their local policy says accept_lab_keys = true."
    )
    return 0
