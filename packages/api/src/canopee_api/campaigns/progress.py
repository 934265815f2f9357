"""Where the devices of one campaign stand, why some failed, and who did what to it."""

import msgspec

from canopee_api.campaigns.rings import campaign_of
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.postgres import campaign_devices as sql
from canopee_api.postgres.accounts import AuditRow, list_audit
from canopee_api.postgres.campaign_drafts import lock_draft
from canopee_api.postgres.database import Database
from canopee_contract.report import RUN_STATES
from canopee_contract.rollouts import CampaignDevice, DeviceSample, FailureCause
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id

STATES = ("waiting", "pending", "delivered", *RUN_STATES)
_CAUSES = 50


class Progress:
    """Looks at campaigns, device by device."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def devices(
        self, campaign_id: str, wanted: sql.Wanted, *, after: str, limit: int
    ) -> list[CampaignDevice]:
        """A page of the devices of a campaign, by increasing id.

        Raises:
            InvalidError: one of the states is none.
            NotFoundError: there is none of that id.
        """
        if unknown := [one for one in wanted.states if one not in STATES]:
            raise InvalidError("filter.state", f"{unknown[0][:40]} is none of {', '.join(STATES)}", at="state")
        async with self._database.transaction() as tx:
            await campaign_of(tx, campaign_id)
            rows = await sql.list_devices(tx, campaign_id, wanted, after=after, limit=limit, now=self._clock.now())
        return [msgspec.convert(row, CampaignDevice, from_attributes=True) for row in rows]

    async def failures(self, campaign_id: str) -> list[FailureCause]:
        """Why runs of a campaign ended badly, the most frequent cause first; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            await campaign_of(tx, campaign_id)
            rows = await sql.causes(tx, campaign_id, limit=_CAUSES)
            names = await sql.hostnames(tx, [one for row in rows for one in row.samples])
        return [
            FailureCause(
                row.state, row.step, row.use, row.code, row.detail, row.devices, row.last_at,
                [DeviceSample(one, names.get(one, "")) for one in row.samples],
            )
            for row in rows
        ]  # fmt: skip

    async def history(self, campaign_id: str, *, after: int, limit: int) -> list[AuditRow]:
        """Who did what to a campaign, or to its document before, the newest first; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            if not (is_id(campaign_id) and await lock_draft(tx, campaign_id)):
                await campaign_of(tx, campaign_id)
            rows = await list_audit(tx, after=after, limit=limit, subject=campaign_id)
        if not rows and not after:
            raise NotFoundError("campaign.unknown", f"nothing is known of {campaign_id[:40]}")
        return rows
