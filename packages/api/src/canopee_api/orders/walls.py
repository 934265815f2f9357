"""What the clocks on the walls of practices show."""

from collections.abc import Sequence
from datetime import UTC, datetime
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
        return self.at(self._clock.now(), zone)

    def at(self, instant: datetime, zone: str = "") -> datetime:
        """What the clock shows there at an instant; no zone in the answer."""
        return instant.astimezone(self._found(zone)).replace(tzinfo=None)

    def instant(self, wall: datetime, zone: str = "") -> datetime:
        """When the clock shows a time there, the first time; for one that summer time skips, as much after it."""
        return wall.replace(tzinfo=self._found(zone) or UTC).astimezone(UTC)

    def span(self, starts: datetime, ends: datetime, zone: str) -> tuple[datetime, datetime]:
        """From when to when a span on the wall lasts there, at most: the hour that comes twice counts whole."""
        found = self._found(zone)
        first, last = (
            [wall.replace(tzinfo=found, fold=fold).astimezone(UTC) for fold in (0, 1)] for wall in (starts, ends)
        )
        return min(first), max(last)

    def is_open(self, windows: Sequence[Window], zone: str) -> bool:
        """Whether an order may be delivered there now."""
        return is_open(windows, self.now(zone))

    def _found(self, zone: str) -> ZoneInfo | None:
        return (_zone(zone) if zone else None) or _zone(self.usual)


@lru_cache(maxsize=1_024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
