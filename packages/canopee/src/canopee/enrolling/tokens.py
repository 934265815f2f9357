"""`canopee enrol token | tokens | revoke`: what lets PCs enrol."""

import argparse
import csv
import io
import os
from datetime import UTC
from pathlib import Path

from canopee.errors import UsageError
from canopee.home import add_home, connect
from canopee.output import print_json, print_list, print_object
from canopee.parsing import Commands
from canopee.quantities import duration
from canopee_contract.people import EnrolmentTokens, NewEnrolmentTokens

_COLUMNS = (
    "id", "label", "practice_id", "practice_pattern", "needs_approval", "tokens", "uses", "left", "waiting", "state",
    "expires_at",
)  # fmt: skip


def add_to(actions: Commands) -> None:
    """The three actions."""
    made = actions.add_parser("token", help="make tokens; they are shown this once")
    made.add_argument("--count", type=int, default=1, metavar="N", help="so many (default: 1)")
    made.add_argument("--uses", type=int, default=1, metavar="K", help="PCs that each may enrol (default: 1)")
    made.add_argument("--expires", type=duration, default="1d", metavar="30d", help="good for (s, m, h, d, w)")
    who = made.add_mutually_exclusive_group()
    who.add_argument("--practice", default="", metavar="ID", help="practice of every PC")
    who.add_argument(
        "--practice-pattern", default="", metavar="GLOB",
        help="practices that a PC may name, as 'FR-69-*': * is any text, ? one character",
    )  # fmt: skip
    made.add_argument("--needs-approval", action="store_true", help="each PC waits until it is approved")
    made.add_argument("--label", default="", help="for people: which installer or delivery they are for")
    made.add_argument("--out", type=Path, metavar="FILE.csv", help="write them there, for the owner's eyes only")
    _add_common(made)
    made.set_defaults(run=_token)
    listed = actions.add_parser("tokens", help="tokens that were made, and what is left of them")
    listed.add_argument("--all", action="store_true", help="those that are over too")
    _add_common(listed)
    listed.set_defaults(run=_tokens)
    revoked = actions.add_parser("revoke", help="end tokens; the PCs that they enrolled stay")
    revoked.add_argument("id", help="as `canopee enrol tokens` lists them")
    _add_common(revoked)
    revoked.set_defaults(run=_revoke)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")
    add_home(parser)


def _token(arguments: argparse.Namespace) -> int:
    out: Path | None = arguments.out
    if out is not None and out.exists():
        raise UsageError(f"{out} is there already: tokens are not written over anything, name another file")
    new = NewEnrolmentTokens(
        arguments.count, arguments.practice, arguments.expires, uses=arguments.uses, label=arguments.label,
        practice_pattern=arguments.practice_pattern, needs_approval=arguments.needs_approval,
    )  # fmt: skip
    with connect(arguments) as client:
        made = client.mint_tokens(new)
    if out is not None:
        _write(out, table_of(made, new))
    if arguments.json:
        print_json(made)
    elif out is None:
        print(*made.tokens, sep="\n")  # noqa: T201  the output of the command
    else:
        print(f"{len(made.tokens)} tokens in {out}; revoke them: canopee enrol revoke {made.id}")  # noqa: T201  as above
    return 0


def table_of(made: EnrolmentTokens, new: NewEnrolmentTokens) -> str:
    """The tokens as CSV, a line each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("token", "practice", "uses", "expires_at", "label"))
    expires_at = made.expires_at.astimezone(UTC).isoformat(timespec="seconds")
    for token in made.tokens:
        writer.writerow((token, new.practice_id or new.practice_pattern, new.uses, expires_at, new.label))
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    """A new file that only its owner can read."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _tokens(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        held = [one for one in client.token_batches() if arguments.all or one.state == "active"]
    print_list(held, _COLUMNS, as_json=arguments.json)
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        print_object(client.revoke_tokens(arguments.id), as_json=arguments.json)
    return 0
