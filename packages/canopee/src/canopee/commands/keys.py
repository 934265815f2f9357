"""`canopee keys`: `dev-init` for development, `add-role` for a role that a folder has not, `rotate`, `status`."""

import argparse
import base64
from pathlib import Path

from canopee.home import add_home, connect, home_of
from canopee.output import print_json, print_list
from canopee.parsing import Commands
from canopee_kit.clock import SystemClock
from canopee_trust.ceremony import add_role, make_lab_keys
from canopee_trust.rotation import ROTATED, adopt, rotate

_COLUMNS = ("role", "state", "days_left", "expires_at", "threshold", "keyids", "version")


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("keys", help="make keys, and see how long they hold")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    made = actions.add_parser("dev-init", help="a whole key folder for development, every key marked as such")
    made.add_argument("--out", type=Path, required=True, help="folder to make")
    made.set_defaults(run=_dev_init)
    added = actions.add_parser(
        "add-role", help="make the key of one role more, and publish it with that of targets"
    )
    added.add_argument("role", choices=("agent", "tools"))
    added.add_argument("--keys", type=Path, help="key folder (default: keys/ of the home)")
    add_home(added)
    added.set_defaults(run=_add_role)
    rotated = actions.add_parser(
        "rotate", help="a new key for a role, published with the signature of the old one"
    )
    rotated.add_argument("role", choices=ROTATED)
    rotated.add_argument("--keys", type=Path, help="key folder (default: keys/ of the home)")
    add_home(rotated)
    rotated.set_defaults(run=_rotate)
    status = actions.add_parser("status", help="who signs each role, and how long it holds; 1 if one is expired")
    status.add_argument("--json", action="store_true", help="one JSON object")
    add_home(status)
    status.set_defaults(run=_status)


def _rotate(arguments: argparse.Namespace) -> int:
    keys: Path = arguments.keys or home_of(arguments).keys
    role: str = arguments.role
    with connect(arguments) as client:
        newest = {name: base64.b64decode(raw) for name, raw in client.trust().roles.items()}
        publication = rotate(newest, role, keys / "offline", SystemClock().now())
        published = client.publish(publication) if publication.metadata else None
    adopt(role, keys / "offline")
    print_json(published or "unchanged")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        life = client.key_life()
    if arguments.json:
        print_json(life)
    else:
        print_list(life.roles, _COLUMNS, as_json=False)
    return int(life.state == "expired")


def _add_role(arguments: argparse.Namespace) -> int:
    keys: Path = arguments.keys or home_of(arguments).keys
    with connect(arguments) as client:
        newest = {role: base64.b64decode(raw) for role, raw in client.trust().roles.items()}
        print_json(client.publish(add_role(newest, arguments.role, keys / "offline", SystemClock().now())))
    return 0


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
