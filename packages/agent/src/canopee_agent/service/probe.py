"""Whether the server answers this version: the launcher asks it before it returns one that did not check in."""

from canopee_agent import __version__
from canopee_agent.errors import StateError
from canopee_agent.service.config import Home
from canopee_agent.service.identity import IdentityStore
from canopee_agent.service.server import Server
from canopee_agent.service_ports import ServerLink
from canopee_contract.checkin import CheckIn
from canopee_kit.clock import Clock

_NO_ORDERS = 2**53
"""Beyond every sequence number: the answer holds no order."""


def probe(home: Home, link: ServerLink, clock: Clock) -> None:
    """One check-in and nothing of what follows; opens no database: another version may have changed them.

    To be called while no other agent of this home runs: its counter would seem to be that of a clone.

    Raises:
        UnreachableError: the server cannot be reached now.
        RejectedError: it does not accept this PC, whichever version runs.
        StateError: this PC is not enrolled.
    """
    server = Server(link, IdentityStore(home.state), clock)
    if not server.is_enrolled:
        raise StateError("this PC is not enrolled: there is nobody to ask")
    server.check_in(CheckIn(0, __version__, "", _NO_ORDERS))
