"""`canopee sign WHAT`: approve a campaign with an approver's key, or sign and publish what awaits a signature."""

import argparse
from pathlib import Path

from canopee.approval import signed
from canopee.documents import read_bytes
from canopee.errors import FailedError, UsageError
from canopee.home import add_home, connect, home_of
from canopee.key_files import passphrase
from canopee.key_signing import propose_targets
from canopee.output import print_json
from canopee.parsing import Commands
from canopee.publishing import awaiting, is_reference, publish_awaiting, targets_of
from canopee_trust.ceremony import read_approvers


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("sign", help="approve a campaign document, or sign a pipeline that awaits it")
    parser.add_argument(
        "what",
        help="file of a campaign (YAML or JSON, or an envelope that needs one more signature); or NAME@VERSION, or a "
        "SHA-256, of what awaits a signature",
    )
    parser.add_argument("--sha256", default="", help="sign these bytes and no others")
    parser.add_argument("--approver", default="approver-1", help="name of the key in offline/")
    parser.add_argument("--keys", type=Path, help="key folder (default: keys/ of the home)")
    parser.add_argument(
        "--out",
        type=Path,
        help="file to write: the envelope of a campaign; a proposal, where a role needs several signatures",
    )
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    keys: Path = arguments.keys or home_of(arguments).keys
    if not is_reference(arguments.what):
        return _approve(arguments, Path(arguments.what), keys)
    with connect(arguments) as client:
        found = awaiting(client, arguments.what)
        if arguments.sha256 and found.sha256 != arguments.sha256.lower():
            raise UsageError(f"{found.id} awaits a signature of {found.sha256}, which is not what was asked for")
        if arguments.out:
            return propose_targets(client, targets_of(client, [found]), arguments.out)
        print_json(publish_awaiting(client, keys, [found]))
    return 0


def _approve(arguments: argparse.Namespace, file: Path, keys: Path) -> int:
    if not arguments.out:
        raise UsageError("--out: name the envelope to write; or sign NAME@VERSION, as `canopee awaiting` lists it")
    key = read_approvers(keys / "offline", (arguments.approver,), passphrase)[0].key
    envelope = signed(read_bytes(file), file, key)
    try:
        arguments.out.write_bytes(envelope)
    except OSError as error:
        raise FailedError(f"{arguments.out}: {error.strerror}") from error
    return 0
