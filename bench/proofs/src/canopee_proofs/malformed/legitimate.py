"""A device that behaves while others do harm: what is acknowledged to it may not be lost."""

import asyncio
import base64
from typing import TypeVar

import msgspec

from canopee_client.client import Client
from canopee_contract.checkin import CheckIn, CheckInReply
from canopee_contract.codec import decode, encode
from canopee_contract.enrolment import Enrol, Enrolled, signed_bytes
from canopee_contract.people import NewEnrolmentTokens
from canopee_contract.records import Record, RecordBatch, RecordsReply
from canopee_kit.clock import Clock
from canopee_proofs.malformed.calls import Identity
from canopee_proofs.malformed.wire import Wire, request
from canopee_trust.ed25519 import PrivateKey

T = TypeVar("T")
_BATCH = 20
_EVERY_S = 0.5


async def enrolled(wire: Wire, client: Client, clock: Clock) -> Identity:
    """A new device."""
    key, path = PrivateKey.generate(), "/agent/v1/enrol"
    minted = await asyncio.to_thread(client.mint_tokens, NewEnrolmentTokens(practice_id="PROOF"))
    body = encode(
        Enrol(
            token=minted.tokens[0], public_key=key.public.base64, hostname="PROOF", platform="linux",
            agent_version="0.1.0", fingerprint="f" * 64, sent_at=clock.now(), nonce="n",
        )
    )  # fmt: skip
    signature = base64.b64encode(key.sign(signed_bytes(path, body))).decode()
    answer = await wire.send(request("POST", path, body, {"Canopee-Signature": signature}))
    made = decode(answer.body, Enrolled)
    return Identity(made.device_id, key, made.token)


class Legitimate:
    """One device at work."""

    def __init__(self, wire: Wire, identity: Identity, clock: Clock) -> None:
        self._wire, self.identity, self._clock = wire, identity, clock
        self._counter = self._seq = 0
        self.acknowledged = 0
        """Records that the server has said to have stored."""
        self.slowest_s = 0.0
        self.violations: list[str] = []

    async def work(self, stop: asyncio.Event) -> None:
        """Check in and send records, twice a second, until `stop`."""
        while not stop.is_set():
            await self.round()
            try:
                await asyncio.wait_for(stop.wait(), _EVERY_S)
            except TimeoutError:
                continue

    async def round(self) -> None:
        """One check-in and one batch."""
        self._counter += 1
        await self._call("check-in", encode(CheckIn(self._counter, "0.1.0", "", 0)), CheckInReply)
        body = msgspec.Raw(b'{"stream":"main","dropped":1,"first_seq":1,"last_seq":1,"reason":"proof"}')
        first, now = self._seq + 1, self._clock.now()
        records = tuple(Record(first + n, "gap", 1, now, body) for n in range(_BATCH))
        reply = await self._call("records", encode(RecordBatch("main", records)), RecordsReply)
        if reply is not None:
            self.acknowledged += sum(one == "accepted" for one in reply.verdicts)
            self._seq = reply.mark

    async def _call(self, call: str, body: bytes, kind: type[T]) -> T | None:
        headers = {"Authorization": f"Bearer {self.identity.token}"}
        answer = await self._wire.send(request("POST", f"/agent/v1/{call}", body, headers))
        self.slowest_s = max(self.slowest_s, answer.seconds)
        if answer.status != 200:  # noqa: PLR2004  success
            self.violations.append(f"a legitimate {call} got {answer.status}: {answer.body[:200]!r}")
            return None
        return decode(answer.body, kind)
