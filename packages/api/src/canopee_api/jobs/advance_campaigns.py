"""Campaigns go on: halted, opened ring by ring, expanded, kept in step with facts, windows and the trust policy."""

from collections.abc import Sequence

from canopee_api.doors.areas import Areas
from canopee_api.job import Job, Step


class AdvanceCampaigns(Job):
    """Everything that moves a campaign without anybody's asking. Halts come first."""

    def steps(self, areas: Areas) -> Sequence[Step]:
        return (
            areas.campaign_approvals.halt_unapproved,
            areas.epochs.tend,
            areas.campaigns.expand_unfinished,
            areas.campaigns.reconsider,
            areas.rings.advance,
            areas.rings.open_windows,
            areas.recurring.tend,
            areas.freezes.look,
        )
