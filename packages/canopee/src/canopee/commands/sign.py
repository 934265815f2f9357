"""`canopee sign FILE`: approve a campaign with an approver's key."""

import argparse
from pathlib import Path

from canopee.approval import signed
from canopee.documents import read_bytes
from canopee.errors import FailedError
from canopee.home import add_home, home_of
from canopee.parsing import Commands
from canopee_trust.ceremony import read_approvers


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("sign", help="approve a campaign document with an approver's key")
    parser.add_argument(
        "file", type=Path, help="campaign (YAML or JSON), or an envelope that needs one more signature"
    )
    parser.add_argument("--approver", default="approver-1", help="name of the key in offline/")
    parser.add_argument("--keys", type=Path, help="key folder (default: keys/ of the home)")
    parser.add_argument("--out", type=Path, required=True, help="envelope to write")
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    keys: Path = arguments.keys or home_of(arguments).keys
    key = read_approvers(keys / "offline", (arguments.approver,))[0].key
    envelope = signed(read_bytes(arguments.file), arguments.file, key)
    try:
        arguments.out.write_bytes(envelope)
    except OSError as error:
        raise FailedError(f"{arguments.out}: {error.strerror}") from error
    return 0
