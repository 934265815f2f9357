"""Pipelines as people write them: their versions, drafts, and what awaits a signature."""

from typing import Annotated, Any

from litestar import Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_contract.catalog import (
    Draft,
    DraftText,
    KnownFact,
    PipelineActivity,
    PipelineLife,
    PipelineText,
)
from canopee_contract.people import Page


@get("/v1/catalog/pipelines", opt=needs("read"))
async def lives(areas: NamedDependency[Areas]) -> Page[PipelineLife]:
    """Every pipeline by name: what is in service, what awaits a signature, what is being written."""
    return Page(await areas.drafts.lives())


@get("/v1/catalog/activity", opt=needs("read"))
async def activity(areas: NamedDependency[Areas]) -> Page[PipelineActivity]:
    """How the runs of each pipeline ended, these last seven days, and how many devices it is being given to."""
    return Page(await areas.activity.pipelines())


@get("/v1/catalog/facts", opt=needs("read"))
async def facts(areas: NamedDependency[Areas]) -> Page[KnownFact]:
    """What conditions may be about: the facts that devices have, with their types and most frequent values."""
    return Page(await areas.activity.facts())


@get("/v1/catalog/pipelines/{name:str}", opt=needs("read"))
async def life(name: FromPath[str], areas: NamedDependency[Areas]) -> PipelineLife:
    """One pipeline with every version."""
    return await areas.drafts.life(name)


@get("/v1/catalog/pipelines/{name:str}/{version:int}", opt=needs("read"))
async def text(name: FromPath[str], version: FromPath[int], areas: NamedDependency[Areas]) -> PipelineText:
    """A version as it was written, the exact bytes that are signed, and the command that signs them."""
    return await areas.drafts.text(name, version)


@post("/v1/catalog/pipelines/{name:str}/{version:int}/withdraw", opt=needs("publish"), status_code=200)
async def withdraw(
    name: FromPath[str], version: FromPath[int], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Draft:
    """Ask no longer for the signature of a version: it is a draft again."""
    return await areas.drafts.withdraw(name, version, by=actor_of(request).login)


@get("/v1/drafts/{name:str}", opt=needs("read"))
async def draft(name: FromPath[str], areas: NamedDependency[Areas]) -> Draft:
    """A draft, with everything that is wrong with it."""
    return await areas.drafts.draft(name)


@put("/v1/drafts/{name:str}", opt=needs("publish"))
async def save(
    name: FromPath[str], data: JSONBody[DraftText], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Draft:
    """Keep a draft, whatever is wrong with it; refused when somebody has saved it since `revision`."""
    return await areas.drafts.save(name, data, by=actor_of(request).login)


@delete("/v1/drafts/{name:str}", opt=needs("publish"))
async def discard(name: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]) -> None:
    """Throw a draft away."""
    await areas.drafts.discard(name, by=actor_of(request).login)


@post("/v1/drafts/{name:str}/ask", opt=needs("publish"), status_code=200)
async def ask(
    name: FromPath[str],
    revision: Annotated[int, QueryParameter(ge=1, le=2**31 - 1, description="Revision that was read.")],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
) -> PipelineText:
    """Ask for the signature of a draft without faults: these are the bytes from now on."""
    return await areas.drafts.ask(name, revision=revision, by=actor_of(request).login)


ROUTES = [lives, activity, facts, life, text, withdraw, draft, save, discard, ask]
