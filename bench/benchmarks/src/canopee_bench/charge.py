"""A burst of requests, charged to whoever answered it."""

import asyncio
from collections.abc import Sequence

import msgspec
import uvloop

from canopee_bench.installation import Api, Database
from canopee_bench.load import Load, NextRequest, burst


class Charged(msgspec.Struct, frozen=True):
    """What one burst cost."""

    load: Load
    api_cpu_s: float
    database_cpu_s: float

    @property
    def micros(self) -> float:
        """Processor time of the API for one request, in microseconds."""
        return 1e6 * self.api_cpu_s / self.load.requests

    @property
    def database_micros(self) -> float:
        """Processor time of PostgreSQL for one request, in microseconds."""
        return 1e6 * self.database_cpu_s / self.load.requests

    @property
    def per_core_second(self) -> float:
        """Requests that one whole core of the API answers in a second."""
        return self.load.requests / self.api_cpu_s

    @property
    def api_share(self) -> float:
        """Part of one core that the API used; well under 1.0, something else was the limit."""
        return self.api_cpu_s / self.load.seconds


def charge(
    api: Api, database: Database, requests: Sequence[NextRequest], *, seconds: float, per_second: float = 0.0
) -> Charged:
    """One burst from this process; raises `RuntimeError` when an answer was not a success.

    A machine so busy that nothing is answered meanwhile is given ten times longer, once.
    """
    api_s, database_s = api.cpu_s(), database.cpu_s()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        load = runner.run(burst("127.0.0.1", api.port, requests, seconds=seconds, per_second=per_second))
        if not load.requests and not load.faults:
            load = runner.run(burst("127.0.0.1", api.port, requests, seconds=10 * seconds, per_second=per_second))
    if load.faults or not load.requests:
        raise RuntimeError(f"{len(load.faults)} of {load.requests} requests failed: {', '.join(load.faults[:3])}")
    return Charged(load, api.cpu_s() - api_s, database.cpu_s() - database_s)
