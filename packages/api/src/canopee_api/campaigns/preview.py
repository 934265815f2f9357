"""What a campaign would do if it started now: whom it reaches, ring by ring, what it costs, until when."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from canopee_api.campaigns.campaigns import check_document
from canopee_api.campaigns.documents import composed
from canopee_api.campaigns.targeting import Targeting
from canopee_api.catalog.trust import KnownPipeline, TrustStore
from canopee_api.postgres import campaign_preview as sql
from canopee_api.postgres.database import Database
from canopee_api.postgres.device_states import LATE, ONLINE
from canopee_api.postgres.targeting import preview
from canopee_contract.campaign import Campaign
from canopee_contract.condition import parse_condition
from canopee_contract.people import Match
from canopee_contract.rollouts import BytesOf, CampaignPreview, CampaignRequest, Presence, RingPreview
from canopee_kit.clock import Clock


class Previews:
    """Looks ahead; nothing is changed."""

    def __init__(self, database: Database, trust: TrustStore, targeting: Targeting, clock: Clock) -> None:
        self._database, self._trust, self._targeting, self._clock = database, trust, targeting, clock

    async def preview(self, asked: CampaignRequest) -> CampaignPreview:
        """Whom a request would reach now.

        Raises:
            InvalidError: condition, parameters, rings, pilots or rollout are not acceptable.
            NotFoundError: the pipeline is not published.
        """
        await self._trust.catch_up()
        now, known = self._clock.now(), self._trust.pipeline(asked.pipeline)
        campaign = composed(known, asked, now, by="preview")
        check_document(campaign, known)
        matched = await self._targeting.match(Match(asked.condition, 0))
        bounds = tuple(ring.up_to_bp for ring in campaign.rings)
        given = sql.Given(known.ref.name, known.ref.sha256, campaign.parameters, bounds, campaign.pilots)
        async with self._targeting.room, self._database.transaction() as tx, preview(tx):
            found = await sql.reached(
                tx,
                parse_condition(asked.condition),
                given,
                now=now,
                online_since=now - ONLINE,
                late_since=now - LATE,
            )
        sizes = self._sizes(known, campaign)
        inside = [one for one in found if one.ring < len(campaign.rings)]
        total = sum(one.devices for one in inside)
        return CampaignPreview(
            pipeline=f"{known.ref.name}@{known.ref.version}", kind=known.pipeline.kind,
            approvals=self._approvals(known), fleet=matched.fleet or 0,
            matching=sum(one.devices for one in found), total=total, tests=matched.tests,
            rings=_rings(campaign, inside), presence=_presence(inside), agents=_agents(inside),
            done_already=sum(one.devices for one in inside if one.is_done),
            under_way_elsewhere=sum(one.devices for one in inside if one.is_elsewhere), bytes_per_device=sizes,
            bytes=min(total, campaign.max_targets) * sum(one.bytes for one in sizes),
            last_ring_at=max(now, campaign.rings[-1].not_before), ends_by=campaign.not_after,
        )  # fmt: skip

    def _approvals(self, known: KnownPipeline) -> int:
        if known.pipeline.approval == "none":
            return 0
        policy = self._trust.policy
        return policy.action_approvals if known.pipeline.kind == "action" else policy.collect_approvals

    def _sizes(self, known: KnownPipeline, campaign: Campaign) -> list[BytesOf]:
        """What each device downloads, at most: the pipeline, the files that its steps name, a release of the agent."""
        sizes = [BytesOf(f"{known.ref.name}@{known.ref.version}", known.ref.length)]
        releases = {info.path: info.length for info in self._trust.releases()}
        for step in known.pipeline.steps:
            given = {name: _value(value, campaign.parameters) for name, value in step.with_.items()}
            size, path = given.get("size_bytes"), given.get("path")
            if step.use == "download_file" and isinstance(size, int):
                sizes.append(BytesOf(str(given.get("url", step.id))[:200], size))
            elif step.use == "update_agent" and path in releases:
                sizes.append(BytesOf(str(path), releases[str(path)]))
        return sizes


def _value(value: object, parameters: dict[str, Any]) -> object:
    """What a `with` of a step says, once the parameters are known."""
    try:
        wanted = msgspec.convert(value, dict[str, str])
    except msgspec.ValidationError:
        return value
    return parameters.get(wanted.get("$param", ""), value)


def _rings(campaign: Campaign, found: Sequence[sql.Reached]) -> list[RingPreview]:
    devices, online = Counter[int](), Counter[int]()
    for one in found:
        devices[one.ring] += one.devices
        online[one.ring] += one.devices if one.presence == "online" else 0
    return [
        RingPreview(ring.up_to_bp, ring.not_before, devices[place], online[place])
        for place, ring in enumerate(campaign.rings)
    ]


def _presence(found: Sequence[sql.Reached]) -> dict[Presence, int]:
    counts: dict[Presence, int] = {"online": 0, "late": 0, "offline": 0}
    for one in found:
        counts[msgspec.convert(one.presence, Presence)] += one.devices
    return counts


def _agents(found: Sequence[sql.Reached]) -> dict[str, int]:
    counts = Counter[str]()
    for one in found:
        counts[one.agent] += one.devices
    return dict(counts.most_common())
