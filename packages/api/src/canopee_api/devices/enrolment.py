"""Enrolment and renewal: how a PC becomes a device, and stays one."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from canopee_api.audit.chain import note
from canopee_api.devices.admission import Admitted, Applicant, Refused, Waits, admit
from canopee_api.devices.enrolment_tokens import token_hash
from canopee_api.devices.tokens import Tokens
from canopee_api.devices.turns import Turns
from canopee_api.errors import (
    BusyError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthenticatedError,
    WaitingError,
)
from canopee_api.live.fleet import LiveDevice, LiveFleet
from canopee_api.postgres import devices as sql
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Database
from canopee_contract.enrolment import Enrol, Enrolled, Renew, Renewed, signed_bytes
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id
from canopee_trust.ed25519 import PublicKey
from canopee_trust.errors import TrustError

MAX_SKEW = timedelta(minutes=10)
_TEXT = 255


class Enrolment:
    """Everything about the identity of devices."""

    def __init__(self, database: Database, fleet: LiveFleet, tokens: Tokens, clock: Clock) -> None:
        self._database, self._fleet, self._tokens, self._clock = database, fleet, tokens, clock
        self._turns = Turns()

    async def enrol(
        self, request: Enrol, *, path: str, body: bytes, signature: bytes, address: str = ""
    ) -> Enrolled:
        """A new device. The same token with the same key gives the same device again: an answer may get lost.

        `address`: where the call came from, an IP address, or empty when that is not known.

        Raises:
            InvalidError: a malformed key, text or practice, or `clock.skewed`.
            UnauthenticatedError: the signature, or the token, is not good.
            ConflictError: the token was used by another key, or the key is enrolled already.
            ForbiddenError: the token is not for this practice, or somebody decided against this PC.
            WaitingError: somebody must approve it first.
            BusyError: many ask with this token at this moment.
        """
        key = _key(request.public_key)
        if not key.verify(signature, signed_bytes(path, body)):
            raise UnauthenticatedError("enrolment.signature", "sign the body with the key that enrols")
        self._check_clock(request.sent_at)
        _check_texts(request)
        now = self._clock.now()
        applicant = Applicant(
            request=request, key=key.raw, token_sha256=token_hash(request.token), address=address, now=now
        )
        async with self._turns.turn(applicant.token_sha256), self._database.transaction() as tx:
            admitted = await admit(tx, applicant)
            row = await sql.live_row(tx, admitted.device_id) if isinstance(admitted, Admitted) else None
        if isinstance(admitted, Waits):
            raise WaitingError(f"the PC waits: {admitted.reason}", retry_after_s=admitted.retry_after_s)
        if isinstance(admitted, Refused):
            raise ForbiddenError("enrolment.rejected", f"this PC was rejected: {admitted.reason}")
        if row is None or row.state == "revoked":
            raise UnauthenticatedError(
                "device.revoked", "this enrolment is over: enrol with a new token and a new key"
            )
        self._fleet.put(row)
        token, expires_at = self._tokens.make(row.id, row.generation, now)
        return Enrolled(row.id, row.generation, admitted.practice_id, token, expires_at, now)

    async def renew(self, request: Renew, *, path: str, body: bytes, signature: bytes) -> Renewed:
        """A new bearer token.

        Raises:
            UnauthenticatedError: `device.unknown`, `device.revoked`, or the signature is not good.
            InvalidError: `clock.skewed`.
        """
        async with self._database.transaction() as tx:
            held = await sql.key_of(tx, _uuid(request.device_id))
        if held is None:
            raise UnauthenticatedError("device.unknown", "enrol this device again")
        public_key, generation, state = held
        if not PublicKey(public_key).verify(signature, signed_bytes(path, body)):
            raise UnauthenticatedError("renewal.signature", "sign the body with the device's key")
        if state == "revoked" or generation != request.generation:
            raise UnauthenticatedError("device.revoked", "this enrolment is over")
        self._check_clock(request.sent_at)
        await self._count(request.device_id, request.counter)
        now = self._clock.now()
        token, expires_at = self._tokens.make(request.device_id, generation, now)
        return Renewed(token, expires_at, now)

    async def _count(self, device_id: str, counter: int) -> None:
        """Note the counter of a renewal."""
        device = self._fleet.get(device_id) or await self.learn(device_id)
        if device is None:
            return
        now = self._clock.now().timestamp()
        if not self._fleet.see(device, counter=counter, agent_version=device.agent_version, now=now):
            await self.suspect(device, counter)

    async def learn(self, device_id: str) -> LiveDevice | None:
        """What the database says of a device of which another process knows more; `None` when there is none."""
        async with self._database.transaction() as tx:
            row = await sql.live_row(tx, _uuid(device_id))
        if row is None:
            return None
        self._fleet.put(row)
        return self._fleet.get(device_id)

    async def suspect_clones(self, clones: Mapping[str, int]) -> None:
        """Devices whose counter (given) was also used with another process."""
        for device_id, counter in clones.items():
            if device := self._fleet.get(device_id):
                await self.suspect(device, counter)

    async def suspect(self, device: LiveDevice, counter: int) -> None:
        """Note that a counter came twice: the device gets no orders until an administrator decides."""
        if device.state != "active":
            return
        device.state = "suspect"
        try:
            async with self._database.transaction() as tx:
                if await sql.suspect(tx, device.id):
                    now, seen = self._clock.now(), device.counter
                    await announce(tx, "device", device.id)
                    await note(tx, now, "api", "device.suspect", device.id, counter=counter, seen=seen)
        except BusyError:
            device.state = "active"  # or it would never be stored
            raise

    async def revoke(self, device_id: str, *, by: str) -> None:
        """End an enrolment; in force here at once, elsewhere within seconds.

        Raises:
            NotFoundError: there is no such living device.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if not await sql.revoke(tx, _uuid(device_id)):
                raise NotFoundError("device.unknown", f"there is no living device {device_id[:40]}")
            await announce(tx, "device", device_id)
            await note(tx, now, by, "device.revoke", device_id)
            row = await sql.live_row(tx, device_id)
        if row is not None:
            self._fleet.put(row)

    def _check_clock(self, sent_at: datetime) -> None:
        now = self._clock.now()
        if sent_at.tzinfo is None or abs(sent_at - now) > MAX_SKEW:
            raise InvalidError("clock.skewed", now.isoformat(), at="$.sent_at")


def _check_texts(request: Enrol) -> None:
    for name in ("hostname", "agent_version", "fingerprint", "nonce"):
        if len(getattr(request, name)) > _TEXT:
            raise InvalidError("enrolment.malformed", f"at most {_TEXT} characters", at=f"$.{name}")
    if request.platform not in {"windows", "linux"}:
        raise InvalidError("enrolment.malformed", "windows or linux", at="$.platform")


def _key(text: str) -> PublicKey:
    try:
        return PublicKey.from_base64(text)
    except (TrustError, ValueError) as error:
        raise InvalidError("enrolment.key", "base64 of 32 bytes is expected", at="$.public_key") from error


def _uuid(text: str) -> str:
    """A text that PostgreSQL reads as a UUID; raises `NotFoundError`."""
    if is_id(text):
        return text
    raise NotFoundError("device.unknown", f"{text[:40]} is not the id of a device")
