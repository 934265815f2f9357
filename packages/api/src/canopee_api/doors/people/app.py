"""The people's door: a Litestar application. Each module of this folder that ends in `_routes` adds its own."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

import canopee_api.doors.people as package
from canopee_api.doors.agent.document import agent_document_json
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.catalog_routes import MAX_PUBLICATION_BYTES
from canopee_api.doors.people.document import completed
from canopee_api.doors.people.guard import PUBLIC, Guard
from canopee_api.doors.problems import brief, encode_problem, problem_of
from canopee_contract.codec import MAX_MESSAGE_BYTES, inspect
from canopee_contract.problem import CONTENT_TYPE, Problem

_TITLES = {404: "route.unknown", 405: "route.method", 413: "body.too_large"}


class StrictRequest(Request[Any, Any, Any]):
    """Reads JSON as the agents' door does: the same things are refused."""

    async def json(self) -> Any:  # noqa: ANN401  any JSON value
        return inspect(await self.body() or b"null", max_bytes=MAX_PUBLICATION_BYTES)


def people_app(areas: Areas) -> Litestar:
    """The application."""
    return Litestar(
        route_handlers=_routes(),
        dependencies={"areas": Provide(lambda: areas, sync_to_thread=False)},
        guards=[Guard(areas.people)],
        exception_handlers={Exception: _problem},
        request_class=StrictRequest,
        request_max_body_size=MAX_MESSAGE_BYTES,
        openapi_config=_openapi(),
        logging_config=None,
        signature_namespace={"Areas": Areas},
    )


def _routes() -> list[Any]:
    names = sorted(
        module.name for module in pkgutil.iter_modules(package.__path__) if module.name.endswith("_routes")
    )
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return [route for module in modules for route in module.ROUTES]


def _problem(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    problem = _of_framework(error) if isinstance(error, HTTPException) else problem_of(error)
    allowed = (error.headers or {}).get("allow", "") if isinstance(error, HTTPException) else ""
    status, headers, body = encode_problem(problem, allowed)
    return Response(
        body, status_code=status, media_type=CONTENT_TYPE, headers={n.decode(): v.decode() for n, v in headers[1:]}
    )


def _of_framework(error: HTTPException) -> Problem:
    """What Litestar refused by itself: an unknown route, a body or a parameter of another shape."""
    status = error.status_code
    found: list[dict[str, Any]] = error.extra if isinstance(error.extra, list) else []
    first = found[0] if found else {}
    detail = "; ".join(f"{one.get('key', '')}: {one.get('message', '')}" for one in found[:5]) or error.detail
    code = _TITLES.get(status, "message.bad_shape" if status == 400 else "request.refused")  # noqa: PLR2004
    at = f"$.{first['key']}" if first.get("source") == "body" and first.get("key") else ""
    return Problem(code, "Not acceptable as it stands", status, brief(detail), at=at[:200])


class _Documents(JsonRenderPlugin):
    """Serves the completed document of this door, and that of the agents' beside it."""

    def __init__(self, path: str, make: Callable[[dict[str, Any]], bytes]) -> None:
        super().__init__(path=path)
        self._make = lru_cache(maxsize=1)(lambda: make(self._held))
        self._held: dict[str, Any] = {}

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        self._held = openapi_schema
        return self._make()

    def receive_router(self, router: Router) -> None:
        """Take away Litestar's own page for paths that are not known: ours are problem documents."""
        router.routes[:] = [route for route in router.routes if "{" not in route.path]


def people_document() -> dict[str, Any]:
    """The OpenAPI document of this door."""
    app = Litestar(
        route_handlers=_routes(),
        dependencies={"areas": Provide(lambda: None, sync_to_thread=False)},
        openapi_config=_openapi(),
        signature_namespace={"Areas": Areas},
        logging_config=None,
    )
    return completed(app.openapi_schema.to_schema())


def _openapi() -> OpenAPIConfig:
    bearer = SecurityScheme(type="http", scheme="bearer", description="A session token or an API key.")
    return OpenAPIConfig(
        title="Canopée API",
        version="1",
        openapi_router=Router("/v1/openapi", route_handlers=[], opt=PUBLIC, include_in_schema=False),
        render_plugins=[
            _Documents("/openapi.json", lambda held: msgspec.json.encode(completed(held))),
            _Documents("/agent.json", lambda _: agent_document_json()),
        ],
        use_handler_docstrings=True,
        components=Components(security_schemes={"bearer": bearer}),
        security=[{"bearer": []}],
    )
