"""`canopee publish FILE…`: sign pipelines and fact sources with offline keys, and publish them."""

import argparse
from pathlib import Path

from canopee.errors import UsageError
from canopee.home import add_home, connect, home_of
from canopee.key_signing import propose_targets
from canopee.output import print_json
from canopee.parsing import Commands
from canopee.publishing import awaiting, is_reference, publish, publish_first, read_target, targets_of


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("publish", help="sign pipelines and fact sources offline, and publish them")
    parser.add_argument(
        "what", nargs="*", metavar="FILE|NAME@VERSION",
        help="YAML files (type: pipeline, or type: fact_sources); or what awaits a signature, as `canopee awaiting` "
        "lists it",
    )  # fmt: skip
    parser.add_argument("--keys", type=Path, help="key folder (default: keys/ of the home)")
    parser.add_argument("--first", action="store_true", help="publish the first metadata of a new key folder")
    parser.add_argument(
        "--out", type=Path, help="proposal, where a role needs several signatures: canopee keys sign"
    )
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    keys: Path = arguments.keys or home_of(arguments).keys
    with connect(arguments) as client:
        if arguments.first:
            print_json(publish_first(client, keys))
        files = [Path(one) for one in arguments.what if not is_reference(one)]
        others = [awaiting(client, one) for one in arguments.what if is_reference(one)]
        targets = dict(read_target(path) for path in files) | targets_of(client, others)
        if arguments.what and arguments.out:
            return propose_targets(client, targets, arguments.out)
        if arguments.what:
            print_json(publish(client, keys, targets) or "unchanged")
    if not arguments.first and not arguments.what:
        raise UsageError("name files to publish, what awaits a signature, or --first")
    return 0
