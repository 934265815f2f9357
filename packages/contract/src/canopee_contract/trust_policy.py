"""The trust policy: TUF target `policy/trust.json`, which says whose orders and approvals count."""

from typing import Literal

import msgspec

TRUST_POLICY_PATH = "policy/trust.json"
FACT_SOURCES_PATH = "facts/sources.json"


class TrustedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A public key and whose it is."""

    keyid: str
    public_key: str
    """Base64 of the 32 bytes of an Ed25519 public key."""
    name: str
    lab: bool = False
    """Made by `canopee keys dev-init`: accepted only where the local policy says so."""


class TrustPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="trust_policy"):
    """Keys that sign orders and campaigns."""

    spec: Literal[1]
    epoch: int
    directors: tuple[TrustedKey, ...]
    """Online keys: any one of them signs an order."""
    approvers: tuple[TrustedKey, ...]
    action_approvals: int = 2
    """Distinct approvers of a campaign whose pipeline acts."""
    collect_approvals: int = 1
    """Distinct approvers of a campaign whose pipeline collects."""
