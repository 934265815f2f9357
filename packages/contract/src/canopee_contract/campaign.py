"""The campaign document: who, where and when, signed by approvers and checked on the PC.

It travels as a DSSE envelope of payload type `CAMPAIGN_TYPE`. A device's place in the rings is a stable
hash of its id, so that anybody can compute it and nobody can choose it.
"""

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import msgspec

from canopee_contract.condition import Scalar
from canopee_contract.instant import Instant
from canopee_contract.pipeline import PipelineRef

CAMPAIGN_TYPE = "application/vnd.canopee.campaign.v1+json"
WHOLE_FLEET_BP = 10_000


class Ring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Devices whose place is below `up_to_bp` may run from `not_before` on."""

    up_to_bp: int
    """Basis points of the fleet, 1 to 10 000; rings go up to 10 000 in increasing order."""
    not_before: Instant


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="campaign"):
    """A pipeline version given to devices."""

    spec: Literal[1]
    campaign_id: str
    """UUID version 7."""
    name: str
    pipeline: PipelineRef
    parameters: dict[str, Scalar]
    condition: dict[str, Any]
    rings: tuple[Ring, ...]
    not_before: Instant
    not_after: Instant
    max_targets: int
    """No order of this campaign has a higher ordinal."""
    reason: str
    requested_by: str


def are_in_order(rings: Sequence[Ring]) -> bool:
    """Whether there are rings, each reaches further than the one before, and none reaches beyond the fleet."""
    bounds = [0, *(ring.up_to_bp for ring in rings)]
    return len(bounds) > 1 and bounds[-1] <= WHOLE_FLEET_BP and all(low < high for low, high in pairwise(bounds))


def ring_position(device_id: str) -> int:
    """Place of a device in every campaign's rings: 0 to 9 999 basis points, from SHA-256 of its id."""
    return int.from_bytes(hashlib.sha256(device_id.encode()).digest()[:8], "big") % WHOLE_FLEET_BP


def ring_of(campaign: Campaign, device_id: str) -> Ring | None:
    """The ring a device belongs to; `None` when the campaign does not reach it."""
    position = ring_position(device_id)
    return next((ring for ring in campaign.rings if position < ring.up_to_bp), None)
