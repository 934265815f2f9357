"""`canopee user-create LOGIN`: a local account. The first administrator is made on the server's machine only."""

import argparse
import asyncio
import getpass
import os

from canopee.errors import UsageError
from canopee.home import add_home, connect
from canopee.parsing import Commands
from canopee_contract.people import ROLES, NewUser


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("user-create", help="make a local account")
    parser.add_argument("login")
    parser.add_argument("--role", action="append", choices=ROLES, required=True, help="may be repeated")
    parser.add_argument(
        "--first", action="store_true", help="the first administrator, written to CANOPEE_DATABASE_URL directly"
    )
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    password = os.environ.get("CANOPEE_PASSWORD") or getpass.getpass(f"password for {arguments.login}: ")
    new = NewUser(arguments.login, password, arguments.role)
    if not arguments.first:
        with connect(arguments) as client:
            client.create_user(new)
        return 0
    address = os.environ.get("CANOPEE_DATABASE_URL", "")
    if not address:
        raise UsageError("--first needs CANOPEE_DATABASE_URL (`canopee up` makes its administrator by itself)")
    from canopee.first_account import create_first  # noqa: PLC0415  other commands need no PostgreSQL

    asyncio.run(create_first(address, new))
    return 0
