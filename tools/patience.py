"""Waiting for what other processes do."""

from collections.abc import Callable

from canopee_kit.clock import Clock, SystemClock

_POLL_S = 0.2


class NotInTimeError(TimeoutError):
    """What was waited for did not come; its text says what."""


def wait_until(
    what: str, is_true: Callable[[], object], within_s: float = 30.0, clock: Clock | None = None
) -> None:
    """Ask again and again; raises `NotInTimeError` once `within_s` have passed."""
    clock = clock or SystemClock()
    until = clock.monotonic() + within_s
    while not is_true():
        if clock.monotonic() >= until:
            raise NotInTimeError(f"{within_s:.0f} s have passed, and still not: {what}")
        clock.sleep(_POLL_S)
