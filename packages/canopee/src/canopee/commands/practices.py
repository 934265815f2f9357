"""`canopee practices import | list | show | consent`: the sites of the vendor's customers."""

import argparse
import sys
from pathlib import Path

from canopee.enrolling.practices_file import ENCODINGS, PracticesFile, read_practices
from canopee.errors import UsageError
from canopee.home import add_home, connect
from canopee.output import print_json, print_list, print_object
from canopee.parsing import Commands
from canopee_client.client import Client
from canopee_contract.order import CONSENTS
from canopee_contract.practices import PracticeConsent, PracticesImport, PracticesImported

_COLUMNS = ("id", "name", "postal_code", "city", "time_zone", "state", "devices", "consent")
_SHOWN = 20


def add_to(commands: Commands) -> None:
    """The command with its actions."""
    parser = commands.add_parser("practices", help="practices: import them, list them")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    taken = actions.add_parser("import", help="take over the list of the customer system: all of it, or nothing")
    taken.add_argument("file", type=Path, metavar="FILE.csv")
    taken.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    taken.add_argument("--encoding", choices=ENCODINGS, default="auto")
    taken.add_argument(
        "--deactivate-missing", action="store_true", help="practices that are not in the file are no longer active"
    )
    taken.set_defaults(run=_import)
    listed = actions.add_parser("list", help="practices, with their PCs counted")
    listed.add_argument("--q", default="", metavar="TEXT", help="part of the id, of the name or of the city")
    listed.set_defaults(run=_list)
    shown = actions.add_parser("show", help="one of them")
    shown.add_argument("id")
    shown.set_defaults(run=_show)
    asked = actions.add_parser("consent", help="what users of their PCs are asked before log files leave them")
    asked.add_argument("consent", choices=CONSENTS, help="nothing; they are told; or they must agree")
    asked.add_argument("id", nargs="+")
    asked.set_defaults(run=_consent)
    for one in (taken, listed, shown, asked):
        one.add_argument("--json", action="store_true", help="one JSON value on standard output")
        add_home(one)


def _import(arguments: argparse.Namespace) -> int:
    held = read_practices(arguments.file, arguments.encoding)
    if held.faults:
        raise UsageError(_refusal(arguments.file, held))
    client: Client
    with connect(arguments) as client:
        wanted = PracticesImport(held.practices, arguments.dry_run, arguments.deactivate_missing)
        taken = client.import_practices(wanted)
    if held.ignored:
        sys.stderr.write(f"columns that are not known, and were not read: {', '.join(held.ignored)}\n")
    if arguments.json:
        print_json(taken)
    else:
        print(summary(taken))  # noqa: T201  the output of the command
    return 0


def summary(taken: PracticesImported) -> str:
    """What an import did, in a line or two."""
    head = "nothing was changed; it would be: " if taken.dry_run else ""
    line = f"{head}{taken.created} created, {taken.changed} changed, {taken.unchanged} unchanged"
    if not taken.missing:
        return line
    ids = ", ".join(taken.missing_ids[:_SHOWN]) + (", …" if taken.missing > _SHOWN else "")
    what = "deactivated" if taken.deactivated else "not in the file and still active (see --deactivate-missing)"
    return f"{line}\n{taken.missing} {what}: {ids}"


def _refusal(path: Path, held: PracticesFile) -> str:
    lines = [f"{path}, line {line}: {message}" for line, message in held.faults[:_SHOWN]]
    more = [f"and {len(held.faults) - _SHOWN} more"] if len(held.faults) > _SHOWN else []
    return "nothing was sent.\n" + "\n".join([*lines, *more])


def _list(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        found = client.practices(**({"q": arguments.q} if arguments.q else {}))
        print_list(found, _COLUMNS, as_json=arguments.json)
    return 0


def _consent(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        done = client.set_practice_consent(PracticeConsent(arguments.id, arguments.consent))
        print_object(done, as_json=arguments.json)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        print_object(client.practice(arguments.id), as_json=arguments.json)
    return 0
