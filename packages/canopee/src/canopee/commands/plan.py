"""`canopee plan [FOLDER]` and `canopee apply [FOLDER]`: a catalog folder, kept in git, made the one in force."""

import argparse
from pathlib import Path

from rich.console import Console

from canopee.catalog_folder import is_pending, print_changes, print_faults, print_to_sign, read_folder
from canopee.errors import UsageError
from canopee.home import add_home, connect
from canopee.output import print_json
from canopee.parsing import Commands
from canopee_client.client import Client
from canopee_contract.catalog import ApplyRequest, CatalogFile, CatalogPlan, PlanRequest

PENDING = 5
"""Exit code of `plan --detailed-exitcode` when applying would change something."""


def add_to(commands: Commands) -> None:
    """Both commands."""
    plan = commands.add_parser("plan", help="what applying a catalog folder would change")
    plan.add_argument(
        "--detailed-exitcode", action="store_true", help=f"exit with {PENDING} when there is something to apply"
    )
    apply = commands.add_parser("apply", help="make a catalog folder the one in force: all of it or nothing")
    apply.add_argument(
        "--revision", default="", help="of a plan read before: refused (3) when the catalog has changed"
    )
    for parser, run in ((plan, _plan), (apply, _apply)):
        parser.add_argument("folder", type=Path, nargs="?", default=Path("catalog"), help="default: catalog")
        parser.add_argument(
            "--take-over",
            action="store_true",
            help="also change what is managed in the web interface: git has it then",
        )
        parser.add_argument("--partial", action="store_true", help="what the folder does not declare stays")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
        add_home(parser)
        parser.set_defaults(run=run)


def _plan(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        plan = _planned(client, arguments, read_folder(arguments.folder))
    if arguments.json:
        print_json(plan)
    else:
        console = Console(highlight=False)
        print_changes(plan.changes, console)
        print_to_sign(plan.to_sign, console)
        _note_ignored(plan)
    return PENDING if arguments.detailed_exitcode and is_pending(plan.changes) else 0


def _apply(arguments: argparse.Namespace) -> int:
    files = read_folder(arguments.folder)
    with connect(arguments) as client:
        plan = _planned(client, arguments, files)
        revision = arguments.revision or plan.revision
        outcome = client.apply_catalog(ApplyRequest(files, revision, arguments.take_over, arguments.partial))
    if arguments.json:
        print_json(outcome)
        return 0
    console = Console(highlight=False)
    print_changes(outcome.changes, console)
    print_to_sign(outcome.to_sign, console)
    _note_ignored(plan)
    return 0


def _planned(client: Client, arguments: argparse.Namespace, files: list[CatalogFile]) -> CatalogPlan:
    """The plan, without any error: those there are are all said, then raised as one."""
    plan = client.plan_catalog(PlanRequest(files, arguments.take_over, arguments.partial))
    print_faults(arguments.folder, plan.faults, Console(stderr=True, highlight=False, soft_wrap=True))
    errors = [one for one in plan.faults if one.severity == "error"]
    if errors:
        if arguments.json:
            print_json(plan)
        places = len({one.path for one in errors})
        raise UsageError(f"{len(errors)} errors in {places} files: nothing can be applied")
    return plan


def _note_ignored(plan: CatalogPlan) -> None:
    if plan.ignored:
        names = ", ".join(plan.ignored[:5]) + (" …" if len(plan.ignored) > 5 else "")  # noqa: PLR2004  enough to see
        Console(stderr=True, highlight=False).print(
            f"of no kind, left alone: {names}", style="dim", soft_wrap=True
        )
