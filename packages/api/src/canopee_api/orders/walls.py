"""What the clocks on the walls of practices show."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from canopee_contract.window import Window, is_open
from canopee_kit.clock import Clock


class WallClocks:
    """By time zone of the IANA list; a practice that names none, or one that is not known here, has the usual one."""

    def __init__(self, usual: str, clock: Clock) -> None:
        self.usual, self._clock = usual, clock

    def now(self, zone: str = "") -> datetime:
        """What the clock shows there now; no zone in the answer."""
        found = (_zone(zone) if zone else None) or _zone(self.usual)
        return self._clock.now().astimezone(found).replace(tzinfo=None)

    def is_open(self, windows: Sequence[Window], zone: str) -> bool:
        """Whether an order may be delivered there now."""
        return is_open(windows, self.now(zone))


@lru_cache(maxsize=1_024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
