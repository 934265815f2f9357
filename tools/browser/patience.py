"""Waiting for what other processes do."""

from collections.abc import Callable

from canopee_kit.clock import SystemClock

_LONGEST_S, _EVERY_S = 120, 0.3


def wait_until(is_so: Callable[[], object], what: str) -> None:
    """Return once it is so; raises `TimeoutError`, which says what was not, after two minutes."""
    clock = SystemClock()
    until = clock.monotonic() + _LONGEST_S
    while not is_so():
        if clock.monotonic() > until:
            raise TimeoutError(f"not in {_LONGEST_S} s: {what}")
        clock.sleep(_EVERY_S)
