"""Devices that wait: each holds one long poll, and says when it was answered.

`python -m canopee_bench.poller PORT SOURCE FIRST LAST SECRET_FILE` prints `ready` once all of them wait, then one line
an answer: number of the device, the machine's monotonic clock in seconds, status. It ends when its input does.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

from canopee_api.devices.tokens import Tokens
from canopee_bench.installation import raise_file_limit
from canopee_bench.load import post
from canopee_contract.checkin import CheckIn
from canopee_contract.codec import encode
from canopee_kit.clock import SystemClock
from canopee_proofs.million import device_id, facts_hash

_AT_ONCE = 200
_ANY_TRUST = 2**31


class _Waiting(asyncio.Protocol):
    """One connection, one long poll."""

    def __init__(self, number: int, request: bytes) -> None:
        self._number, self._request = number, request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 "):
            status = data[9:12].decode()
            sys.stdout.write(f"{self._number} {time.monotonic()} {status}\n")
            sys.stdout.flush()


async def _wait(port: int, source: str, numbers: range, tokens: Tokens) -> None:
    loop, now = asyncio.get_running_loop(), SystemClock().now()
    gate, counter = asyncio.Semaphore(_AT_ONCE), int(now.timestamp())  # above those of an earlier call

    async def connect(number: int) -> None:
        body = encode(CheckIn(counter, "0.1.0", facts_hash(number), 0, trust_version=_ANY_TRUST, wait_s=300))
        request = post("/agent/v1/check-in", tokens.make(device_id(number), 1, now)[0], body)
        async with gate:
            await loop.create_connection(
                lambda: _Waiting(number, request), "127.0.0.1", port, local_addr=(source, 0)
            )

    await asyncio.gather(*(connect(number) for number in numbers))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Read the arguments, wait."""
    port, source, first, last, secret = sys.argv[1:]
    raise_file_limit()
    tokens = Tokens(Path(secret).read_bytes())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_wait(int(port), source, range(int(first), int(last)), tokens))


if __name__ == "__main__":
    main()
