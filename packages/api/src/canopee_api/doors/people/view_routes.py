"""Saved views."""

from typing import Any

from litestar import Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from canopee_api.accounts.roles import rights_of
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, id_cursor, page
from canopee_contract.fleet import NewView, SavedView
from canopee_contract.people import Page


@get("/v1/views", opt=needs("own_account"))
async def views(
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
    of_page: FromQuery[str] = "",
    after: After = "",
    limit: Limit = 100,
) -> Page[SavedView]:
    """One's own saved views, and the shared ones; `of_page` is the list that they belong to, such as `devices`."""
    login = actor_of(request).login
    found = await areas.views.list(login, page=of_page, after=id_cursor(after), limit=limit)
    return page(found, limit, lambda view: view.id)


@post("/v1/views", opt=needs("own_account"))
async def save_view(
    data: JSONBody[NewView], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> SavedView:
    """Save a view; sharing it needs the right `annotate`."""
    actor = actor_of(request)
    return await areas.views.save(data, by=actor.login, may_share="annotate" in rights_of(actor.roles))


@put("/v1/views/{view_id:str}", opt=needs("own_account"))
async def change_view(
    view_id: FromPath[str],
    data: JSONBody[NewView],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
) -> SavedView:
    """Change a view of one's own."""
    actor = actor_of(request)
    may_share = "annotate" in rights_of(actor.roles)
    return await areas.views.save(data, by=actor.login, may_share=may_share, view_id=view_id)


@delete("/v1/views/{view_id:str}", opt=needs("own_account"))
async def delete_view(
    view_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> None:
    """Take a view away: one's own; an administrator, any that is shared."""
    actor = actor_of(request)
    await areas.views.delete(view_id, by=actor.login, may_any="administer" in rights_of(actor.roles))


ROUTES = [views, save_view, change_view, delete_view]
