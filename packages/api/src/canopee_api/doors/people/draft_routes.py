"""Documents of campaigns that wait for their approvers, and what a campaign would do if it started."""

from typing import Annotated, Any, Literal, TypeAlias

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, id_cursor, page
from canopee_api.errors import InvalidError
from canopee_contract.codec import decode
from canopee_contract.people import CampaignView, Page
from canopee_contract.raw import present
from canopee_contract.rollouts import CampaignPreview, CampaignRequest, DraftSigned, DraftView, NewDraft
from canopee_trust.dsse import MAX_BYTES

DraftFilter: TypeAlias = Literal["open", "all"]


@post("/v1/campaigns/preview", opt=needs("read"), status_code=200, request_max_body_size=MAX_BYTES)
async def preview_campaign(data: JSONBody[CampaignRequest], areas: NamedDependency[Areas]) -> CampaignPreview:
    """Whom a campaign would reach if it started now, ring by ring, and what it would cost. Nothing is changed."""
    return await areas.previews.preview(data)


@get("/v1/campaign-drafts", opt=needs("read"))
async def campaign_drafts(
    areas: NamedDependency[Areas],
    state_filter: Annotated[DraftFilter, QueryParameter(name="state")] = "open",
    after: After = "",
    limit: Limit = 100,
) -> Page[DraftView]:
    """Documents of campaigns, newest first, without their text: those that still wait (`open`), or `all`."""
    views = await areas.campaign_drafts.views(is_open=state_filter == "open", after=id_cursor(after), limit=limit)
    return page(views, limit, lambda view: view.id)


@get("/v1/campaign-drafts/{draft_id:str}", opt=needs("read"))
async def campaign_draft(draft_id: FromPath[str], areas: NamedDependency[Areas]) -> DraftView:
    """One document with its exact bytes, and who has signed them."""
    return await areas.campaign_drafts.view(draft_id)


@post("/v1/campaign-drafts", opt=needs("run_collect"), request_max_body_size=MAX_BYTES)
async def submit_draft(request: Request[Any, Any, Any], areas: NamedDependency[Areas]) -> DraftView:
    """Keep a document for its approvers: composed from `request`, or that of `envelope` with its signatures so far."""
    actor, data = actor_of(request), decode(await request.body(), NewDraft, max_bytes=MAX_BYTES)
    envelope = present(data.envelope)
    if (envelope is None) == (data.request is None):
        raise InvalidError("draft.malformed", "exactly one of request and envelope is expected")
    if data.request is not None:
        return await areas.campaign_drafts.compose(data.request, by=actor.login)
    return await areas.campaign_drafts.submit(envelope or b"", by=actor.login)


@post(
    "/v1/campaign-drafts/{draft_id:str}/signatures",
    opt=needs("run_collect"), status_code=200, request_max_body_size=MAX_BYTES,
)  # fmt: skip
async def sign_draft(
    draft_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> DraftView:
    """Add signatures made elsewhere: those in an envelope of the same document. No account signs: keys do."""
    envelope = present(decode(await request.body(), DraftSigned, max_bytes=MAX_BYTES).envelope)
    return await areas.campaign_drafts.sign(draft_id, envelope or b"null", by=actor_of(request).login)


@post("/v1/campaign-drafts/{draft_id:str}/start", opt=needs("run_action"))
async def start_draft(
    draft_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> CampaignView:
    """Start the campaign of a document that has its signatures."""
    return await areas.campaign_drafts.start(draft_id, by=actor_of(request).login)


@post("/v1/campaign-drafts/{draft_id:str}/withdraw", opt=needs("run_collect"), status_code=200)
async def withdraw_draft(
    draft_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> DraftView:
    """Take a document back: it can neither be signed nor started any more."""
    return await areas.campaign_drafts.withdraw(draft_id, by=actor_of(request).login)


ROUTES = [preview_campaign, campaign_drafts, campaign_draft, submit_draft, sign_draft, start_draft, withdraw_draft]
