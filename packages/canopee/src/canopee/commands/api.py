"""`canopee api`: one API process, configured by its environment."""

import argparse
import os

from canopee.parsing import Commands
from canopee.until_stopped import until_stopped
from canopee_api.settings import Settings
from canopee_kit.logs import get_logger

_log = get_logger(__name__)


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("api", help="run one API process (CANOPEE_DATABASE_URL, CANOPEE_LISTEN, …)")
    parser.add_argument(
        "--no-worker", action="store_true", help="leave periodic work to other processes, as CANOPEE_WORKER=no"
    )
    parser.set_defaults(run=_run, log_level="INFO")


def _run(arguments: argparse.Namespace) -> int:
    from canopee_api.app import serve  # noqa: PLC0415  the whole API: no other command need wait for it

    settings = Settings.from_env({**os.environ, **({"CANOPEE_WORKER": "no"} if arguments.no_worker else {})})
    until_stopped(lambda stop: serve(settings, ready=_ready, stop=stop))
    return 0


def _ready(url: str) -> None:
    _log.info("ready at %s", url)
    print(f"ready {url}", flush=True)  # noqa: T201  what `canopee up` waits for
