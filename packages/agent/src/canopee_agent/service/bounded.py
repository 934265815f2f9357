"""Reading from a socket within a number of bytes and a time, whatever the other end sends, and how slowly."""

import io
import socket
from typing import Any

from canopee_kit.clock import Clock


class BoundedReads(io.RawIOBase):
    """The bytes that arrive on `sock`; raises `TimeoutError` and `ValueError` at the limits."""

    def __init__(
        self, sock: socket.socket, clock: Clock, *, silence_s: float, until: float, most_bytes: int
    ) -> None:
        """`until` is an instant of `clock.monotonic()`; `silence_s` the longest wait for one more byte."""
        self._raw, self._sock = sock.makefile("rb", buffering=0), sock
        self._clock, self._silence_s, self._until, self._left = clock, silence_s, until, most_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401  any writable buffer
        left_s = self._until - self._clock.monotonic()
        if left_s <= 0:
            raise TimeoutError("the answer takes too long")
        self._sock.settimeout(min(left_s, self._silence_s))
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise ValueError("the answer is larger than is accepted")
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
