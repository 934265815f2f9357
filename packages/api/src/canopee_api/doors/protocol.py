"""HTTP/1.1 with limits: uvicorn alone waits for ever for what a client began, and keeps headers without end.

What is too long is refused, and what does not come is given up, before any door has heard of it. The clock is looked
at by one sweep over the connections: a request costs one number more.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES = 32_768
"""Request line and headers."""
MAX_HEADERS = 100
HEAD_S = 20.0
"""From the first byte of a request, or from the connection, to the end of its headers."""
BODY_S = 120.0
"""From the first byte of a request to its last."""
_SWEEP_S = 5.0
_NEVER = float("inf")


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  uvicorn's own
        super().__init__(*arguments, **named)
        self._begun, self._head_bytes, self._is_refused = self.loop.time(), 0, False
        self._is_in_head = True

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        super().data_received(data)
        if self._is_in_head and not self._is_refused:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431, "Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun, self._is_in_head = self.loop.time(), True

    def on_headers_complete(self) -> None:
        self._is_in_head, self._head_bytes = False, 0
        if self._is_refused:
            return
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > MAX_HEADERS or size > MAX_HEAD_BYTES:
            self._refuse(431, "Request Header Fields Too Large")
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._begun = _NEVER
        if not self._is_refused:
            super().on_message_complete()

    def give_up(self, now: float) -> None:
        """Close what has not said in time what it began to say."""
        waited = now - self._begun
        if waited > BODY_S or (self._is_in_head and waited > HEAD_S):
            self._refuse(408, "Request Timeout")

    def _refuse(self, status: int, reason: str) -> None:
        """A plain answer, unless one is under way, and the end of the connection."""
        self._is_refused = True
        if self.transport.is_closing():
            return
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request: uvicorn hides it
        if cycle is None or cycle.response_complete or not cycle.response_started:
            head = f"HTTP/1.1 {status} {reason}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode())
        self.transport.close()


async def sweep(connections: set[Any]) -> None:
    """Give up what is late, again and again, until cancelled."""
    while True:
        await asyncio.sleep(_SWEEP_S)
        give_up_late(connections, asyncio.get_running_loop().time())


def give_up_late(connections: set[Any], now: float) -> None:
    """Close the connections of uvicorn that have not said what they began to say; `now` on the loop's clock."""
    for one in list(connections):
        if isinstance(one, LimitedProtocol):
            one.give_up(now)
