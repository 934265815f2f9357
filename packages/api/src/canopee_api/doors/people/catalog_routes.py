"""What is declared and signed: pipelines, the TUF repository, datasets."""

from typing import Any

from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.errors import InvalidError
from canopee_contract.catalog import CatalogApplied
from canopee_contract.dataset import Dataset
from canopee_contract.key_life import KeyLife
from canopee_contract.people import (
    Page,
    Publication,
    Published,
    PublishedPipeline,
    TrustMetadata,
)
from canopee_contract.trust_policy import TrustPolicy

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


@get("/v1/trust/keys", opt=needs("read"))
async def keys(areas: NamedDependency[Areas]) -> KeyLife:
    """Every role: who signs it, how many of them, and how long what they signed still holds."""
    return areas.trust.key_life()


@get(
    "/v1/trust/policy",
    opt=needs("read"),
    responses={200: ResponseSpec(TrustPolicy, generate_examples=False, description="The signed text.")},
)
async def trust_policy(areas: NamedDependency[Areas]) -> Response[bytes]:
    """The trust policy in force, byte for byte: what a publisher who changes it starts from."""
    return Response(areas.trust.policy_bytes, media_type="application/json")


@post("/v1/trust/publications", opt=needs("publish"), request_max_body_size=MAX_PUBLICATION_BYTES)
async def publish(
    data: JSONBody[Publication], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Published:
    """Publish metadata signed offline, with the targets they name. All or nothing."""
    published = await areas.trust.publish(data, by=actor_of(request).login)
    areas.fleet.raise_trust(areas.trust.timestamp_version)
    await areas.campaign_approvals.halt_unapproved()
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


ROUTES = [pipelines, pipeline, trust, keys, trust_policy, publish, datasets, apply_dataset]
