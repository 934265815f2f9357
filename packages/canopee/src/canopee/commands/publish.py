"""`canopee publish FILE…`: sign pipelines and fact sources with offline keys, and publish them."""

import argparse
from pathlib import Path

from canopee.errors import UsageError
from canopee.home import add_home, connect, home_of
from canopee.output import print_json
from canopee.parsing import Commands
from canopee.publishing import publish_files, publish_first


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("publish", help="sign pipelines and fact sources offline, and publish them")
    parser.add_argument("files", type=Path, nargs="*", help="YAML files: type: pipeline, or type: fact_sources")
    parser.add_argument("--keys", type=Path, help="key folder (default: keys/ of the home)")
    parser.add_argument("--first", action="store_true", help="publish the first metadata of a new key folder")
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    keys: Path = arguments.keys or home_of(arguments).keys
    with connect(arguments) as client:
        if arguments.first:
            print_json(publish_first(client, keys))
        if arguments.files:
            published = publish_files(client, keys, arguments.files)
            print_json(published or "unchanged")
    if not arguments.first and not arguments.files:
        raise UsageError("name files to publish, or --first")
    return 0
