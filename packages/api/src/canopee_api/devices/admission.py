"""Whether a PC that asks with a good signature becomes a device now, waits, or is refused.

Everything happens in one transaction that holds the token: nothing is counted twice, and what is refused or cut uses
nothing up. A decision of a person holds for what was shown: the same key and token, practice, name, platform and
hardware. A decision of a rule is made anew each time that the PC asks.
"""

from datetime import datetime, timedelta

import msgspec

from canopee_api.audit.chain import note
from canopee_api.devices.globs import glob_matches
from canopee_api.devices.rules import Enrolling, Ruling, count_devices, decide
from canopee_api.errors import BusyError, ConflictError, ForbiddenError, InvalidError, UnauthenticatedError
from canopee_api.postgres import devices
from canopee_api.postgres import enrolment_requests as requests
from canopee_api.postgres import enrolment_tokens as tokens
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Connection
from canopee_api.postgres.practices import is_practice
from canopee_contract.admission import EnrolmentRules
from canopee_contract.enrolment import Enrol
from canopee_contract.practices import MAX_ID
from canopee_kit.ids import new_id

MAX_OPEN = 20_000
"""Requests of one token that wait."""
_SOONEST_S, _LATEST_S = 15.0, 900.0
_OPEN = frozenset({"waiting", "approved"})
"""What was asked while the token was good may be granted when it is not any more."""


class Applicant(msgspec.Struct, frozen=True, kw_only=True):
    """A PC that asks, and how it asks."""

    request: Enrol
    key: bytes
    token_sha256: bytes
    address: str
    now: datetime


class Admitted(msgspec.Struct, frozen=True):
    """It is a device."""

    device_id: str
    practice_id: str


class Waits(msgspec.Struct, frozen=True):
    """Somebody must decide."""

    reason: str
    retry_after_s: float


class Refused(msgspec.Struct, frozen=True):
    """Somebody, or a rule, decided against it; that is remembered."""

    reason: str


async def admit(tx: Connection, applicant: Applicant) -> Admitted | Waits | Refused:
    """Decide, and store what was decided; to be committed whatever it is.

    Raises:
        UnauthenticatedError: the token is unknown, expired or revoked.
        ConflictError: the token was used up, or the key is enrolled already.
        ForbiddenError: the token is not for this practice.
        InvalidError: the practice is missing, or cannot be one.
        BusyError: too many wait with this token.
    """
    token = await tokens.lock_token(tx, applicant.token_sha256)
    known = await devices.device_of_key(tx, applicant.key)
    if token is None:
        raise UnauthenticatedError("enrolment.token_unknown", "ask the administrator for an enrolment token")
    if known is not None and (known[2] == applicant.token_sha256 or known[0] == token.device_id):
        return Admitted(known[0], known[1])
    held = await requests.lock_request(tx, applicant.key, applicant.token_sha256)
    _check_token(token)
    if token.expires_at <= applicant.now and (held is None or held.state not in _OPEN):
        if held is not None and held.state == "rejected" and not held.by_rule:
            return Refused(held.reason)
        raise UnauthenticatedError("enrolment.token_expired", "ask the administrator for a new enrolment token")
    if known is not None:
        raise _key_used()
    practice_id = _practice(token, applicant.request.practice_id)
    ruling = await _ruling(tx, applicant, token, held, practice_id)
    if ruling.then == "approve":
        return await _enrol(tx, applicant, token, held, practice_id)
    is_over = ruling.then == "reject"
    if held is not None and not held.by_rule and is_over:
        return Refused(ruling.reason)
    await _put(tx, applicant, token, held, ruling, practice_id)
    return Refused(ruling.reason) if is_over else Waits(ruling.reason, _come_back_s(held, applicant.now))


async def held_rules(tx: Connection) -> EnrolmentRules:
    """The rules that are in force."""
    found = await requests.get_rules(tx)
    return msgspec.convert(found[0], EnrolmentRules) if found else EnrolmentRules()


def _check_token(token: tokens.TokenRow) -> None:
    if token.revoked_at is not None:
        raise UnauthenticatedError("enrolment.token_revoked", "ask the administrator for another enrolment token")
    if token.used >= token.uses or (token.uses == 1 and token.device_id is not None):
        what = "another device" if token.uses == 1 else f"{token.uses} devices, as many as it may"
        raise ConflictError("enrolment.token_used", f"this token enrolled {what}: ask for a new one")


def _practice(token: tokens.TokenRow, claimed: str) -> str:
    """The practice of the device: the token's own, or the one that the PC names when the token lets it."""
    if token.practice_id or not (token.practice_pattern or claimed):
        return token.practice_id
    if not claimed:
        raise InvalidError(
            "enrolment.practice_missing",
            f"this token is for the practices {token.practice_pattern}: write practice_id into agent.toml",
            at="$.practice_id",
        )
    if len(claimed) > MAX_ID or not claimed.isprintable() or claimed != claimed.strip():
        raise InvalidError(
            "enrolment.practice", f"1 to {MAX_ID} printable characters, no space at the ends", at="$.practice_id"
        )
    if not token.practice_pattern:
        raise ForbiddenError(
            "enrolment.practice_refused",
            "this token lets no PC name its practice: use one with a practice, or with a pattern of practices",
            at="$.practice_id",
        )
    if not glob_matches(token.practice_pattern, claimed):
        raise ForbiddenError(
            "enrolment.practice_refused",
            f"this token is for the practices {token.practice_pattern}, not for {claimed}",
            at="$.practice_id",
        )
    return claimed


