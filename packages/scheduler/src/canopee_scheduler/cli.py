"""`canopee-scheduler run --config FILE --once`: do every task of a configuration now.

Run it from a timer of the system; recurrences of its own come with the planned exports.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from canopee_client.client import Client
from canopee_kit import logs
from canopee_kit.errors import CanopeeError
from canopee_kit.logs import get_logger
from canopee_scheduler.configuration import read_configuration

_log = get_logger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 every task done, 1 one failed, 2 usage or configuration."""
    parser = argparse.ArgumentParser(prog="canopee-scheduler", description="Planned tasks of Canopée.")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    run = actions.add_parser("run", help="do the tasks of a configuration")
    run.add_argument("--config", type=Path, required=True)
    run.add_argument("--once", action="store_true", required=True, help="now, and once")
    arguments = parser.parse_args(argv)
    logs.set_up()
    try:
        configuration = read_configuration(arguments.config)
        planned, client = configuration.planned(), Client(configuration.url, configuration.api_key())
    except CanopeeError as error:
        sys.stderr.write(f"canopee-scheduler: {error}\n")
        return 2
    failed = 0
    with client:
        for one in planned:
            try:
                _log.info("%s: %s", one.use, one.kind.run(client, one.options))
            except (CanopeeError, OSError) as error:  # a task that fails does not keep the next one from its work
                failed += 1
                _log.error("%s failed: %s", one.use, error)
    return 1 if failed else 0
