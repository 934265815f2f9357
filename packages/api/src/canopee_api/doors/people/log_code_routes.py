"""Codes that support dictates to the users of PCs."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, id_cursor, page
from canopee_contract.log_requests import LogCode, NewLogCode
from canopee_contract.people import Page


@post("/v1/log-codes", opt=needs("request_logs"))
async def make_log_code(
    data: JSONBody[NewLogCode], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> LogCode:
    """A code that the user of one PC types to send its logs; shown this once."""
    return await areas.log_codes.make(data, by=actor_of(request).login)


@get("/v1/log-codes", opt=needs("read"))
async def log_codes(areas: NamedDependency[Areas], after: After = "", limit: Limit = 100) -> Page[LogCode]:
    """Codes, newest first, and what became of them."""
    return page(await areas.log_codes.list(after=id_cursor(after), limit=limit), limit, lambda one: one.id)


ROUTES = [make_log_code, log_codes]
