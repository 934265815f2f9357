"""Campaigns: started by a signed document, followed, held and stopped."""

from typing import Annotated, Any, get_args

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from canopee_api.accounts.roles import rights_of
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, id_cursor, page
from canopee_api.errors import ForbiddenError, InvalidError
from canopee_contract.codec import decode
from canopee_contract.people import CampaignState, CampaignView, NewCampaign, NewDryRun, Page
from canopee_contract.raw import present
from canopee_trust.dsse import MAX_BYTES

_STATES: tuple[str, ...] = get_args(CampaignState)


@get("/v1/campaigns", opt=needs("read"))
async def campaigns(
    areas: NamedDependency[Areas],
    state_filter: Annotated[
        str, QueryParameter(name="state", description="One state, or several with commas.")
    ] = "",
    pipeline: Annotated[str, QueryParameter(description="`name`, or `name@version`.")] = "",
    after: After = "",
    limit: Limit = 100,
) -> Page[CampaignView]:
    """Campaigns, those of some states or all, of one pipeline or any, newest first."""
    states = [one for one in state_filter.split(",") if one]
    if unknown := [one for one in states if one not in _STATES]:
        raise InvalidError("filter.state", f"{unknown[0][:40]} is none of {', '.join(_STATES)}", at="state")
    views = await areas.campaigns.views(after=id_cursor(after), limit=limit, states=states, pipeline=pipeline)
    return page(views, limit, lambda view: view.id)


@get("/v1/campaigns/{campaign_id:str}", opt=needs("read"))
async def campaign(campaign_id: FromPath[str], areas: NamedDependency[Areas]) -> CampaignView:
    """One campaign with where its devices stand."""
    return await areas.campaigns.view(campaign_id)


@post("/v1/campaigns", opt=needs("run_collect"), request_max_body_size=MAX_BYTES)
async def start_campaign(request: Request[Any, Any, Any], areas: NamedDependency[Areas]) -> CampaignView:
    """Start a campaign: `document` (signed by approvers), or `collect` (a pipeline that needs no approval)."""
    actor, data = actor_of(request), decode(await request.body(), NewCampaign, max_bytes=MAX_BYTES)
    document = present(data.document)
    if document is not None and data.collect is None:
        if "run_action" not in rights_of(actor.roles):
            raise ForbiddenError("role.missing", "a signed campaign needs the right run_action")
        return await areas.campaigns.start_signed(document, by=actor.login)
    if data.collect is None or document is not None:
        raise InvalidError("campaign.malformed", "exactly one of document and collect is expected")
    return await areas.campaigns.start_collect(data.collect, by=actor.login)


@post("/v1/dry-runs", opt=needs("run_collect"))
async def start_dry_run(
    data: JSONBody[NewDryRun], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> CampaignView:
    """Let devices find out what a pipeline would do there, with nothing done; its runs say it, step by step."""
    return await areas.campaigns.start_dry(data, by=actor_of(request).login)


@post("/v1/campaigns/{campaign_id:str}/stop", opt=needs("run_collect"), status_code=200)
async def stop_campaign(
    campaign_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> CampaignView:
    """Stop a campaign: it gives no more orders, and those that no PC has yet are cancelled."""
    return await areas.campaigns.stop(campaign_id, by=actor_of(request).login)


@post("/v1/campaigns/{campaign_id:str}/pause", opt=needs("run_collect"), status_code=200)
async def pause_campaign(
    campaign_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> CampaignView:
    """Make and deliver no order of a campaign until it is resumed."""
    await areas.rings.pause(campaign_id, by=actor_of(request).login)
    return await areas.campaigns.view(campaign_id)


@post("/v1/campaigns/{campaign_id:str}/resume", opt=needs("run_action"), status_code=200)
async def resume_campaign(
    campaign_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> CampaignView:
    """Go on with a campaign that was paused, or that halted by itself; what halted it is not counted again."""
    await areas.rings.resume(campaign_id, by=actor_of(request).login)
    return await areas.campaigns.view(campaign_id)


ROUTES = [campaigns, campaign, start_campaign, start_dry_run, stop_campaign, pause_campaign, resume_campaign]
