"""What people do with a campaign under way: open its next ring now, try its failures again, go back a version."""

from typing import Any

import msgspec

from canopee_api.audit.chain import note
from canopee_api.campaigns.campaigns import Campaigns
from canopee_api.campaigns.documents import listed, retried, returned
from canopee_api.campaigns.drafts import CampaignDrafts
from canopee_api.campaigns.rings import Rings, campaign_of, rings_of
from canopee_api.campaigns.targeting import read_condition
from canopee_api.catalog.trust import KnownPipeline, TrustStore
from canopee_api.errors import ConflictError, NotFoundError
from canopee_api.postgres import campaign_devices as device_sql
from canopee_api.postgres import rings as ring_sql
from canopee_api.postgres.campaigns import CampaignRow, get_campaign, lock_gate
from canopee_api.postgres.database import Database
from canopee_api.postgres.targeting import count_matching, preview
from canopee_contract.condition import MAX_LISTED
from canopee_contract.people import CampaignView, CollectRequest
from canopee_contract.pipeline import PipelineRef
from canopee_contract.rollouts import Proposed
from canopee_kit.clock import Clock


class Actions:
    """What becomes of a campaign that somebody acts upon."""

    def __init__(
        self,
        database: Database,
        trust: TrustStore,
        campaigns: Campaigns,
        rings: Rings,
        drafts: CampaignDrafts,
        clock: Clock,
    ) -> None:
        self._database, self._trust, self._clock = database, trust, clock
        self._campaigns, self._rings, self._drafts = campaigns, rings, drafts

    async def promote(self, campaign_id: str, *, by: str) -> CampaignView:
        """Open the next ring now, whatever the shares say. Its own date is signed: no PC of it would begin sooner.

        Raises:
            ConflictError: it is held or over, has no other ring, or the next one's date has not come.
            NotFoundError: there is none of that id.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await campaign_of(tx, campaign_id)
            gate, row = await lock_gate(tx, campaign_id), await get_campaign(tx, campaign_id)
            if gate is None or row is None or row.not_after <= now:
                raise ConflictError("campaign.over", "it is over, or was stopped: nothing of it goes on")
            if gate.is_held:
                raise ConflictError(
                    "campaign.held", "it is paused or halted, or everything is stopped: resume it first"
                )
            if frozen := await self._rings.frozen(tx, row):
                raise ConflictError("campaign.frozen", f"{self._rings.said(frozen)}; no ring opens before")
            rings, following = rings_of(row), row.ring + 1
            if following >= len(rings):
                raise ConflictError("campaign.last_ring", "all of its rings are open")
            if rings[following].not_before > now:
                raise ConflictError(
                    "campaign.ring_date",
                    f"ring {following + 1} opens at {rings[following].not_before.isoformat()} at the soonest: that "
                    "date is signed, and each PC checks it",
                )
            await ring_sql.open_ring(tx, row.id, following, now=now)
            await note(tx, now, by, "campaign.promote", row.id, ring=following + 1, of=len(rings))
        await self._rings.give_waiting(row)
        return await self._campaigns.view(campaign_id)

    async def retry(self, campaign_id: str, *, by: str) -> Proposed:
        """Give the devices whose run ended badly the same again: as a draft, or at once where nobody must approve.

        Raises:
            ConflictError: none failed, or too many for one document.
            NotFoundError: there is none of that id, or its pipeline is not published any more.
        """
        await self._trust.catch_up()
        async with self._database.transaction() as tx:
            row = await campaign_of(tx, campaign_id)
            _refuse_dry(row)
            ids = await device_sql.failed_ids(tx, campaign_id, limit=MAX_LISTED + 1)
        if not ids:
            raise ConflictError("retry.nothing", "no run of it has failed, timed out, or is unknown")
        _check_number(ids)
        ref = msgspec.convert(row.pipeline, PipelineRef)
        known = self._trust.pipeline(f"{ref.name}@{ref.version}")
        if known.pipeline.approval == "none" and row.document_sha256 is None:
            condition = {"all": [listed(ids), row.condition]}
            asked = CollectRequest(
                f"{ref.name}@{ref.version}", condition, row.parameters, name=f"{row.name} (retry)"[:200],
                expires_in_s=max(86_400, int((row.not_after - row.not_before).total_seconds())),
            )  # fmt: skip
            return Proposed(len(ids), campaign=await self._campaigns.start_collect(asked, by=by))
        document = retried(row, known, ids, self._clock.now(), by=by)
        return Proposed(len(ids), draft=await self._drafts.submit_campaign(document, by=by))

    async def go_back(self, campaign_id: str, condition: dict[str, Any] | None, *, by: str) -> Proposed:
        """Write the document of the version before, for the devices that have had this one, or for `condition`.

        Nothing starts before it is signed.

        Raises:
            ConflictError: it still gives orders, no PC has had it, or too many for one document.
            NotFoundError: there is none of that id, or no version before is published.
        """
        await self._trust.catch_up()
        view = await self._campaigns.view(campaign_id)
        if view.state == "running":
            raise ConflictError("campaign.running", "pause or abort it first: it would go on giving this version")
        async with self._database.transaction() as tx:
            row = await campaign_of(tx, campaign_id)
            _refuse_dry(row)
            if condition is None:
                ids = await device_sql.touched_ids(tx, campaign_id, limit=MAX_LISTED + 1)
                number, condition = len(ids), listed(ids[:MAX_LISTED])
                _check_number(ids)
            else:
                async with preview(tx):
                    _, number, _ = await count_matching(tx, read_condition(condition), [])
        if not number:
            raise ConflictError("rollback.nothing", "no PC has had an order of it: there is nothing to take back")
        known = self._before(row)
        document = returned(row, known, condition, number, self._clock.now(), by=by)
        return Proposed(number, draft=await self._drafts.submit_campaign(document, by=by))

    def _before(self, row: CampaignRow) -> KnownPipeline:
        """The newest published version below that of a campaign."""
        ref = msgspec.convert(row.pipeline, PipelineRef)
        found = [one for one in self._trust.versions(ref.name) if one.ref.version < ref.version]
        if not found:
            raise NotFoundError(
                "rollback.no_version", f"no version of {ref.name} before {ref.version} is published"
            )
        return found[-1]


def _refuse_dry(row: CampaignRow) -> None:
    if row.is_dry:
        raise ConflictError("campaign.dry", "nothing of a dry run was done: start another one instead")


def _check_number(ids: list[str]) -> None:
    if len(ids) > MAX_LISTED:
        raise ConflictError(
            "campaign.too_many",
            f"more than {MAX_LISTED} devices: one document cannot list them. Write a condition that says which "
            "(`canopee campaign draft --to`)",
        )
