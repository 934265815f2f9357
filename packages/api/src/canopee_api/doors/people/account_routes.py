"""Sessions, the caller, users and API keys."""

from typing import Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import PUBLIC, actor_of, bearer_of, needs
from canopee_contract.people import ROLES, ApiKey, Login, Me, NewApiKey, NewUser, Page, Session, User


@post("/v1/sessions", opt=PUBLIC, security=[])
async def open_session(data: JSONBody[Login], areas: NamedDependency[Areas]) -> Session:
    """Open a session with a login and a password."""
    return await areas.people.log_in(data)


@delete("/v1/sessions/current", opt=needs("own_account"))
async def close_session(request: Request[Any, Any, Any], areas: NamedDependency[Areas]) -> None:
    """End the session of this token."""
    await areas.people.log_out(bearer_of(request))


@get("/v1/me", opt=needs("own_account"))
async def me(request: Request[Any, Any, Any]) -> Me:
    """Who this credential stands for."""
    actor = actor_of(request)
    return Me(actor.login, [role for role in ROLES if role in actor.roles])


@get("/v1/users", opt=needs("administer"))
async def users(areas: NamedDependency[Areas]) -> Page[User]:
    """Local accounts."""
    return Page(await areas.people.users())


@post("/v1/users", opt=needs("administer"))
async def create_user(
    data: JSONBody[NewUser], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> User:
    """Make a local account."""
    return await areas.people.create_user(data, by=actor_of(request).login)


@get("/v1/api-keys", opt=needs("administer"))
async def api_keys(areas: NamedDependency[Areas]) -> Page[ApiKey]:
    """API keys, without their secrets."""
    return Page(await areas.people.api_keys())


@post("/v1/api-keys", opt=needs("own_account"))
async def create_api_key(
    data: JSONBody[NewApiKey], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> ApiKey:
    """Make an API key of the caller; its secret is shown in this answer only."""
    return await areas.people.create_api_key(data, actor_of(request))


@delete("/v1/api-keys/{key_id:str}", opt=needs("administer"))
async def revoke_api_key(
    key_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> None:
    """End an API key."""
    await areas.people.revoke_api_key(key_id, by=actor_of(request).login)


ROUTES = [open_session, close_session, me, users, create_user, api_keys, create_api_key, revoke_api_key]
