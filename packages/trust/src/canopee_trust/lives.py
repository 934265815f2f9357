"""Who signs each role, how many are needed, and how long what they signed still holds."""

# pyright: reportPrivateImportUsage=false
# (tuf documents this module as its public door, and re-exports without `as`)

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from canopee_contract.key_life import SEVERITY, KeyHolder, KeyLife, KeyState, RoleLife
from canopee_contract.trust_policy import TrustedKey, TrustPolicy
from canopee_trust.ed25519 import PublicKey
from canopee_trust.repository import MetadataSet, SignedT, read
from canopee_trust.roles import EXPIRY, ONLINE
from canopee_trust.tuf_keys import LibcryptoKey

ALARMS: tuple[tuple[timedelta, KeyState], ...] = (
    (timedelta(0), "expired"),
    (timedelta(days=14), "critical"),
    (timedelta(days=30), "urgent"),
    (timedelta(days=60), "soon"),
)
"""Time left → what it is called, the worst first."""
_ONLINE_ALARM = 0.25
"""Part of its life left under which an online role alarms: the API signs again at half of it, so it no longer does."""


def key_life(metadata: MetadataSet, policy: TrustPolicy | None, now: datetime) -> KeyLife:
    """Every role of the newest `metadata`, which is NOT verified here, and the keys of the trust policy.

    Raises:
        MetadataError: malformed.
    """
    return aged(role_lives(metadata, policy), now)


def role_lives(metadata: MetadataSet, policy: TrustPolicy | None) -> list[RoleLife]:
    """As `key_life`, without what time does: to be kept for as long as the metadata stay the same."""
    root = read(metadata["root"], Root)
    lives = [_life("root", root.signed, root)]
    if "targets" in metadata:
        top = read(metadata["targets"], Targets)
        lives.append(_life("targets", root.signed, top))
        delegations = top.signed.delegations
        named = (delegations.roles if delegations else None) or {}
        lives += [_life(name, top.signed, read(metadata[name], Targets)) for name in named if name in metadata]
    if "snapshot" in metadata:
        lives.append(_life("snapshot", root.signed, read(metadata["snapshot"], Snapshot)))
    if "timestamp" in metadata:
        lives.append(_life("timestamp", root.signed, read(metadata["timestamp"], Timestamp)))
    if policy is not None:
        lives.append(_trusted("director", policy.directors, 1, policy))
        lives.append(_trusted("approver", policy.approvers, policy.action_approvals, policy))
    return lives


def aged(lives: Sequence[RoleLife], now: datetime) -> KeyLife:
    """What they are now."""
    roles = [_at(life, now) for life in lives]
    ends = [(life.expires_at, life.role) for life in lives if life.expires_at and life.role not in ONLINE]
    worst: KeyState = next(state for state in reversed(SEVERITY) if state in {role.state for role in roles})
    return KeyLife(worst, roles, min(ends)[1] if ends else "")


def signers(lives: Iterable[RoleLife], role: str) -> frozenset[str]:
    """Key ids whose good signatures are on the newest metadata of a role."""
    return frozenset(one.keyid for life in lives if life.role == role for one in life.holders if one.has_signed)


def state_of(role: str, left: timedelta) -> KeyState:
    """What the time that a role has left is called."""
    if role in ONLINE:
        if left <= timedelta(0):
            return "expired"
        return "critical" if left < EXPIRY[role] * _ONLINE_ALARM else "ok"
    for limit, state in ALARMS:
        if left <= limit:
            return state
    return "ok"


def _at(life: RoleLife, now: datetime) -> RoleLife:
    if life.expires_at is None:
        return life
    left = life.expires_at - now
    return msgspec.structs.replace(
        life, state=state_of(life.role, left), days_left=round(left / timedelta(days=1), 1)
    )


def _life(name: str, delegator: Root | Targets, metadata: Metadata[SignedT]) -> RoleLife:
    verdict = delegator.get_verification_result(name, metadata.signed_bytes, metadata.signatures)
    known = verdict.signed | verdict.unsigned
    holders = [
        _holder(known[keyid], has_signed=keyid in verdict.signed)
        for keyid in delegator.get_delegated_role(name).keyids if keyid in known
    ]  # fmt: skip
    return RoleLife(
        name, [one.keyid for one in holders], verdict.threshold, "ok", metadata.signed.version,
        metadata.signed.expires, None, any(one.lab for one in holders), holders,
    )  # fmt: skip


def _holder(key: object, *, has_signed: bool) -> KeyHolder:
    if not isinstance(key, LibcryptoKey):  # pragma: no cover  python-tuf makes our keys only
        raise TypeError(type(key))
    raw = bytes.fromhex(key.keyval["public"])
    return KeyHolder(key.keyid, key.holder, hashlib.sha256(raw).hexdigest(), key.is_lab, has_signed)


def _trusted(name: str, keys: Sequence[TrustedKey], threshold: int, policy: TrustPolicy) -> RoleLife:
    holders = [KeyHolder(key.keyid, key.name, hashlib.sha256(_raw(key)).hexdigest(), key.lab) for key in keys]
    return RoleLife(
        name, [key.keyid for key in keys], threshold, "ok", policy.epoch,
        lab=any(key.lab for key in keys), holders=holders,
    )  # fmt: skip


def _raw(key: TrustedKey) -> bytes:
    return PublicKey.from_base64(key.public_key).raw
