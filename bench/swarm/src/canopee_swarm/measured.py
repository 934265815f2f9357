"""A pool that is as bad as it is told to be, and that measures: slow links, cut calls, times of each call."""

import asyncio
import random
from collections.abc import Sequence

import msgspec

from canopee_kit.clock import Clock
from canopee_swarm.errors import CutError
from canopee_swarm.http import Answer, Pool

_MOST_TIMES = 20_000
"""Times kept of each call, drawn evenly from all of them."""


class CallReport(msgspec.Struct):
    """One call of the protocol."""

    calls: int
    errors: int
    """Cuts, those made on purpose too, and answers that are not a success."""
    p50_ms: float
    p99_ms: float


class Report(msgspec.Struct):
    """The last line of `canopee-swarm --report`."""

    seconds: float
    devices: int
    calls: int
    errors: int
    orders_done: int
    cpu_share: float
    """Of one core, by the swarm itself: above 0.9 it was the swarm that was the limit."""
    by_call: dict[str, CallReport]


class _Times:
    """Count, errors and an even sample of times."""

    def __init__(self) -> None:
        self.calls = self.errors = 0
        self._sample: list[float] = []

    def add(self, seconds: float, draw: random.Random, *, is_error: bool) -> None:
        self.calls += 1
        self.errors += is_error
        if len(self._sample) < _MOST_TIMES:
            self._sample.append(seconds)
        elif (place := draw.randrange(self.calls)) < _MOST_TIMES:
            self._sample[place] = seconds

    def report(self) -> CallReport:
        ordered = sorted(self._sample)
        p50, p99 = (round(ordered[int(len(ordered) * part)] * 1000, 3) for part in (0.5, 0.99))
        return CallReport(self.calls, self.errors, p50, p99)


class MeasuredPool(Pool):
    """As `Pool`; `failures` is the share of calls cut before or after they are sent, `slow` bytes a second or 0."""

    def __init__(
        self, url: str, *, limit: int, clock: Clock, draw: random.Random, sources: Sequence[str] = (),
        failures: float = 0.0, slow: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(url, limit=limit, sources=sources)
        self._clock, self._draw, self._failures, self._slow = clock, draw, failures, slow
        self._times: dict[str, _Times] = {}

    def reports(self) -> dict[str, CallReport]:
        """By name of the call: `check-in`, `records`, `tuf` and so on."""
        return {name: times.report() for name, times in sorted(self._times.items())}

    async def call(
        self, method: str, path: str, body: bytes = b"", *, headers: Sequence[str] = (), timeout_s: float = 30.0,
        is_counted: bool = False,
    ) -> Answer:  # fmt: skip
        started, is_error = self._clock.monotonic(), True
        try:
            await self._trickle(len(body))
            is_cut = self._draw.random() < self._failures
            if is_cut and self._draw.random() < 0.5:  # noqa: PLR2004  half of the cuts before it is sent
                raise CutError("cut on purpose, before it was sent")
            answer = await super().call(
                method, path, body, headers=headers, timeout_s=timeout_s, is_counted=is_counted
            )
            if is_cut:
                raise CutError("cut on purpose, after the answer")
            await self._trickle(len(answer.body))
            is_error = answer.status != 200  # noqa: PLR2004  success
        finally:
            times = self._times.setdefault(_name(path), _Times())
            times.add(self._clock.monotonic() - started, self._draw, is_error=is_error)
        return answer

    async def _trickle(self, size: int) -> None:
        if self._slow and size:
            await asyncio.sleep(size / self._slow)


def _name(path: str) -> str:
    return path.removeprefix("/agent/v1/").partition("/")[0]
