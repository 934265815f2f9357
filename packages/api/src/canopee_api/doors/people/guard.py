"""Who may call which route: a route names one right, and one that names none is closed to everybody."""

from collections.abc import Mapping
from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from canopee_api.accounts.people import Actor, People
from canopee_api.accounts.roles import rights_of
from canopee_api.errors import ForbiddenError, InvalidError, UnauthenticatedError
from canopee_contract.people import RIGHTS

PUBLIC: dict[str, Any] = {"right": "public"}
COOKIE = "canopee_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def needs(right: str) -> dict[str, Any]:
    """The `opt` of a route that needs a right."""
    if right not in RIGHTS:
        raise ValueError(f"{right} is not one of {', '.join(RIGHTS)}")
    return {"right": right}


class Guard:
    """Authenticates a request and checks its route's right."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], route_handler: BaseRouteHandler
    ) -> None:
        if "\0" in connection.scope["path"] or b"%00" in connection.scope["query_string"]:
            raise InvalidError("request.nul", "a path and a query hold no character NUL: PostgreSQL has none")
        right = route_handler.opt.get("right")
        if right == "public":
            return
        actor = await self._people.authenticate(credential_of(connection))
        if right not in rights_of(actor.roles):
            raise ForbiddenError("role.missing", f"this needs the right {right}, which your roles do not grant")
        connection.scope["user"] = actor


def credential_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The token of the request: that of its header, or that of the browser's cookie.

    A browser sends its cookie whoever made it call: one that changes something also carries `X-Canopee`, a header
    that the page of another site cannot send (Fetch standard, CORS-safelisted headers).

    Raises:
        UnauthenticatedError: there is none.
        ForbiddenError: a change asked for with a cookie alone.
    """
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token
    token = connection.cookies.get(COOKIE, "")
    if not token:
        raise UnauthenticatedError(
            "credential.missing", "send Authorization: Bearer <session token or API key>, or sign in"
        )
    scope = cast("Mapping[str, Any]", connection.scope)  # Litestar's has no method for web sockets
    if scope["method"] not in _SAFE and "x-canopee" not in connection.headers:
        raise ForbiddenError(
            "request.forged", "a change asked for with a cookie also carries the header X-Canopee"
        )
    return token


def actor_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
    """Who makes the request, once `Guard` let it through."""
    actor: Actor = connection.scope["user"]
    return actor
