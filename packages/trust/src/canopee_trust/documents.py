"""Orders and campaign documents: sealing them, and opening them against the trust policy."""

from collections.abc import Sequence

import msgspec

from canopee_contract.campaign import CAMPAIGN_TYPE, Campaign
from canopee_contract.codec import decode, encode
from canopee_contract.errors import MalformedError
from canopee_contract.order import ORDER_TYPE, Order
from canopee_contract.pipeline import Kind
from canopee_contract.trust_policy import TrustedKey, TrustPolicy
from canopee_trust.dsse import MAX_BYTES, OpenedEnvelope, open_envelope, seal
from canopee_trust.ed25519 import PrivateKey, PublicKey
from canopee_trust.errors import EnvelopeError, TrustError


class OpenedOrder(msgspec.Struct, frozen=True):
    """An order whose signature was checked."""

    order: Order
    sha256: str
    uses_lab_keys: bool


class OpenedCampaign(msgspec.Struct, frozen=True):
    """A campaign document whose signatures were checked."""

    campaign: Campaign
    sha256: str
    signers: tuple[str, ...]
    """Key ids of the approvers who signed."""
    uses_lab_keys: bool


def seal_order(order: Order, key: PrivateKey) -> bytes:
    """The envelope of an order, signed by the online key."""
    return seal(ORDER_TYPE, encode(order), [key])


def seal_campaign(campaign: Campaign, keys: Sequence[PrivateKey]) -> bytes:
    """The envelope of a campaign document, signed by its approvers."""
    return seal(CAMPAIGN_TYPE, encode(campaign), keys)


def open_order(raw: bytes, policy: TrustPolicy) -> OpenedOrder:
    """The order in `raw`, signed by one of the policy's online keys.

    Raises:
        EnvelopeError: not so.
    """
    opened = open_envelope(raw, ORDER_TYPE, _keys(policy.directors))
    try:
        order = decode(opened.payload, Order, max_bytes=MAX_BYTES)
    except MalformedError as error:
        raise EnvelopeError("payload", f"not an order: {error.message}") from error
    return OpenedOrder(order, opened.sha256, _are_lab(policy.directors, opened))


def open_campaign(raw: bytes, policy: TrustPolicy, kind: Kind) -> OpenedCampaign:
    """The campaign in `raw`, signed by as many distinct approvers as a pipeline of `kind` needs.

    Raises:
        EnvelopeError: not so.
    """
    threshold = policy.action_approvals if kind == "action" else policy.collect_approvals
    opened = open_envelope(raw, CAMPAIGN_TYPE, _keys(policy.approvers), threshold)
    try:
        campaign = decode(opened.payload, Campaign, max_bytes=MAX_BYTES)
    except MalformedError as error:
        raise EnvelopeError("payload", f"not a campaign document: {error.message}") from error
    return OpenedCampaign(campaign, opened.sha256, opened.signers, _are_lab(policy.approvers, opened))


def _keys(trusted: Sequence[TrustedKey]) -> list[PublicKey]:
    try:
        return [PublicKey.from_base64(key.public_key) for key in trusted]
    except TrustError as error:
        raise EnvelopeError("policy", f"the trust policy holds a key that is none: {error.message}") from error


def _are_lab(trusted: Sequence[TrustedKey], opened: OpenedEnvelope) -> bool:
    lab = {PublicKey.from_base64(key.public_key).keyid for key in trusted if key.lab}
    return not lab.isdisjoint(opened.signers)
