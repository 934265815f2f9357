"""`canopee wait devices --at-least N --timeout S`: return once there is enough of something."""

import argparse
from collections.abc import Callable

from canopee.errors import FailedError
from canopee.home import add_home, connect
from canopee.parsing import Commands
from canopee.quantities import seconds
from canopee_client.client import Client
from canopee_client.errors import NoAnswerError
from canopee_kit.clock import SystemClock

_EVERY_S = 0.5
_COUNTS: dict[str, Callable[[Client], int]] = {
    "devices": lambda client: client.status().devices,
    "online": lambda client: client.status().devices_online,
    "runs": lambda client: client.status().runs,
    "records": lambda client: client.status().records,
    "campaigns": lambda client: sum(1 for _ in client.campaigns()),
}


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("wait", help="wait until there is enough of something")
    parser.add_argument("what", choices=sorted(_COUNTS))
    parser.add_argument("--at-least", type=int, default=1, metavar="N")
    parser.add_argument("--timeout", type=seconds, default=60, metavar="S")
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    clock, found = SystemClock(), 0
    until = clock.monotonic() + arguments.timeout
    with connect(arguments) as client:
        while True:  # once at least, also without any time left
            try:
                found = _COUNTS[arguments.what](client)
            except NoAnswerError:
                found = 0
            if found >= arguments.at_least:
                return 0
            if clock.monotonic() >= until:
                break
            clock.sleep(_EVERY_S)
    raise FailedError(
        f"{found} {arguments.what} after {arguments.timeout:g} s; {arguments.at_least} were expected"
    )
