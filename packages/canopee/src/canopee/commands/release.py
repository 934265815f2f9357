"""`canopee release publish|list|show|widen|halt`: new versions of the agent, given by standing campaigns."""

import argparse
from pathlib import Path

from canopee.errors import UsageError
from canopee.home import add_home, connect, home_of
from canopee.output import print_list, print_object
from canopee.parsing import Commands
from canopee.quantities import basis_points
from canopee.releasing import Publisher, read_release
from canopee_client.client import Client
from canopee_contract.release_views import Release
from canopee_kit.clock import SystemClock

_COLUMNS = ("id", "release_seq", "state", "reach_bp", "on_version", "waiting", "failed", "published_at")


def add_to(commands: Commands) -> None:
    """The command and its verbs."""
    parser = commands.add_parser("release", help="new versions of the agent, given to the fleet")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    publish = actions.add_parser(
        "publish", help="check, upload and sign a release, and have it stand for the fleet"
    )
    publish.add_argument("file", type=Path, help="canopee-agent-<version>-<platform>.zip")
    publish.add_argument("--first", default="100%", metavar="N%", help="part of the fleet that gets it first")
    publish.add_argument(
        "--min-release-seq", type=int, metavar="N", help="withdraw for good the releases with a lower release_seq"
    )
    publish.set_defaults(run=_publish)
    widen = actions.add_parser("widen", help="give a release to more of the fleet, or again after a halt")
    widen.add_argument("version", help="VERSION, or PLATFORM/VERSION")
    widen.add_argument("--to", required=True, metavar="N%", help="part of the fleet")
    widen.set_defaults(run=_widen)
    for name, run, said in (("halt", _halt, "give a release to no other PC"), ("show", _show, "one release")):
        action = actions.add_parser(name, help=said)
        action.add_argument("version", help="VERSION, or PLATFORM/VERSION")
        action.set_defaults(run=run)
    listed = actions.add_parser("list", help="releases, and where the fleet stands with each")
    listed.set_defaults(run=_list)
    for action in (publish, widen):
        action.add_argument("--keys", type=Path, help="key folder (default: keys/ of the home)")
        action.add_argument(
            "--approver", action="append", metavar="NAME", help="key that signs the campaign (default: approver-1)"
        )
    for action in actions.choices.values():
        action.add_argument("--json", action="store_true", help="JSON on standard output")
        add_home(action)


def _publish(arguments: argparse.Namespace) -> int:
    reach_bp, built = basis_points(arguments.first), read_release(arguments.file)
    with connect(arguments) as client:
        publisher = _publisher(arguments, client)
        info = publisher.publish(built, min_release_seq=arguments.min_release_seq)
        _print(publisher.give(info, reach_bp), arguments)
    return 0


def _widen(arguments: argparse.Namespace) -> int:
    reach_bp = basis_points(arguments.to)
    with connect(arguments) as client:
        publisher = _publisher(arguments, client)
        release = _named(client, arguments.version)
        _print(publisher.give(publisher.info(release), reach_bp, again=True), arguments)
    return 0


def _halt(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        publisher = Publisher(client, Path(), SystemClock(), ())
        _print(publisher.halt(_named(client, arguments.version).path), arguments)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        _print(_named(client, arguments.version), arguments)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        print_list(client.releases(), _COLUMNS, as_json=arguments.json)
    return 0


def _publisher(arguments: argparse.Namespace, client: Client) -> Publisher:
    keys: Path = arguments.keys or home_of(arguments).keys
    return Publisher(client, keys / "offline", SystemClock(), arguments.approver or ("approver-1",))


def _named(client: Client, version: str) -> Release:
    """The release `VERSION` or `PLATFORM/VERSION`; raises `UsageError`."""
    found = [release for release in client.releases() if version in {release.id, release.version}]
    if not found:
        raise UsageError(f"{version} is not published: see `canopee release list`")
    if len(found) > 1:
        raise UsageError(
            f"{version} is published for several platforms: name {' or '.join(one.id for one in found)}"
        )
    return found[0]


def _print(release: Release, arguments: argparse.Namespace) -> None:
    print_object(release, as_json=arguments.json)
