"""`canopee worker`: one process that does the work behind the doors, and answers nobody."""

import argparse
import os

from canopee.errors import UsageError
from canopee.parsing import Commands
from canopee.until_stopped import until_stopped
from canopee_api.settings import Settings
from canopee_kit.logs import get_logger

_log = get_logger(__name__)


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("worker", help="do periodic work beside API processes (CANOPEE_DATABASE_URL, …)")
    parser.set_defaults(run=_run, log_level="INFO")


def _run(_: argparse.Namespace) -> int:
    from canopee_api.app import work  # noqa: PLC0415  the whole API: no other command need wait for it

    settings = Settings.from_env(os.environ)
    if not settings.database_url:
        raise UsageError(
            "CANOPEE_DATABASE_URL is not set: a worker joins the PostgreSQL of API processes; "
            "with the embedded one, the API process does this work itself"
        )
    until_stopped(lambda stop: work(settings, ready=_ready, stop=stop))
    return 0


def _ready() -> None:
    _log.info("at work")
    print("ready", flush=True)  # noqa: T201  what whoever started it waits for
