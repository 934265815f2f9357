"""Sessions, the caller, users and API keys."""

from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from canopee_api.accounts.people import SESSION
from canopee_api.accounts.roles import rights_of
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import COOKIE, PUBLIC, actor_of, credential_of, needs
from canopee_api.doors.source import is_https
from canopee_contract.people import (
    RIGHTS,
    ROLES,
    ApiKey,
    BrowserSession,
    Login,
    Me,
    NewApiKey,
    NewPassword,
    NewUser,
    Page,
    Session,
    User,
)


@post("/v1/sessions", opt=PUBLIC, security=[])
async def open_session(data: JSONBody[Login], areas: NamedDependency[Areas]) -> Session:
    """Open a session with a login and a password."""
    return await areas.people.log_in(data)


@post("/v1/sessions/browser", opt=PUBLIC, security=[])
async def open_browser_session(
    data: JSONBody[Login], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Response[BrowserSession]:
    """Open a session whose token is in a cookie: for the web interface, which never holds it."""
    session = await areas.people.log_in(data)
    cookie = Cookie(
        COOKIE, path="/", value=session.token, httponly=True, samesite="strict", secure=is_https(request.scope),
        max_age=int(SESSION.total_seconds()),
    )  # fmt: skip
    return Response(BrowserSession(data.login, session.expires_at), cookies=[cookie])


@delete("/v1/sessions/current", opt=needs("own_account"), status_code=204)
async def close_session(request: Request[Any, Any, Any], areas: NamedDependency[Areas]) -> Response[None]:
    """End the session of this token; an API key is ended by `DELETE /v1/api-keys/…`."""
    await areas.people.log_out(credential_of(request))
    gone = Response[None](None, status_code=204)
    gone.delete_cookie(COOKIE, path="/")
    return gone


@get("/v1/me", opt=needs("own_account"))
async def me(request: Request[Any, Any, Any]) -> Me:
    """Who this credential stands for, and what it may do."""
    actor = actor_of(request)
    held = rights_of(actor.roles)
    return Me(
        actor.login, [role for role in ROLES if role in actor.roles], [right for right in RIGHTS if right in held]
    )


@post("/v1/me/password", opt=needs("own_account"), status_code=204)
async def change_password(
    data: JSONBody[NewPassword], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> None:
    """Take another password; the other sessions of the account end."""
    await areas.people.change_password(actor_of(request).login, data, token=credential_of(request))


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


ROUTES = [
    open_session,
    open_browser_session,
    close_session,
    me,
    change_password,
    users,
    create_user,
    api_keys,
    create_api_key,
    revoke_api_key,
]
