"""What a campaign would do if it started now: whom it reaches, ring by ring, what it costs, until when."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from canopee_api.campaigns.campaigns import check_document
from canopee_api.campaigns.documents import composed
from canopee_api.campaigns.forecast import Stage, Way
from canopee_api.campaigns.freeze_calendar import FreezeCalendar
from canopee_api.campaigns.freezes import Freezes
from canopee_api.campaigns.pace import check_pace, pace_of
from canopee_api.campaigns.prerequisites import check_prerequisites, prerequisites
from canopee_api.campaigns.sizes import Sizes, sizes_of
from canopee_api.campaigns.targeting import Targeting
from canopee_api.catalog.trust import KnownPipeline, TrustStore
from canopee_api.orders.freezing import Freezing
from canopee_api.postgres import campaign_preview as sql
from canopee_api.postgres.database import Database
from canopee_api.postgres.device_states import LATE, ONLINE
from canopee_api.postgres.prerequisites import count_lacking
from canopee_api.postgres.targeting import preview
from canopee_contract.campaign import Campaign
from canopee_contract.condition import parse_condition
from canopee_contract.matching import Match
from canopee_contract.rollouts import CampaignPreview, CampaignRequest, Presence, RingPreview
from canopee_kit.clock import Clock


class Previews:
    """Looks ahead; nothing is changed."""

    def __init__(
        self, database: Database, trust: TrustStore, targeting: Targeting, calendar: FreezeCalendar,
        freezes: Freezes, clock: Clock,
    ) -> None:  # fmt: skip
        self._database, self._trust, self._targeting, self._clock = database, trust, targeting, clock
        self._calendar, self._freezes = calendar, freezes

    async def preview(self, asked: CampaignRequest) -> CampaignPreview:
        """Whom a request would reach now.

        Raises:
            InvalidError: condition, parameters, rings, pilots or rollout are not acceptable.
            NotFoundError: the pipeline is not published.
        """
        await self._trust.catch_up()
        now, known = self._clock.now(), self._trust.pipeline(asked.pipeline)
        after = prerequisites(self._trust, asked.after)
        campaign = composed(known, asked, now, by="preview", after=after)
        check_document(campaign, known)
        check_prerequisites(self._trust, campaign)
        sizes = sizes_of(known, campaign.parameters, self._trust.releases())
        check_pace(campaign.rollout, sizes)
        matched, (found, lacking) = await asyncio.gather(
            self._targeting.match(Match(asked.condition, 0)), self._reached(known, campaign, now)
        )
        inside = [one for one in found if one.ring < len(campaign.rings)]
        total = sum(one.devices for one in inside)
        rings = _rings(campaign, inside)
        return CampaignPreview(
            pipeline=f"{known.ref.name}@{known.ref.version}", kind=known.pipeline.kind,
            approvals=self._approvals(known), fleet=matched.fleet or 0,
            matching=sum(one.devices for one in found), total=total, tests=matched.tests,
            lacking=lacking, rings=rings, presence=_presence(inside), agents=_agents(inside),
            done_already=sum(one.devices for one in inside if one.is_done),
            under_way_elsewhere=sum(one.devices for one in inside if one.is_elsewhere), bytes_per_device=sizes.known,
            bytes=min(total, campaign.max_targets) * sizes.total, bytes_unknown=sizes.unknown,
            last_ring_at=max(now, campaign.rings[-1].not_before), ends_by=campaign.not_after,
            **await self._foreseen(known, campaign, rings, sizes, now),
        )  # fmt: skip

    async def _foreseen(
        self, known: KnownPipeline, campaign: Campaign, rings: Sequence[RingPreview], sizes: Sizes, now: datetime
    ) -> dict[str, Any]:
        """When it may deliver, and when it would be through."""
        kind, pace = known.pipeline.kind, pace_of(campaign.rollout, sizes.total)
        async with self._database.transaction() as tx:
            freezes = [] if campaign.through_freezes else await self._calendar.coming(tx, campaign.not_after)
            freezing = await self._freezes.between(tx, now, campaign.not_after, kind=kind)
        freezes = [one for one in freezes if one.collects or kind == "action"]
        way = Way(
            campaign.windows, Freezing(()) if campaign.through_freezes else freezing, self._freezes.wall,
            campaign.not_after,
        )  # fmt: skip
        opens, stages = way.opens(now), _stages(rings, campaign.max_targets)
        counted = {
            "rings": len(rings) > 1, "orders_per_min": bool(campaign.rollout and campaign.rollout.orders_per_min),
            "bytes_per_hour": pace.per_hour > 0, "bytes_unknown": bool(sizes.unknown and pace.per_hour),
            "windows": bool(campaign.windows), "freezes": bool(freezes),
        }  # fmt: skip
        return {
            "is_open": opens == now, "opens_at": None if opens == now else opens, "freezes": freezes,
            "ends_at": None if campaign.recurrence else way.through(stages, campaign.rollout, pace, now),
            "ends_basis": [name for name, is_counted in counted.items() if is_counted],
        }  # fmt: skip

    async def _reached(
        self, known: KnownPipeline, campaign: Campaign, now: datetime
    ) -> tuple[list[sql.Reached], int]:
        """Whom it reaches, and how many of these have not done what it comes after."""
        bounds = tuple(ring.up_to_bp for ring in campaign.rings)
        given = sql.Given(known.ref.name, known.ref.sha256, campaign.parameters, bounds, campaign.pilots)
        condition, since = (
            parse_condition(campaign.condition),
            {"online_since": now - ONLINE, "late_since": now - LATE},
        )
        async with self._targeting.room, self._database.transaction() as tx, preview(tx):
            found = await sql.reached(tx, condition, given, now=now, **since)
            return found, await count_lacking(tx, condition, campaign.after) if campaign.after else 0

    def _approvals(self, known: KnownPipeline) -> int:
        if known.pipeline.approval == "none":
            return 0
        policy = self._trust.policy
        return policy.action_approvals if known.pipeline.kind == "action" else policy.collect_approvals


def _rings(campaign: Campaign, found: Sequence[sql.Reached]) -> list[RingPreview]:
    devices, online = Counter[int](), Counter[int]()
    for one in found:
        devices[one.ring] += one.devices
        online[one.ring] += one.devices if one.presence == "online" else 0
    return [
        RingPreview(ring.up_to_bp, ring.not_before, devices[place], online[place])
        for place, ring in enumerate(campaign.rings)
    ]


def _stages(rings: Sequence[RingPreview], most: int) -> list[Stage]:
    """With as many devices as may have an order."""
    stages = list[Stage]()
    for ring in rings:
        stages.append(Stage(ring.not_before, min(most, ring.devices)))
        most -= stages[-1].devices
    return stages


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
