"""The protocol's calls for one simulated device: credential, renewal, problems as errors."""

import base64
import os
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from canopee_contract.codec import encode
from canopee_contract.enrolment import SIGNATURE_HEADER, Enrol, Enrolled, Renew, Renewed, signed_bytes
from canopee_contract.problem import Problem
from canopee_kit.clock import Clock
from canopee_swarm.errors import AnswerError, BusyServerError, OverError
from canopee_swarm.fleet import AGENT_VERSION, Pc
from canopee_swarm.http import Answer, Pool
from canopee_swarm.store import Identity, Store
from canopee_trust.ed25519 import PrivateKey

T = TypeVar("T")
PREFIX = "/agent/v1/"
_RENEW_BEFORE = timedelta(minutes=5)
_OVER = {"device.revoked", "device.unknown", "enrolment.token_used", "enrolment.rejected"}


class Link:
    """One device's way to the server."""

    def __init__(self, pool: Pool, store: Store, clock: Clock, machine: Pc) -> None:
        self._pool, self._store, self._clock, self._machine = pool, store, clock, machine
        self.identity: Identity | None = store.identity(machine.number)
        self._new_key: PrivateKey | None = None
        self._reserved = self.identity.counter if self.identity else 0

    async def enrol(self, token: str) -> Identity:
        """Become a device, with a key made at the first attempt: the answer to it may have been lost."""
        key = self._new_key = self._new_key or PrivateKey.generate()
        request = Enrol(
            token, key.public.base64, self._machine.hostname, "windows", AGENT_VERSION, self._machine.fingerprint,
            self._clock.now(), os.urandom(8).hex(), self._machine.practice_id,
        )  # fmt: skip
        enrolled = await self._signed("enrol", encode(request), key, Enrolled)
        self.identity = Identity(
            self._machine.number, key.to_bytes(), enrolled.device_id, enrolled.generation, enrolled.practice_id,
            enrolled.token, enrolled.token_expires_at.isoformat(),
        )  # fmt: skip
        self._store.add(self.identity)
        return self.identity

    def next_counter(self) -> int:
        """The next number, reserved by blocks."""
        held = self._held()
        held.counter += 1
        if held.counter >= self._reserved:
            self._store.reserve_counters(held.number, held.counter)
            self._reserved = held.counter + 64
        return held.counter

    async def call(self, call: str, message: object, kind: type[T], *, timeout_s: float = 30.0) -> T:
        """One authenticated POST."""
        is_counted = call == "check-in"
        answer = await self._authenticated(
            "POST", PREFIX + call, encode(message), timeout_s, is_counted=is_counted
        )
        return msgspec.json.decode(answer.body, type=kind)

    async def put(self, call: str, content: bytes, kind: type[T], *, timeout_s: float = 60.0) -> T:
        """One authenticated PUT of bytes."""
        answer = await self._authenticated("PUT", PREFIX + call, content, timeout_s)
        return msgspec.json.decode(answer.body, type=kind)

    async def fetch(self, name: str) -> bytes:
        """One file of the signed repository."""
        return (await self._authenticated("GET", f"{PREFIX}tuf/{name}", b"", 30.0)).body

    async def _authenticated(
        self, method: str, path: str, body: bytes, timeout_s: float, *, is_counted: bool = False
    ) -> Answer:
        held = self._held()
        if datetime.fromisoformat(held.token_expires_at) - _RENEW_BEFORE <= self._clock.now().astimezone(UTC):
            await self._renew()
        headers = [f"authorization: Bearer {self._held().token}"]
        return _checked(
            await self._pool.call(method, path, body, headers=headers, timeout_s=timeout_s, is_counted=is_counted)
        )

    async def _renew(self) -> None:
        held = self._held()
        request = Renew(
            held.device_id, held.generation, self.next_counter(), self._clock.now(), os.urandom(8).hex()
        )
        renewed = await self._signed("renew", encode(request), PrivateKey.from_bytes(held.seed), Renewed)
        held.token, held.token_expires_at = renewed.token, renewed.token_expires_at.isoformat()
        self._store.keep_token(held.number, held.token, held.token_expires_at)

    async def _signed(self, call: str, body: bytes, key: PrivateKey, kind: type[T]) -> T:
        signature = base64.b64encode(key.sign(signed_bytes(PREFIX + call, body))).decode()
        headers = [f"{SIGNATURE_HEADER}: {signature}"]
        answer = _checked(
            await self._pool.call("POST", PREFIX + call, body, headers=headers, is_counted=call == "renew")
        )
        return msgspec.json.decode(answer.body, type=kind)

    def _held(self) -> Identity:
        if self.identity is None:
            raise RuntimeError("not enrolled")
        return self.identity


def _checked(answer: Answer) -> Answer:
    if answer.status == 200:  # noqa: PLR2004  success
        return answer
    try:
        problem = msgspec.json.decode(answer.body, type=Problem)
    except msgspec.DecodeError:
        problem = Problem("swarm.not_ours", "not an answer of the API", answer.status)
    if answer.status in {429, 503}:
        raise BusyServerError(problem.title, retry_after_s=problem.retry_after_s or 5)
    raise OverError(problem) if problem.code in _OVER else AnswerError(problem)
