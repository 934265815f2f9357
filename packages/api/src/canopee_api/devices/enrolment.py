"""Enrolment and renewal: how a PC becomes a device, and stays one."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from canopee_api.audit.chain import note
from canopee_api.devices.tokens import Tokens
from canopee_api.errors import BusyError, ConflictError, InvalidError, NotFoundError, UnauthenticatedError
from canopee_api.live.fleet import LiveDevice, LiveFleet
from canopee_api.postgres import devices as sql
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Connection, Database
from canopee_contract.enrolment import Enrol, Enrolled, Renew, Renewed, signed_bytes
from canopee_contract.people import EnrolmentTokens, NewEnrolmentTokens
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id, new_id
from canopee_trust.ed25519 import PublicKey
from canopee_trust.errors import TrustError

MAX_SKEW = timedelta(minutes=10)
MAX_TOKENS = 10_000
_LONGEST_TOKEN_LIFE_S = 90 * 86_400
_TEXT = 255


class Enrolment:
    """Everything about the identity of devices."""

    def __init__(self, database: Database, fleet: LiveFleet, tokens: Tokens, clock: Clock) -> None:
        self._database, self._fleet, self._tokens, self._clock = database, fleet, tokens, clock

    async def mint(self, new: NewEnrolmentTokens, *, by: str) -> EnrolmentTokens:
        """One-time tokens; only their hashes are kept.

        Raises:
            InvalidError: a count or a duration that is not acceptable.
        """
        if not 1 <= new.count <= MAX_TOKENS:
            raise InvalidError("enrolment.count", f"1 to {MAX_TOKENS} tokens at once", at="$.count")
        if not 1 <= new.expires_in_s <= _LONGEST_TOKEN_LIFE_S:
            raise InvalidError("enrolment.expiry", "1 second to 90 days", at="$.expires_in_s")
        if len(new.practice_id) > _TEXT:
            raise InvalidError("enrolment.practice", f"at most {_TEXT} characters", at="$.practice_id")
        now = self._clock.now()
        tokens = [f"cpe_{secrets.token_urlsafe(24)}" for _ in range(new.count)]
        expires_at = now + timedelta(seconds=new.expires_in_s)
        async with self._database.transaction() as tx:
            await sql.insert_tokens(
                tx, [_sha256(token) for token in tokens], practice_id=new.practice_id, simulated=new.simulated,
                created_by=by, now=now, expires_at=expires_at,
            )  # fmt: skip
            await note(tx, now, by, "enrolment.mint", new.practice_id, count=new.count, simulated=new.simulated)
        return EnrolmentTokens(tokens, expires_at)

    async def enrol(self, request: Enrol, *, path: str, body: bytes, signature: bytes) -> Enrolled:
        """A new device. The same token with the same key gives the same device again: an answer may get lost.

        Raises:
            InvalidError: a malformed key or text, or `clock.skewed`.
            UnauthenticatedError: the signature, or the token, is not good.
            ConflictError: the token was used by another key, or the key is enrolled already.
        """
        key = _key(request.public_key)
        if not key.verify(signature, signed_bytes(path, body)):
            raise UnauthenticatedError("enrolment.signature", "sign the body with the key that enrols")
        self._check_clock(request.sent_at)
        _check_texts(request)
        async with self._database.transaction() as tx:
            device_id, practice_id = await self._enrolled(tx, request, key)
            row = await sql.live_row(tx, device_id)
        if row is None or row.state == "revoked":
            raise UnauthenticatedError(
                "device.revoked", "this enrolment is over: enrol with a new token and a new key"
            )
        self._fleet.put(row)
        now = self._clock.now()
        token, expires_at = self._tokens.make(device_id, row.generation, now)
        return Enrolled(device_id, row.generation, practice_id, token, expires_at, now)

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

    async def _enrolled(self, tx: Connection, request: Enrol, key: PublicKey) -> tuple[str, str]:
        """Id and practice of the device of this token, made now if the token is new."""
        now, digest = self._clock.now(), _sha256(request.token)
        token = await sql.lock_token(tx, digest)
        known = await sql.device_of_key(tx, key.raw)
        if token is None:
            raise UnauthenticatedError("enrolment.token_unknown", "ask the administrator for an enrolment token")
        if token.device_id is not None:
            if token.device_id == known:
                return token.device_id, token.practice_id
            raise ConflictError("enrolment.token_used", "this token enrolled another device: ask for a new one")
        if token.expires_at <= now:
            raise UnauthenticatedError(
                "enrolment.token_expired", "ask the administrator for a new enrolment token"
            )
        if known is not None:
            raise _key_used()
        device_id = new_id(now)
        is_new = await sql.insert_device(
            tx,
            sql.NewDevice(
                id=device_id, public_key=key.raw, hostname=request.hostname, practice_id=token.practice_id,
                platform=request.platform, fingerprint=request.fingerprint, simulated=token.simulated,
                agent_version=request.agent_version, enrolled_at=now,
            ),
        )  # fmt: skip
        if not is_new:  # by another token, at this very moment
            raise _key_used()
        await sql.use_token(tx, digest, device_id)
        await announce(tx, "device", device_id)
        await note(tx, now, "device", "device.enrol", device_id, hostname=request.hostname)
        return device_id, token.practice_id

    def _check_clock(self, sent_at: datetime) -> None:
        now = self._clock.now()
        if sent_at.tzinfo is None or abs(sent_at - now) > MAX_SKEW:
            raise InvalidError("clock.skewed", now.isoformat(), at="$.sent_at")


def _key_used() -> ConflictError:
    return ConflictError("enrolment.key_used", "this key is enrolled: make a new one")


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


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
