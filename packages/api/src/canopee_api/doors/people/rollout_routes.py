"""Campaigns under way: their devices, failures and history, and what people do about them."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, id_cursor, number_cursor, page
from canopee_api.postgres.campaign_devices import Wanted
from canopee_contract.people import AuditEntry, CampaignView, Page
from canopee_contract.rollouts import CampaignDevice, FailureCause, Occurrence, Proposed, Return


@get("/v1/campaigns/{campaign_id:str}/devices", opt=needs("read"))
async def campaign_devices(  # noqa: PLR0913, PLR0917  query parameters
    campaign_id: FromPath[str],
    areas: NamedDependency[Areas],
    state_filter: Annotated[
        str, QueryParameter(name="state", description="One state, or several with commas.")
    ] = "",
    ring: Annotated[int | None, QueryParameter(ge=0, description="0 for the first.")] = None,
    step: FromQuery[str] = "",
    code: FromQuery[str] = "",
    q: FromQuery[str] = "",
    after: After = "",
    limit: Limit = 100,
) -> Page[CampaignDevice]:
    """Devices of a campaign by increasing id; `step` and `code` are those of a failure, `q` part of a host name."""
    wanted = Wanted(states=[one for one in state_filter.split(",") if one], ring=ring, step=step, code=code, q=q)
    found = await areas.progress.devices(campaign_id, wanted, after=id_cursor(after), limit=limit)
    return page(found, limit, lambda one: one.id)


@get("/v1/campaigns/{campaign_id:str}/failures", opt=needs("read"))
async def campaign_failures(campaign_id: FromPath[str], areas: NamedDependency[Areas]) -> Page[FailureCause]:
    """Why runs of a campaign ended badly: by step and code, the most frequent first, with some devices of each."""
    return Page(await areas.progress.failures(campaign_id))


@get("/v1/campaigns/{campaign_id:str}/audit", opt=needs("read"))
async def campaign_audit(
    campaign_id: FromPath[str], areas: NamedDependency[Areas], after: After = "", limit: Limit = 100
) -> Page[AuditEntry]:
    """Who did what to a campaign, or to its document before it started, the newest first."""
    rows = await areas.progress.history(campaign_id, after=number_cursor(after), limit=limit)
    entries = [
        AuditEntry(str(row.n), row.at, row.actor, row.action, row.object, row.detail, row.sha256.hex())
        for row in rows
    ]
    return page(entries, limit, lambda entry: entry.id)


@get("/v1/campaigns/{campaign_id:str}/occurrences", opt=needs("read"))
async def campaign_occurrences(
    campaign_id: FromPath[str], areas: NamedDependency[Areas], after: After = "", limit: Limit = 100
) -> Page[Occurrence]:
    """What became of each occurrence of a campaign that recurs, the newest first; the orders of 31 days are kept."""
    found = await areas.recurring.occurrences(campaign_id, before=after, limit=limit)
    return page(found, limit, lambda one: one.id)


@post("/v1/campaigns/{campaign_id:str}/promote", opt=needs("run_action"), status_code=200)
async def promote_campaign(
    campaign_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> CampaignView:
    """Open the next ring now, whatever the shares say; not before its own date, which is signed."""
    return await areas.actions.promote(campaign_id, by=actor_of(request).login)


@post("/v1/campaigns/{campaign_id:str}/retry", opt=needs("run_collect"), status_code=200)
async def retry_campaign(
    campaign_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Proposed:
    """Give the devices whose run ended badly the same again: as a draft, or at once where nobody must approve."""
    return await areas.actions.retry(campaign_id, by=actor_of(request).login)


@post("/v1/campaigns/{campaign_id:str}/rollback", opt=needs("run_collect"), status_code=200)
async def roll_back_campaign(
    campaign_id: FromPath[str],
    data: JSONBody[Return],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
) -> Proposed:
    """Write the document of the version before, for the devices that have had this one; nothing starts unsigned."""
    return await areas.actions.go_back(campaign_id, data.condition, by=actor_of(request).login)


ROUTES = [
    campaign_devices, campaign_failures, campaign_audit, campaign_occurrences, promote_campaign, retry_campaign,
    roll_back_campaign,
]  # fmt: skip
