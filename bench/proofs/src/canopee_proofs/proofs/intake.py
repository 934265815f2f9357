"""The proof `intake`."""

import asyncio
import socket
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

from canopee_kit.clock import SystemClock
from canopee_proofs.malformed.calls import Calls, operations
from canopee_proofs.malformed.legitimate import Legitimate, enrolled
from canopee_proofs.malformed.messages import MARK
from canopee_proofs.malformed.server import Server, serving
from canopee_proofs.malformed.wire import Answer, Wire, request
from canopee_proofs.proof import Proof, Setting, Verdict

_CONNECTIONS = 40
_STALLED = 60
_MOST_BYTES = 2_048
_WARM_SHARE = 0.3
_GROWTH = 24 * 2**20
"""Resident memory may grow by so much after the first part: arenas settle."""
_STALLS: Sequence[bytes] = (
    b"", b"G", b"POST /agent/v1/records HTTP/1.1\r\nHost: x\r\n", b"GET /v1/health HTTP/1.1\r\nX: ",
    b"POST /v1/sessions HTTP/1.1\r\nContent-Length: 100\r\n\r\n{",
    b"POST /agent/v1/enrol HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n{",
    b"POST /agent/v1/enrol HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
)  # fmt: skip


class Intake(Proof):
    """Whatever is sent to the two doors, the API neither fails nor hangs nor grows, and loses nothing of the others.

    Broken HTTP, messages of the contract mutated by their grammar, wrong credentials, and connections that stall, on
    a real process over real sockets. Meanwhile a device sends records: all that were acknowledged must be there.
    """

    usual_cases: ClassVar[int] = 100_000
    short_cases: ClassVar[int] = 1_500

    def run(self, setting: Setting) -> Verdict:
        with serving(setting.folder) as server:
            attack = _Attack(setting, server)
            asyncio.run(attack.run())
            violations = [*attack.violations, *(f"logged: {line}" for line in server.faults())]
        return Verdict(setting.cases, tuple(violations))


class _Attack:
    """One run against one process."""

    def __init__(self, setting: Setting, server: Server) -> None:
        self._setting, self._server, self._clock = setting, server, SystemClock()
        self._sent = 0
        self._statuses: Counter[int] = Counter()
        self._memory: list[tuple[float, int]] = []
        self._slowest_s = 0.0
        self.violations: list[str] = []

    async def run(self) -> None:
        """Stall, attack, and look at what is left."""
        document = self._server.client.call("GET", "/v1/openapi/openapi.json", dict[str, Any])
        good, bad = Wire(self._server.port), Wire(self._server.port)
        device = Legitimate(good, await enrolled(good, self._server.client, self._clock), self._clock)
        calls = Calls(
            operations(document), await enrolled(bad, self._server.client, self._clock), self._server.api_key
        )
        stalled = [self._stall(number) for number in range(_STALLED)]
        stop, started = asyncio.Event(), self._clock.monotonic()
        working = asyncio.create_task(device.work(stop))
        await asyncio.gather(*(self._attack(number, calls) for number in range(_CONNECTIONS)))
        seconds = self._clock.monotonic() - started
        stop.set()
        await working
        await self._check_end(device)
        self._say(seconds, device, stalled)
        for one in stalled:
            one.close()
        await asyncio.gather(good.close(), bad.close())

    async def _attack(self, number: int, calls: Calls) -> None:
        draw, wire = self._setting.random(str(number)), Wire(self._server.port)
        while self._sent < self._setting.cases:
            self._sent += 1
            case = self._sent
            raw, is_last = calls.draw(draw)
            answer = await wire.send(raw, is_last=is_last)
            self._judge(case, raw, answer, is_broken=is_last)
            if case % 100 == 0:
                self._memory.append((case / self._setting.cases, self._server.memory_bytes()))
            if case % 10_000 == 0:
                self._setting.say(f"{case} sent, {self._memory[-1][1] >> 20} MiB")
        await wire.close()

    def _judge(self, case: int, raw: bytes, answer: Answer, *, is_broken: bool) -> None:
        self._statuses[answer.status] += 1
        self._slowest_s = max(self._slowest_s, answer.seconds)
        shown = f"{raw[:700]!r} got {answer.status} {answer.body[:300]!r}"
        if answer.status >= 500:  # noqa: PLR2004  a fault of the server
            self.violations.append(f"case {case}: {shown}")
        elif answer.status == -1 or (answer.status == 0 and not is_broken):
            self.violations.append(f"case {case}: no answer after {answer.seconds:.1f} s: {shown}")
        elif answer.status >= 400:  # noqa: PLR2004  refused
            is_problem = answer.headers.get("content-type") == "application/problem+json"
            if MARK.encode() in answer.body or len(answer.body) > _MOST_BYTES:
                self.violations.append(f"case {case}: given back: {shown}")
            elif answer.body and not is_problem and not (is_broken or answer.headers.get("connection") == "close"):
                self.violations.append(f"case {case}: not a problem document: {shown}")

    async def _check_end(self, device: Legitimate) -> None:
        await device.round()
        self.violations += device.violations
        if not self._server.is_alive():
            self.violations.append("the server has ended")
            return
        answer = await Wire(self._server.port).send(
            request("GET", "/v1/status", None, {"Authorization": f"Bearer {self._server.api_key}"})
        )
        if answer.status != 200:  # noqa: PLR2004  success
            self.violations.append(f"a legitimate request of a person got {answer.status}")
        stored = await asyncio.to_thread(
            lambda: sum(1 for _ in self._server.client.records(device=device.identity.id))
        )
        if stored != device.acknowledged:
            self.violations.append(f"{device.acknowledged} records were acknowledged, {stored} are there")
        if device.slowest_s > 5.0:  # noqa: PLR2004  half of the limit
            self.violations.append(f"a legitimate call took {device.slowest_s:.1f} s")
        self._check_memory()

    def _check_memory(self) -> None:
        """The least of a part of the run is what is held: a password that is hashed takes 64 MiB for a moment."""
        warm = min((size for share, size in self._memory if _WARM_SHARE <= share <= 2 * _WARM_SHARE), default=0)
        held = min([size for share, size in self._memory if share >= 1 - _WARM_SHARE / 2] or [0])
        if warm and held - warm > _GROWTH:
            self.violations.append(f"memory grew from {warm >> 20} to {held >> 20} MiB")

    def _stall(self, number: int) -> socket.socket:
        one = socket.create_connection(("127.0.0.1", self._server.port))
        one.sendall(_STALLS[number % len(_STALLS)])
        one.setblocking(False)  # noqa: FBT003  socket's own
        return one

    def _say(self, seconds: float, device: Legitimate, stalled: Sequence[socket.socket]) -> None:
        found = ", ".join(f"{status}: {number}" for status, number in sorted(self._statuses.items()))
        memory = (
            f"{self._memory[0][1] >> 20} to {self._memory[-1][1] >> 20} MiB" if self._memory else "not sampled"
        )
        self._setting.say(
            f"{self._sent / seconds:.0f} requests/s; answers {found}; slowest {self._slowest_s:.2f} s"
        )
        self._setting.say(
            f"memory {memory}; {len(stalled)} stalled connections; {device.acknowledged} records acknowledged, "
            f"slowest legitimate call {device.slowest_s:.2f} s"
        )
