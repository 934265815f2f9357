"""The catalog as code: checking a text, planning and applying a folder, schemas for editors."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody

from canopee_api.catalog.schemas import dataset_schema, facts_schema, pipeline_schema
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.errors import NotFoundError
from canopee_contract.catalog import (
    MAX_FOLDER_BYTES,
    ApplyRequest,
    CatalogOutcome,
    CatalogPlan,
    Checked,
    CheckText,
    PlanRequest,
    SignableBytes,
    ToSign,
)
from canopee_contract.codec import encode
from canopee_contract.people import Page

_SCHEMAS = {"pipeline": pipeline_schema, "dataset": dataset_schema, "facts": facts_schema}
_BODY = MAX_FOLDER_BYTES * 2
"""A character may take several bytes in JSON."""


@post("/v1/catalog/check", opt=needs("read"), status_code=200)
async def check(data: JSONBody[CheckText], areas: NamedDependency[Areas]) -> Checked:
    """Everything that is wrong with one text, with lines and columns. Nothing is kept."""
    return areas.folders.check(data)


@post("/v1/catalog/plan", opt=needs("read"), status_code=200, request_max_body_size=_BODY)
async def plan(data: JSONBody[PlanRequest], areas: NamedDependency[Areas]) -> CatalogPlan:
    """What applying a folder would change. Nothing is changed."""
    return await areas.folders.plan(data)


@post("/v1/catalog/apply", opt=needs("publish"), status_code=200, request_max_body_size=_BODY)
async def apply(
    data: JSONBody[ApplyRequest], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> CatalogOutcome:
    """Apply a folder as it was planned: all of it or nothing, and nothing when the catalog has changed since."""
    return await areas.folders.apply(data, by=actor_of(request).login)


@get(
    "/v1/catalog/schemas/{kind:str}",
    opt=needs("read"),
    responses={200: ResponseSpec(dict[str, Any], generate_examples=False, description="A JSON schema.")},
)
async def schema(kind: FromPath[str]) -> Response[bytes]:
    """The JSON schema of a kind of text, for editors: `pipeline`, `dataset` or `facts`."""
    if kind not in _SCHEMAS:
        raise NotFoundError("schema.unknown", f"{kind[:80]}: one of {', '.join(_SCHEMAS)}")
    return Response(encode(_SCHEMAS[kind]()), media_type="application/json")


@get("/v1/catalog/awaiting", opt=needs("read"))
async def awaiting(areas: NamedDependency[Areas]) -> Page[ToSign]:
    """What awaits a signature, with the command that signs it where the offline keys are."""
    return Page(await areas.folders.awaiting())


@get("/v1/catalog/awaiting/{sha256:str}", opt=needs("read"))
async def bytes_to_sign(sha256: FromPath[str], areas: NamedDependency[Areas]) -> SignableBytes:
    """The exact bytes of one that awaits a signature."""
    return await areas.folders.bytes_to_sign(sha256)


ROUTES = [check, plan, apply, schema, awaiting, bytes_to_sign]
