"""The load generator of the benchmarks: prepared requests on kept connections, one in flight on each.

It only counts answers and times them: no JSON is read, so that one core of it outruns one core of the API. It says its
own share of a core with every result.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import msgspec

_END = b"\r\n\r\n"
_LENGTH = b"content-length: "

NextRequest = Callable[[], bytes]
"""The whole bytes of the next request of a connection."""


class Load(msgspec.Struct, frozen=True):
    """What a burst of requests showed."""

    requests: int
    seconds: float
    client_cpu_s: float
    latencies_s: tuple[float, ...]
    """Sorted."""
    faults: tuple[str, ...]
    """Answers that are not a success, and what was not answered."""

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def client_share(self) -> float:
        """Part of one core that the generator used."""
        return self.client_cpu_s / self.seconds

    def quantile(self, part: float) -> float:
        """Seconds, such as `quantile(0.99)`."""
        return self.latencies_s[min(len(self.latencies_s) - 1, int(part * len(self.latencies_s)))]


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered, or at its own pace."""

    def __init__(self, shared: "_Shared", next_request: NextRequest) -> None:
        self._shared, self._next = shared, next_request
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._sent_at = 0.0
        self._due_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._shared.opened()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's shape
        self._shared.lost()

    def start(self, first_at: float) -> None:
        self._due_at = first_at
        self._go()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(_END)
        if not end:
            return
        place = head.lower().find(_LENGTH)
        length = int(head[place + len(_LENGTH) :].split(b"\r", 1)[0]) if place >= 0 else 0
        if len(body) < length:
            return
        self._buffer = b""
        if head[9:10] != b"2":
            self._shared.faults.append(head.splitlines()[0].decode() + " " + body.decode(errors="replace"))
        self._shared.answered(time.perf_counter() - self._sent_at)
        self._go()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _go(self) -> None:
        if self._shared.is_over:
            self._shared.stopped()
            return
        if self._shared.pace_s:
            self._due_at += self._shared.pace_s
            wait_s = self._due_at - time.perf_counter()
            if wait_s > 0:
                asyncio.get_running_loop().call_later(wait_s, self._send)
                return
        self._send()

    def _send(self) -> None:
        if self._transport is not None:
            self._sent_at = time.perf_counter()
            self._transport.write(self._next())


class _Shared:
    """What all the connections of one burst share."""

    def __init__(self, connections: int, pace_s: float) -> None:
        self._connections, self.pace_s = connections, pace_s
        self.latencies: list[float] = []
        self.faults: list[str] = []
        self._opened = self._stopped = 0
        self.is_over = False
        self.ready, self.done = asyncio.Event(), asyncio.Event()

    def opened(self) -> None:
        self._opened += 1
        if self._opened == self._connections:
            self.ready.set()

    def lost(self) -> None:
        if not self.is_over:
            self.faults.append("a connection was cut")
            self.stopped()

    def stopped(self) -> None:
        self._stopped += 1
        if self._stopped >= self._connections:
            self.done.set()

    def answered(self, latency_s: float) -> None:
        self.latencies.append(latency_s)


async def burst(
    host: str, port: int, requests: Sequence[NextRequest], *, seconds: float, per_second: float = 0.0
) -> Load:
    """One connection a member of `requests`, for `seconds`; `per_second` paces them all together, 0: unpaced."""
    loop = asyncio.get_running_loop()
    shared = _Shared(len(requests), len(requests) / per_second if per_second else 0.0)
    connections: list[_Connection] = []
    for next_request in requests:
        _, connection = await loop.create_connection(lambda one=next_request: _Connection(shared, one), host, port)
        connections.append(connection)
    await shared.ready.wait()
    cpu, started = time.process_time(), time.perf_counter()
    for place, connection in enumerate(connections):
        connection.start(started + shared.pace_s * (place / len(connections) - 1))
    await asyncio.sleep(seconds)
    elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu
    number = len(shared.latencies)
    shared.is_over = True
    try:
        async with asyncio.timeout(10):
            await shared.done.wait()
    except TimeoutError:
        shared.faults.append("a request was not answered")
    for connection in connections:
        connection.close()
    return Load(number, elapsed, cpu, tuple(sorted(shared.latencies[:number])), tuple(shared.faults))


def post(path: str, token: str, body: bytes, *headers: str) -> bytes:
    """The bytes of one POST."""
    lines = (
        f"POST {path} HTTP/1.1",
        "host: bench",
        f"authorization: Bearer {token}",
        f"content-length: {len(body)}",
    )
    return "\r\n".join((*lines, *headers, "", "")).encode() + body


def cycled(requests: Iterator[bytes]) -> NextRequest:
    """One request after the other of an endless iterator."""
    return requests.__next__
