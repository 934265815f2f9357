"""Practices, as the vendor's customer system names them."""

from typing import Any

from litestar import Request, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, page
from canopee_contract.people import Page
from canopee_contract.practices import MAX_IMPORT_BYTES, PracticeConsent, PracticesImported, PracticeView


@get("/v1/practices", opt=needs("read"))
async def practices(
    areas: NamedDependency[Areas], q: FromQuery[str] = "", after: After = "", limit: Limit = 100
) -> Page[PracticeView]:
    """Practices by id; `q`: part of the id, of the name or of the city."""
    found = await areas.practices.list(search=q[:100], after=after, limit=limit)
    return page(found, limit, lambda one: one.id)


@get("/v1/practices/{practice_id:path}", opt=needs("read"))
async def practice(practice_id: FromPath[str], areas: NamedDependency[Areas]) -> PracticeView:
    """One practice."""
    return await areas.practices.get(practice_id.removeprefix("/"))


@put("/v1/practices", opt=needs("edit_practices"), request_max_body_size=MAX_IMPORT_BYTES)
async def import_practices(request: Request[Any, Any, Any], areas: NamedDependency[Areas]) -> PracticesImported:
    """Take a list of practices over: all of it, or nothing. The same list again changes nothing."""
    return await areas.practices.take(await request.body(), by=actor_of(request).login)


@put("/v1/practice-consent", opt=needs("edit_practices"))
async def set_practice_consent(
    data: JSONBody[PracticeConsent], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> PracticeConsent:
    """Decide what users of these practices' PCs are asked before log files leave them: all of them, or none."""
    return await areas.practices.set_consent(data, by=actor_of(request).login)


ROUTES = [practices, practice, import_practices, set_practice_consent]
