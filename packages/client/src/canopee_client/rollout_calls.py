"""The calls about campaigns: before they start, under way, and what is done about them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from canopee_client.link import Link, Values, segment
from canopee_contract import people, rollouts
from canopee_contract.freeze import Freeze, NewFreeze


class RolloutCalls(Link):
    """Campaigns and their documents."""

    def campaigns(self, **filters: Values) -> Iterator[people.CampaignView]:
        return self.pages("/v1/campaigns", people.CampaignView, filters)

    def campaign(self, campaign_id: str) -> people.CampaignView:
        return self.call("GET", f"/v1/campaigns/{segment(campaign_id)}", people.CampaignView)

    def start_campaign(self, new: people.NewCampaign) -> people.CampaignView:
        return self.call("POST", "/v1/campaigns", people.CampaignView, body=new)

    def start_dry_run(self, new: people.NewDryRun) -> people.CampaignView:
        return self.call("POST", "/v1/dry-runs", people.CampaignView, body=new)

    def stop_campaign(self, campaign_id: str) -> people.CampaignView:
        return self.call("POST", f"/v1/campaigns/{segment(campaign_id)}/stop", people.CampaignView)

    def pause_campaign(self, campaign_id: str) -> people.CampaignView:
        return self.call("POST", f"/v1/campaigns/{segment(campaign_id)}/pause", people.CampaignView)

    def resume_campaign(self, campaign_id: str) -> people.CampaignView:
        return self.call("POST", f"/v1/campaigns/{segment(campaign_id)}/resume", people.CampaignView)

    def promote_campaign(self, campaign_id: str) -> people.CampaignView:
        return self.call("POST", f"/v1/campaigns/{segment(campaign_id)}/promote", people.CampaignView)

    def retry_campaign(self, campaign_id: str) -> rollouts.Proposed:
        return self.call("POST", f"/v1/campaigns/{segment(campaign_id)}/retry", rollouts.Proposed)

    def roll_back_campaign(self, campaign_id: str, condition: dict[str, Any] | None = None) -> rollouts.Proposed:
        path, body = f"/v1/campaigns/{segment(campaign_id)}/rollback", rollouts.Return(condition)
        return self.call("POST", path, rollouts.Proposed, body=body)

    def campaign_devices(self, campaign_id: str, **filters: Values) -> Iterator[rollouts.CampaignDevice]:
        return self.pages(f"/v1/campaigns/{segment(campaign_id)}/devices", rollouts.CampaignDevice, filters)

    def campaign_failures(self, campaign_id: str) -> Iterator[rollouts.FailureCause]:
        return self.pages(f"/v1/campaigns/{segment(campaign_id)}/failures", rollouts.FailureCause)

    def campaign_history(self, campaign_id: str) -> Iterator[people.AuditEntry]:
        return self.pages(f"/v1/campaigns/{segment(campaign_id)}/audit", people.AuditEntry)

    def freezes(self, **filters: Values) -> Iterator[Freeze]:
        return self.pages("/v1/freezes", Freeze, filters)

    def add_freeze(self, new: NewFreeze) -> Freeze:
        return self.call("POST", "/v1/freezes", Freeze, body=new)

    def remove_freeze(self, freeze_id: str) -> Freeze:
        return self.call("DELETE", f"/v1/freezes/{segment(freeze_id)}", Freeze)

    def campaign_occurrences(self, campaign_id: str) -> Iterator[rollouts.Occurrence]:
        """Of a campaign that recurs, the newest first."""
        return self.pages(f"/v1/campaigns/{segment(campaign_id)}/occurrences", rollouts.Occurrence)

    def preview_campaign(self, asked: rollouts.CampaignRequest) -> rollouts.CampaignPreview:
        return self.call("POST", "/v1/campaigns/preview", rollouts.CampaignPreview, body=asked)

    def campaign_drafts(self, **filters: Values) -> Iterator[rollouts.DraftView]:
        return self.pages("/v1/campaign-drafts", rollouts.DraftView, filters)

    def campaign_draft(self, draft_id: str) -> rollouts.DraftView:
        return self.call("GET", f"/v1/campaign-drafts/{segment(draft_id)}", rollouts.DraftView)

    def submit_draft(self, new: rollouts.NewDraft) -> rollouts.DraftView:
        return self.call("POST", "/v1/campaign-drafts", rollouts.DraftView, body=new)

    def sign_draft(self, draft_id: str, envelope: bytes) -> rollouts.DraftView:
        """Add the signatures of an envelope; it is made offline, with a key that the API never sees."""
        body = rollouts.DraftSigned(msgspec.Raw(envelope))
        path = f"/v1/campaign-drafts/{segment(draft_id)}/signatures"
        return self.call("POST", path, rollouts.DraftView, body=body)

    def start_draft(self, draft_id: str) -> people.CampaignView:
        return self.call("POST", f"/v1/campaign-drafts/{segment(draft_id)}/start", people.CampaignView)

    def withdraw_draft(self, draft_id: str) -> rollouts.DraftView:
        return self.call("POST", f"/v1/campaign-drafts/{segment(draft_id)}/withdraw", rollouts.DraftView)
