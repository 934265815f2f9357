"""Who signs each role, how many are needed, and how long what they signed still holds."""

# pyright: reportPrivateImportUsage=false
# (tuf documents this module as its public door, and re-exports without `as`)

from collections.abc import Sequence
from datetime import datetime, timedelta

from tuf.api.metadata import Metadata, Role, Root, Snapshot, Targets, Timestamp

from canopee_contract.key_life import SEVERITY, KeyLife, KeyState, RoleLife
from canopee_contract.trust_policy import TrustedKey, TrustPolicy
from canopee_trust.repository import MetadataSet, SignedT, read
from canopee_trust.roles import EXPIRY, ONLINE

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
    root = read(metadata["root"], Root)
    lives = [_life("root", root.signed.roles["root"], root, now)]
    if "targets" in metadata:
        top = read(metadata["targets"], Targets)
        lives.append(_life("targets", root.signed.roles["targets"], top, now))
        delegations = top.signed.delegations
        for name, role in ((delegations.roles if delegations else None) or {}).items():
            if name in metadata:
                lives.append(_life(name, role, read(metadata[name], Targets), now))
    roles = root.signed.roles
    if "snapshot" in metadata:
        lives.append(_life("snapshot", roles["snapshot"], read(metadata["snapshot"], Snapshot), now))
    if "timestamp" in metadata:
        lives.append(_life("timestamp", roles["timestamp"], read(metadata["timestamp"], Timestamp), now))
    if policy is not None:
        lives.append(_trusted("director", policy.directors, 1, policy))
        lives.append(_trusted("approver", policy.approvers, policy.action_approvals, policy))
    states = {life.state for life in lives}
    return KeyLife(next(state for state in reversed(SEVERITY) if state in states), lives)


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


def _life(name: str, role: Role, metadata: Metadata[SignedT], now: datetime) -> RoleLife:
    left = metadata.signed.expires - now
    return RoleLife(
        name, list(role.keyids), role.threshold, state_of(name, left), metadata.signed.version,
        metadata.signed.expires, round(left / timedelta(days=1), 1),
    )  # fmt: skip


def _trusted(name: str, keys: Sequence[TrustedKey], threshold: int, policy: TrustPolicy) -> RoleLife:
    keyids = [key.keyid for key in keys]
    return RoleLife(name, keyids, threshold, "ok", policy.epoch, lab=any(key.lab for key in keys))
