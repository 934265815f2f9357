"""What is declared and signed: pipelines, the TUF repository, datasets, campaigns."""

from typing import Any

from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody

from canopee_api.accounts.roles import rights_of
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, id_cursor, page
from canopee_api.errors import ForbiddenError, InvalidError
from canopee_contract.codec import decode
from canopee_contract.dataset import Dataset
from canopee_contract.people import (
    CampaignView,
    CatalogApplied,
    NewCampaign,
    Page,
    Publication,
    Published,
    PublishedPipeline,
    TrustMetadata,
)
from canopee_contract.raw import present
from canopee_trust.dsse import MAX_BYTES

MAX_PUBLICATION_BYTES = 16 * 2**20
"""A publication may hold many targets."""


@get("/v1/pipelines", opt=needs("read"))
async def pipelines(areas: NamedDependency[Areas]) -> Page[PublishedPipeline]:
    """Every pipeline version ever published."""
    return Page(await areas.trust.pipelines())


@get(
    "/v1/pipelines/{name:str}/{version:int}",
    opt=needs("read"),
    responses={200: ResponseSpec(dict[str, Any], generate_examples=False, description="The signed text.")},
)
async def pipeline(name: FromPath[str], version: FromPath[int], areas: NamedDependency[Areas]) -> Response[bytes]:
    """The signed text of a published pipeline, byte for byte."""
    known = areas.trust.pipeline(f"{name}@{version}")
    folder, _, file = known.ref.path.rpartition("/")
    content = await areas.trust.target_file(f"{folder}/{known.ref.sha256}.{file}")
    return Response(content, media_type="application/json")


@get("/v1/trust", opt=needs("read"))
async def trust(areas: NamedDependency[Areas]) -> TrustMetadata:
    """The newest TUF metadata: what a publisher starts from."""
    return await areas.trust.newest()


@post("/v1/trust/publications", opt=needs("publish"), request_max_body_size=MAX_PUBLICATION_BYTES)
async def publish(
    data: JSONBody[Publication], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Published:
    """Publish metadata signed offline, with the targets they name. All or nothing."""
    published = await areas.trust.publish(data, by=actor_of(request).login)
    areas.fleet.raise_trust(areas.trust.timestamp_version)
    return published


@get("/v1/catalog/datasets", opt=needs("read"))
async def datasets(areas: NamedDependency[Areas]) -> Page[Dataset]:
    """Dataset versions that are accepted."""
    return Page(areas.datasets.list())


@put("/v1/catalog/datasets/{name:str}", opt=needs("publish"))
async def apply_dataset(
    name: FromPath[str], data: JSONBody[Dataset], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> CatalogApplied:
    """Declare a dataset version, or add fields to it."""
    if data.name != name:
        raise InvalidError("dataset.name", f"the body names {data.name[:64]}", at="$.name")
    return await areas.datasets.apply(data, by=actor_of(request).login)


@get("/v1/campaigns", opt=needs("read"))
async def campaigns(areas: NamedDependency[Areas], after: After = "", limit: Limit = 100) -> Page[CampaignView]:
    """Campaigns, newest first."""
    return page(await areas.campaigns.views(after=id_cursor(after), limit=limit), limit, lambda view: view.id)


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


ROUTES = [
    pipelines, pipeline, trust, publish, datasets, apply_dataset, campaigns, campaign, start_campaign,
]  # fmt: skip
