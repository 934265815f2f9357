"""Alarms before signed metadata expire: once for each role, version and level, in the whole installation."""

import logging

from canopee_api.postgres.database import Connection
from canopee_api.postgres.key_life import say_once
from canopee_contract.key_life import KeyLife, KeyState
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_LEVELS: dict[KeyState, int] = {
    "soon": logging.WARNING, "urgent": logging.WARNING, "critical": logging.ERROR, "expired": logging.CRITICAL,
}  # fmt: skip
_log = get_logger(__name__)


def is_alarming(life: KeyLife) -> bool:
    """Whether there is anything to say: most of the time no question goes to the database."""
    return life.state in _LEVELS


async def tell(tx: Connection, life: KeyLife, clock: Clock) -> None:
    """Log every role that needs care, unless some process has said so of this version and level."""
    for role in life.roles:
        if role.state not in _LEVELS:
            continue
        if await say_once(tx, role.role, role.version, role.state, now=clock.now()):
            _log.log(
                _LEVELS[role.state],
                "the signed metadata of %s are %s: %s days left; sign them again (see canopee keys status)",
                role.role, role.state, role.days_left,
            )  # fmt: skip