async def _ruling(
    tx: Connection, applicant: Applicant, token: tokens.TokenRow, held: requests.RequestRow | None,
    practice_id: str,
) -> Ruling:  # fmt: skip
    """What a person decided on exactly this; else what the rules say now."""
    if held is not None and not held.by_rule and _is_same(held, applicant.request, practice_id):
        if held.state == "approved":
            return Ruling("approve", held.reason)
        if held.state == "rejected":
            return Ruling("reject", held.reason)
    rules = await held_rules(tx)
    if not rules.rules:
        return Ruling("wait", "the token needs an approval") if token.needs_approval else Ruling("approve", "")
    request = applicant.request
    enrolling = Enrolling(
        practice_id=practice_id,
        practice_known=await is_practice(tx, practice_id),
        hostname=request.hostname,
        platform=request.platform,
        address=applicant.address,
        label=token.label,
        needs_approval=token.needs_approval,
        devices=await devices.count_in_practice(tx, practice_id) if count_devices(rules) else 0,
        hardware_known=bool(await devices.same_hardware(tx, request.fingerprint)),
    )
    return decide(rules, enrolling)


def _is_same(held: requests.RequestRow, request: Enrol, practice_id: str) -> bool:
    """Whether what is asked is what was shown to whoever decided."""
    shown = (held.practice_id, held.hostname, held.platform, held.fingerprint)
    return shown == (practice_id, request.hostname, request.platform, request.fingerprint)


async def _enrol(
    tx: Connection, applicant: Applicant, token: tokens.TokenRow, held: requests.RequestRow | None,
    practice_id: str,
) -> Admitted:  # fmt: skip
    request, now, device_id = applicant.request, applicant.now, new_id(applicant.now)
    is_new = await devices.insert_device(
        tx,
        devices.NewDevice(
            id=device_id, public_key=applicant.key, hostname=request.hostname, practice_id=practice_id,
            platform=request.platform, fingerprint=request.fingerprint, simulated=token.simulated,
            agent_version=request.agent_version, enrolled_at=now, token_sha256=applicant.token_sha256,
        ),
    )  # fmt: skip
    if not is_new:  # by another token, at this very moment
        raise _key_used()
    await tokens.use_token(tx, applicant.token_sha256, device_id)
    if held is not None and held.state == "approved" and held.replaces:
        await _replace(tx, applicant, device_id)
    if held is not None:
        await requests.end_request(tx, held.id, device_id, now=now)
    await announce(tx, "device", device_id)
    await note(
        tx, now, "device", "device.enrol", device_id, hostname=request.hostname, practice=practice_id,
        batch=token.batch_id,
    )  # fmt: skip
    return Admitted(device_id, practice_id)


async def _replace(tx: Connection, applicant: Applicant, device_id: str) -> None:
    """End the enrolments of the devices that this PC was before it was installed again."""
    for old in await devices.same_hardware(tx, applicant.request.fingerprint):
        if old != device_id and await devices.revoke(tx, old):
            await announce(tx, "device", old)
            await note(tx, applicant.now, "device", "device.replace", old, by=device_id)


async def _put(
    tx: Connection, applicant: Applicant, token: tokens.TokenRow, held: requests.RequestRow | None, ruling: Ruling,
    practice_id: str,
) -> None:  # fmt: skip
    """Store that it waits, or that a rule rejects it; what is new goes into the audit."""
    if held is None and await requests.count_open(tx, applicant.token_sha256) >= MAX_OPEN:
        raise BusyError(f"{MAX_OPEN} PCs wait with this token: decide on some of them", retry_after_s=_LATEST_S)
    request, now = applicant.request, applicant.now
    state = "waiting" if ruling.then == "wait" else "rejected"
    asked = requests.Asked(
        id=held.id if held else new_id(now), public_key=applicant.key, token_sha256=applicant.token_sha256,
        state=state, reason=ruling.reason, hostname=request.hostname, practice_id=practice_id,
        platform=request.platform, agent_version=request.agent_version, fingerprint=request.fingerprint,
        address=applicant.address, now=now,
    )  # fmt: skip
    await requests.put_request(tx, asked)
    if held is None or (held.state, held.reason) != (state, ruling.reason):
        await note(
            tx, now, "device", f"enrolment.{state}", asked.id, hostname=request.hostname, practice=practice_id,
            reason=ruling.reason, batch=token.batch_id,
        )  # fmt: skip


def _come_back_s(held: requests.RequestRow | None, now: datetime) -> float:
    """Soon at first, when somebody may be sitting before the PC; ever less often then."""
    waited = now - held.asked_at if held is not None and held.state == "waiting" else timedelta()
    return min(_LATEST_S, max(_SOONEST_S, waited.total_seconds() / 4))


def _key_used() -> ConflictError:
    return ConflictError("enrolment.key_used", "this key is enrolled: make a new one")
