"""Check-in: the agent says where it stands and waits for what is new."""

import msgspec

from canopee_contract.instant import Instant
from canopee_contract.numbers import Int64
from canopee_contract.order import DeliveredOrder

MAX_WAIT_S = 300


class CheckIn(msgspec.Struct, omit_defaults=True, gc=False):
    """`POST /agent/v1/check-in`."""

    counter: Int64
    """Strictly increasing over check-ins and renewals."""
    agent_version: str
    facts_hash: str
    order_seq: Int64
    """Highest order sequence number stored: orders up to it are not sent again."""
    step_kinds_hash: str = ""
    trust_version: Int64 = 0
    """Version of the TUF timestamp last verified."""
    wait_s: Int64 = 0
    """Seconds the server may hold the answer while there is nothing new; 0 to 300."""


class CheckInReply(msgspec.Struct, omit_defaults=True, gc=False):
    """What is new; `{}` plus the time when nothing is."""

    server_time: Instant
    orders: tuple[DeliveredOrder, ...] = ()
    """By increasing sequence number."""
    send_facts: bool = False
    """The server does not hold facts of that hash."""
    trust_version: int = 0
    """Version of the TUF timestamp on the server; 0: not published yet."""
    next_in_s: int = 0
    """Seconds to wait before the next check-in; 0: at once, by long poll."""
    is_stopped: bool = False
    """Everything is stopped: no order begins on this PC until an answer says otherwise."""
