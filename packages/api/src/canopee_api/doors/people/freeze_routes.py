"""The freeze calendar."""

from typing import Annotated, Any, Literal, TypeAlias

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, id_cursor
from canopee_contract.freeze import Freeze, NewFreeze
from canopee_contract.people import Page

FreezeFilter: TypeAlias = Literal["open", "all"]


@get("/v1/freezes", opt=needs("read"))
async def freezes(
    areas: NamedDependency[Areas],
    state_filter: Annotated[FreezeFilter, QueryParameter(name="state")] = "open",
    after: After = "",
    limit: Limit = 100,
) -> Page[Freeze]:
    """Freezes by the order in which they were entered: those in force or ahead (`open`), or `all`."""
    return await areas.freezes.page(is_all=state_filter == "all", after=id_cursor(after), limit=limit)


@post("/v1/freezes", opt=needs("run_action"))
async def add_freeze(
    data: JSONBody[NewFreeze], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Freeze:
    """Enter a freeze: from then to then, by the clock of each practice, no order of an action is made or delivered."""
    return await areas.freezes.add(data, by=actor_of(request).login)


@delete("/v1/freezes/{freeze_id:str}", opt=needs("run_action"), status_code=200)
async def remove_freeze(
    freeze_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Freeze:
    """Take a freeze out of the calendar; one that is in force ends now."""
    return await areas.freezes.remove(freeze_id, by=actor_of(request).login)


ROUTES = [freezes, add_freeze, remove_freeze]
