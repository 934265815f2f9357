"""`canopee login URL`: keep a credential for the API of another machine."""

import argparse
import getpass
import os
import socket

from canopee.documents import write_private
from canopee.home import Credential, login_file
from canopee.parsing import Commands
from canopee_client.client import Client
from canopee_contract.codec import encode
from canopee_contract.people import NewApiKey


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("login", help="use the API of another machine from here")
    parser.add_argument("url", help="its address, such as https://canopee.example.fr")
    parser.add_argument("--login", required=True, help="your login there")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    password = os.environ.get("CANOPEE_PASSWORD") or getpass.getpass(f"password of {arguments.login}: ")
    with Client(arguments.url) as client:
        session = client.log_in(arguments.login, password)
    with Client(arguments.url, session.token) as client:
        roles = client.me().roles
        key = client.create_api_key(
            NewApiKey(f"canopee on {socket.gethostname()}"[:64], roles, expires_in_days=90)
        )
    path = login_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, encode(Credential(arguments.url, key.secret)))
    print(f"{arguments.url}: logged in as {arguments.login} ({', '.join(roles)})")  # noqa: T201  the output
    return 0
