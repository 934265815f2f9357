"""Whether the agent's main loop keeps the time that it declared: a watchdog is fed only while it does."""

from canopee_kit.clock import Clock

FIRST_S = 600.0
"""For the start, until something else is declared."""


class Promise:
    """The moment until which the main loop says that it may be busy; read from another thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = clock.monotonic() + FIRST_S

    def make(self, within_s: float) -> None:
        """From now on, something else will be declared within `within_s` seconds."""
        self._until = self._clock.monotonic() + within_s

    @property
    def is_kept(self) -> bool:
        return self._clock.monotonic() <= self._until
