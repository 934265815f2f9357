"""What time it is, when the server may lie about it: both its clock and the PC's count (ADR 0021)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from canopee_kit.clock import Clock
from canopee_trust.floor import VersionFloor

SLACK = timedelta(hours=2)
"""How far the PC's clock may be from the truth before it counts as wrong: an error of summer time is allowed."""
_FLOOR = "time"
_FLOOR_EVERY_S = 3_600


class Clocks:
    """The server's clock for messages (`now`), both of them for what may act (`earliest`, `latest`).

    Neither goes below an hour that both clocks had reached, which is kept durably.
    """

    def __init__(self, own: Clock, told: Callable[[], datetime], floor: VersionFloor) -> None:
        self.own, self._told, self._floor = own, told, floor
        self.monotonic, self.sleep = own.monotonic, own.sleep

    def now(self) -> datetime:
        """The present by the server's clock, as far as it is known."""
        return self._told()

    def earliest(self) -> datetime:
        """It is at least this late, unless both clocks are behind."""
        return max(min(self.own.now(), self._told()), self._reached())

    def latest(self) -> datetime:
        """It is at most this late, unless both clocks are ahead."""
        return max(self.own.now(), self._told(), self._reached())

    def note(self) -> None:
        """Keep the hour that both clocks have reached."""
        both = int(min(self.own.now(), self._told()).timestamp())
        self._floor.raise_to({_FLOOR: both - both % _FLOOR_EVERY_S})

    def _reached(self) -> datetime:
        return datetime.fromtimestamp(self._floor.get(_FLOOR), UTC)


class LatestClock:
    """`latest` as a clock: what expires, expires by whichever clock is ahead."""

    def __init__(self, clocks: Clocks) -> None:
        self.now, self.monotonic, self.sleep = clocks.latest, clocks.monotonic, clocks.sleep
