"""Campaign documents composed by the API: from a request, for a retry, for a return to the version before.

Nothing here signs: a document that needs approvers waits for them as a draft.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from canopee_api.campaigns.campaigns import checked_parameters
from canopee_api.catalog.trust import KnownPipeline
from canopee_api.errors import InvalidError
from canopee_api.postgres.campaigns import CampaignRow
from canopee_contract.campaign import LONGEST_S, WHOLE_FLEET_BP, Campaign, Prerequisite, Ring, Rollout
from canopee_contract.rollouts import CampaignRequest
from canopee_kit.ids import new_id

_EARLIER = timedelta(minutes=5)
"""A document begins so much before it is written: the clocks of PCs are not ours."""
_LEAST = timedelta(days=7)
"""What a retry or a return gives the PCs at least."""
_NAME = 200


def composed(
    known: KnownPipeline, asked: CampaignRequest, now: datetime, *, by: str, after: tuple[Prerequisite, ...] = ()
) -> Campaign:
    """The document of a request; raises `InvalidError`."""
    if not 1 <= asked.expires_in_s <= LONGEST_S:
        raise InvalidError("campaign.expiry", "1 second to 400 days", at="$.expires_in_s")
    begins, ends = now - _EARLIER, now + timedelta(seconds=asked.expires_in_s)
    return Campaign(
        spec=1, campaign_id=new_id(now), name=(asked.name or known.pipeline.title)[:_NAME], pipeline=known.ref,
        parameters=checked_parameters(known, asked.parameters), condition=asked.condition,
        rings=rings_from(asked, begins, ends), not_before=begins, not_after=ends, max_targets=asked.max_targets,
        reason=asked.reason, requested_by=by, pilots=tuple(asked.pilots), rollout=asked.rollout,
        windows=asked.windows, supersedes=asked.supersedes, through_freezes=asked.through_freezes,
        recurrence=asked.recurrence, after=after,
    )  # fmt: skip


def rings_from(asked: CampaignRequest, begins: datetime, ends: datetime) -> tuple[Ring, ...]:
    """Its rings, each `advance_after_s` after the one before; raises `InvalidError`."""
    shares = asked.rings
    if not shares or any(low >= high for low, high in pairwise([0, *shares])) or shares[-1] > WHOLE_FLEET_BP:
        raise InvalidError("campaign.rings", "rings rise, the last one to at most 10 000", at="$.rings")
    after_s = min(max(0, asked.rollout.advance_after_s), LONGEST_S)
    rings = tuple(Ring(share, begins + place * timedelta(seconds=after_s)) for place, share in enumerate(shares))
    if rings[-1].not_before >= ends:
        raise InvalidError(
            "campaign.rings", "it is over before its last ring may open: make it last longer", at="$.expires_in_s"
        )
    return rings


def retried(
    row: CampaignRow, known: KnownPipeline, device_ids: Sequence[str], now: datetime, *, by: str
) -> Campaign:
    """The same again for these devices, at once, as long as the condition still holds for them."""
    condition = {"all": [listed(device_ids), row.condition]}
    reason = f"retry of {row.id}: {len(device_ids)} devices whose run ended badly"
    rings = (Ring(WHOLE_FLEET_BP, now - _EARLIER),)
    return _again(row, known, row.parameters, condition, now, rings, (f"{row.name} (retry)", reason, by))


def returned(
    row: CampaignRow, known: KnownPipeline, condition: dict[str, Any], number: int, now: datetime, *, by: str
) -> Campaign:
    """The version before for `number` devices, first those of the campaign's first ring; no ring waits for a date."""
    given = {name: value for name, value in row.parameters.items() if name in known.pipeline.parameters}
    first = row.rings[0].up_to_bp if row.rings else WHOLE_FLEET_BP
    rings = tuple(Ring(bound, now - _EARLIER) for bound in sorted({first, WHOLE_FLEET_BP}))
    reason = f"back to {known.ref.name}@{known.ref.version} after {row.id}: {number} devices"
    said = (f"{row.name} (back to version {known.ref.version})", reason, by)
    return _again(row, known, given, condition, now, rings, said)


def listed(device_ids: Sequence[str]) -> dict[str, Any]:
    """The condition that only these devices fulfil."""
    return {"fact": "device.id", "op": "in", "value": list(device_ids)}


def _again(
    row: CampaignRow, known: KnownPipeline, parameters: dict[str, Any], condition: dict[str, Any], now: datetime,
    rings: tuple[Ring, ...], said: tuple[str, str, str],
) -> Campaign:  # fmt: skip
    name, reason, by = said
    lasts = max(_LEAST, row.not_after - row.not_before)
    pilots = tuple(sorted(row.pilots)) if len(rings) > 1 else ()
    return Campaign(
        spec=1, campaign_id=new_id(now), name=name[:_NAME], pipeline=known.ref,
        parameters=checked_parameters(known, parameters), condition=condition, rings=rings,
        not_before=now - _EARLIER, not_after=now + lasts, max_targets=row.max_targets, reason=reason,
        requested_by=by, pilots=pilots, rollout=row.rollout or Rollout(), windows=row.windows,
        through_freezes=row.through_freezes,
    )  # fmt: skip
