"""`canopee db migrate`: bring a database up to date before new processes start."""

import argparse
import os

from canopee.errors import UsageError
from canopee.parsing import Commands


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("db", help="maintain the database of CANOPEE_DATABASE_URL")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    made = actions.add_parser("migrate", help="apply the migrations that are missing")
    made.add_argument("--phase", choices=["pre", "post"], action="append", help="default: both")
    made.set_defaults(run=_migrate)


def _migrate(arguments: argparse.Namespace) -> int:
    from canopee_api.postgres.migrate import migrate  # noqa: PLC0415  other commands need no PostgreSQL

    address = os.environ.get("CANOPEE_DATABASE_URL", "")
    if not address:
        raise UsageError("set CANOPEE_DATABASE_URL (`canopee up` migrates its own database)")
    for name in migrate(address, phases=tuple(arguments.phase or ("pre", "post"))):
        print(name)  # noqa: T201  the output of the command
    return 0
