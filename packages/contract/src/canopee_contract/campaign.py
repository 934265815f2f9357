"""The campaign document: who, where and when, signed by approvers and checked on the PC.

It travels as a DSSE envelope of payload type `CAMPAIGN_TYPE`. A device's place in the rings is a stable
hash of its id, so that anybody can compute it and nobody can choose it; pilots, which are named, come first.
"""

import hashlib
from collections.abc import Container, Sequence
from itertools import pairwise
from typing import Any, Literal

import msgspec

from canopee_contract.condition import Scalar
from canopee_contract.instant import Instant
from canopee_contract.pipeline import Kind, PipelineRef
from canopee_contract.recurrence import Recurrence
from canopee_contract.signal import Signal
from canopee_contract.window import Window

CAMPAIGN_TYPE = "application/vnd.canopee.campaign.v1+json"
WHOLE_FLEET_BP = 10_000
LONGEST_S = 400 * 86_400
"""Of a campaign, and of what it waits for."""
MAX_PREREQUISITES = 10
FASTEST = 1_000_000
"""Orders a minute."""
MOST_BYTES = 2**50
"""An hour."""


class Ring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Devices whose place is below `up_to_bp` may run from `not_before` on."""

    up_to_bp: int
    """Basis points of the fleet, 1 to 10 000; rings go up to 10 000 in increasing order."""
    not_before: Instant


class Rollout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the next ring opens, and what halts a campaign by itself.

    Signed, so that approvers know it; obeyed by the API. A PC holds to what no server can hasten: `rings`. Shares are
    whole percentages. Runs that ended well are `done` or `skipped`; badly, `failed`, `timed_out` or `unknown`.
    """

    advance_after_s: int = 3_600
    """How long a ring stays alone with those before it."""
    min_answered_pct: int = 80
    """Of the orders of the open rings, how many must have ended before the next one opens."""
    max_failed_pct: int = 5
    """Of the runs that ended, how many may have ended badly: above, the campaign halts."""
    max_silent_pct: int = 30
    """Of the orders delivered, how many may be without an answer `silent_after_s` later: above, it halts."""
    silent_after_s: int = 86_400
    min_runs: int = 10
    """Below so many, no share halts anything."""
    signals: tuple[Signal, ...] | msgspec.UnsetType = msgspec.UNSET
    """What in the data of the PCs that have run halts it. Not written where there is none: older agents take it."""
    orders_per_min: int | msgspec.UnsetType = msgspec.UNSET
    """So many orders are made in a minute of the clock, at most; unset: as many as there are PCs."""
    bytes_per_hour: int | msgspec.UnsetType = msgspec.UNSET
    """The PCs whose orders are made in any hour download so much, at most, as far as sizes are known."""


class Prerequisite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run that must have ended `done` on a PC before: of a pipeline, of this version or a later one."""

    kind: Kind
    """Whoever signs collections cannot stand in for who signs actions, by a pipeline of the same name."""
    pipeline: str
    version: int = 1


class Campaign(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag="campaign"
):
    """A pipeline version given to devices. What it does not use is not written: agents that do not know it take it."""

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
    pilots: tuple[str, ...] = ()
    """Ids of devices that belong to the first ring, wherever their place is."""
    rollout: Rollout | None = None
    """`None`: each ring opens at its time, whatever becomes of the others."""
    windows: tuple[Window, ...] = ()
    """When an order may begin, by the clock on the wall of the PC, whatever its time zone; none: at any time."""
    supersedes: bool = False
    """It ends the campaigns of the same pipeline, whatever their version, whose documents are older (by their ids).

    A PC on which an order of it has begun refuses theirs.
    """
    through_freezes: bool = False
    """An emergency: its orders are made and delivered while the freeze calendar holds those of the others back."""
    recurrence: Recurrence | None = None
    """Given again at each occurrence, once a PC; `None`: given once."""
    after: tuple[Prerequisite, ...] = ()
    """A PC that has not done all of these waits."""


def are_in_order(rings: Sequence[Ring]) -> bool:
    """Whether there are rings, each reaches further than the one before, and none reaches beyond the fleet."""
    bounds = [0, *(ring.up_to_bp for ring in rings)]
    return len(bounds) > 1 and bounds[-1] <= WHOLE_FLEET_BP and all(low < high for low, high in pairwise(bounds))


def asked(prerequisite: Prerequisite) -> str:
    """What people read: `prepare_update ≥ 3`."""
    return f"{prerequisite.pipeline} ≥ {prerequisite.version}"


def written_at(campaign: Campaign) -> int:
    """Milliseconds since 1970 of its id, a UUID version 7."""
    return int(campaign.campaign_id.replace("-", "")[:12], 16)


def ring_position(device_id: str) -> int:
    """Place of a device in every campaign's rings: 0 to 9 999 basis points, from SHA-256 of its id."""
    return int.from_bytes(hashlib.sha256(device_id.encode()).digest()[:8], "big") % WHOLE_FLEET_BP


def ring_index(rings: Sequence[Ring], pilots: Container[str], device_id: str) -> int | None:
    """The ring a device belongs to, 0 for the first; `None` when none reaches it."""
    if rings and device_id in pilots:
        return 0
    position = ring_position(device_id)
    return next((index for index, ring in enumerate(rings) if position < ring.up_to_bp), None)


def ring_of(campaign: Campaign, device_id: str) -> Ring | None:
    """The ring a device belongs to; `None` when the campaign does not reach it."""
    index = ring_index(campaign.rings, campaign.pilots, device_id)
    return None if index is None else campaign.rings[index]


def is_sensible(rollout: Rollout) -> bool:
    """Whether its shares are percentages, and its durations and counts no less than nothing."""
    shares = (rollout.min_answered_pct, rollout.max_failed_pct, rollout.max_silent_pct)
    others = (rollout.advance_after_s, rollout.silent_after_s, rollout.min_runs)
    if rollout.orders_per_min is not msgspec.UNSET and not 1 <= rollout.orders_per_min <= FASTEST:
        return False
    if rollout.bytes_per_hour is not msgspec.UNSET and not 1 <= rollout.bytes_per_hour <= MOST_BYTES:
        return False
    return all(0 <= share <= 100 for share in shares) and all(0 <= one <= LONGEST_S for one in others)  # noqa: PLR2004  per cent
