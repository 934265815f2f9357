"""`canopee keys`: make, ceremony, sign, publish, rotate, revoke, status; `dev-init` for development."""

import argparse
import base64
from pathlib import Path

import msgspec

from canopee.home import add_home, connect, home_of
from canopee.key_changes import ceremony, revocation, rotation
from canopee.key_files import ONLINE_NAMES, make, make_online
from canopee.key_signing import merge, publish, show, sign
from canopee.output import print_json, print_list
from canopee.parsing import Commands
from canopee_contract.key_life import RoleLife
from canopee_kit.clock import SystemClock
from canopee_trust.ceremony import add_role, make_lab_keys
from canopee_trust.rotation import ROTATED

_COLUMNS = ("role", "state", "days_left", "expires_at", "threshold", "held_by", "version")


class _Row(RoleLife):
    """A role as the table shows it."""

    held_by: str = ""


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("keys", help="make keys, change them, and see how long they hold")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    _add_making(actions)
    _add_changes(actions)
    _add_proposals(actions)
    status = actions.add_parser("status", help="who signs each role, and how long it holds; 1 if one is expired")
    status.add_argument("--json", action="store_true", help="one JSON object")
    add_home(status)
    status.set_defaults(run=_status)


def _add_making(actions: Commands) -> None:
    lab = actions.add_parser("dev-init", help="a whole key folder for development, every key marked as such")
    lab.add_argument("--out", type=Path, required=True, help="folder to make")
    lab.set_defaults(run=_dev_init)
    made = actions.add_parser("make", help="your own key, locked with a passphrase, and its card for the others")
    made.add_argument("name", help="yours: letters, digits, - _ and .")
    made.add_argument("--out", type=Path, help="key file (default: NAME.key); the card is beside it")
    made.set_defaults(run=make)
    online = actions.add_parser("online", help="on the server: keys that it signs with by itself, and their cards")
    online.add_argument("--only", action="append", choices=ONLINE_NAMES, help="may be repeated (default: all)")
    _add_keys(online)
    online.set_defaults(run=make_online)
    added = actions.add_parser(
        "add-role", help="make the key of one role more, and publish it with that of targets"
    )
    added.add_argument("role", choices=("agent", "tools"))
    _add_keys(added)
    added.set_defaults(run=_add_role)


def _add_changes(actions: Commands) -> None:
    held = actions.add_parser("ceremony", help="a root that people hold, m of n: of a new fleet, or of this one")
    held.add_argument(
        "--cards", type=Path, action="append", required=True, help="card, or folder of cards; may be repeated"
    )
    held.add_argument("--holders", default="", metavar="a,b,c", help="who holds every role that signs")
    held.add_argument("--threshold", type=int, default=0, metavar="M", help="how many of them must sign")
    held.add_argument(
        "--seat", action="append", default=[], metavar="ROLE=M:a,b", help="others for one role; may be repeated"
    )
    held.add_argument("--approvers", default="", metavar="d,e", help="who approves campaigns")
    held.add_argument("--action-approvals", type=int, default=2, metavar="M", help="to act (default: 2)")
    held.add_argument("--collect-approvals", type=int, default=1, metavar="M", help="to collect (default: 1)")
    held.add_argument("--move", action="store_true", help="from the root of the fleet at work (of a lab, mostly)")
    held.add_argument("--out", type=Path, required=True, help="proposal to write")
    add_home(held)
    held.set_defaults(run=ceremony)
    rotated = actions.add_parser("rotate", help="new keys for a role; without options, the one key of a folder")
    rotated.add_argument("role", choices=(*ROTATED, *ONLINE_NAMES))
    rotated.add_argument(
        "--add", type=Path, action="append", default=[], metavar="CARD", help="who sits there too; may be repeated"
    )
    rotated.add_argument(
        "--remove", action="append", default=[], metavar="WHO", help="name or key id; may be repeated"
    )
    rotated.add_argument("--threshold", type=int, default=0, metavar="M", help="how many must sign from now on")
    revoked = actions.add_parser(
        "revoke", help="a key that counts nowhere any more: of a role, approver, director"
    )
    revoked.add_argument("who", help="name or key id: see canopee keys status")
    revoked.add_argument("--replace", type=Path, metavar="CARD", help="who takes all its seats")
    for action, run in ((rotated, rotation), (revoked, revocation)):
        action.add_argument("--out", type=Path, help="proposal for others to sign (default: sign and publish now)")
        _add_keys(action)
        action.set_defaults(run=run)


def _add_proposals(actions: Commands) -> None:
    shown = actions.add_parser("show", help="what a proposal changes, who has signed it; 1 while some are missing")
    signed = actions.add_parser("sign", help="read a proposal, and sign it with your key")
    signed.add_argument("--key", type=Path, required=True, help="key file")
    signed.add_argument("--out", type=Path, help="signed proposal (default: FILE itself)")
    signed.add_argument("--yes", action="store_true", help="it was read: do not ask")
    ended = actions.add_parser("publish", help="publish a proposal that enough have signed")
    ended.add_argument("--out", type=Path, help="of a new fleet: key folder of its API, which gets the root")
    ended.add_argument("--record", type=Path, help="page to print: what changed, digests, who signed")
    for action, run in ((shown, show), (signed, sign), (ended, publish)):
        action.add_argument("file", type=Path, help="proposal")
        add_home(action)
        action.set_defaults(run=run)
    put = actions.add_parser("merge", help="put the signatures of copies of one proposal into the first of them")
    put.add_argument("files", type=Path, nargs="+", help="copies")
    put.set_defaults(run=merge)


def _add_keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keys", type=Path, help="key folder (default: keys/ of the home)")
    add_home(parser)


def _status(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        life = client.key_life()
    if arguments.json:
        print_json(life)
    else:
        rows = [_Row(**msgspec.structs.asdict(role), held_by=_held_by(role)) for role in life.roles]
        print_list(rows, _COLUMNS, as_json=False)
    return int(life.state == "expired")


def _held_by(role: RoleLife) -> str:
    """Names with the ids of their keys; of an older API, ids alone."""
    known = {one.keyid: one for one in role.holders}
    names = [(known[keyid].name if keyid in known else "", keyid) for keyid in role.keyids]
    return ", ".join(f"{name} {keyid}".strip() for name, keyid in names)


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
        "Agents accept them only where their local policy says accept_lab_keys = true.\n"
        "Before real PCs, let people hold the root: canopee keys ceremony --move."
    )
    return 0
