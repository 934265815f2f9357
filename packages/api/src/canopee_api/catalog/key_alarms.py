"""Alarms before signed metadata expire: once a day, for each role, at each level."""

import logging
from datetime import datetime, timedelta

from canopee_contract.key_life import KeyLife, KeyState
from canopee_kit.logs import get_logger

_EVERY = timedelta(days=1)
_LEVELS: dict[KeyState, int] = {
    "soon": logging.WARNING, "urgent": logging.WARNING, "critical": logging.ERROR, "expired": logging.CRITICAL,
}  # fmt: skip
_log = get_logger(__name__)


class KeyAlarms:
    """What was said of each role, and when: a level that is new is said at once."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, KeyState], datetime] = {}

    def tell(self, life: KeyLife, now: datetime) -> None:
        """Log every role that needs care, unless it was said in the last day."""
        for role in life.roles:
            said = self._said.get((role.role, role.state))
            if role.state in _LEVELS and (said is None or now - said >= _EVERY):
                self._said[role.role, role.state] = now
                _log.log(
                    _LEVELS[role.state],
                    "the signed metadata of %s are %s: %s days left; sign them again (see canopee keys status)",
                    role.role, role.state, role.days_left,
                )  # fmt: skip
