"""Log requests: whom to ask, what would come, the requests and where their devices stand."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, id_cursor, id_filter, number_cursor, page
from canopee_api.errors import InvalidError
from canopee_contract.log_requests import (
    LOG_STATES,
    REQUEST_STATES,
    LogDevice,
    LogEstimate,
    LogRequestView,
    NewLogRequest,
    Resolved,
    ResolveDevices,
)
from canopee_contract.people import AuditEntry, Page


@get("/v1/log-requests", opt=needs("read"))
async def log_requests(
    areas: NamedDependency[Areas],
    state_filter: Annotated[
        str, QueryParameter(name="state", description="`running`, `complete` or `purged`.")
    ] = "",
    q: Annotated[str, QueryParameter(description="Part of the reason or of the ticket.")] = "",
    device: FromQuery[str] = "",
    by: Annotated[str, QueryParameter(description="Login of who asked.")] = "",
    after: After = "",
    limit: Limit = 100,
) -> Page[LogRequestView]:
    """Log requests, newest first."""
    _check_states([state_filter] if state_filter else [], REQUEST_STATES)
    found = await areas.log_requests.views(
        after=id_cursor(after),
        limit=limit,
        state=state_filter,
        q=q[:100],
        device=id_filter(device, "device"),
        by=by[:100],
    )
    return page(found, limit, lambda one: one.id)


@post("/v1/log-requests/resolve", opt=needs("read"), status_code=200)
async def resolve_log_devices(data: JSONBody[ResolveDevices], areas: NamedDependency[Areas]) -> Resolved:
    """Which devices a pasted list stands for: each line is found, unknown, ambiguous, or there already."""
    return await areas.log_targets.resolve(data)


@post("/v1/log-requests/estimate", opt=needs("request_logs"), status_code=200)
async def estimate_logs(data: JSONBody[NewLogRequest], areas: NamedDependency[Areas]) -> LogEstimate:
    """What would come, from what came lately; nothing is asked of any PC."""
    return await areas.log_requests.estimate(data)


@post("/v1/log-requests", opt=needs("request_logs"))
async def request_logs(
    data: JSONBody[NewLogRequest], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> LogRequestView:
    """Ask devices for their logs, by a published collection that needs no approval."""
    return await areas.log_requests.start(data, by=actor_of(request).login)


@get("/v1/log-requests/{request_id:str}", opt=needs("read"))
async def log_request(request_id: FromPath[str], areas: NamedDependency[Areas]) -> LogRequestView:
    """One request with where its devices stand."""
    return await areas.log_requests.view(request_id)


@get("/v1/log-requests/{request_id:str}/devices", opt=needs("read"))
async def log_request_devices(
    request_id: FromPath[str],
    areas: NamedDependency[Areas],
    state_filter: Annotated[
        str, QueryParameter(name="state", description="One state, or several with commas.")
    ] = "",
    q: Annotated[str, QueryParameter(description="Part of a name or of a practice.")] = "",
    after: After = "",
    limit: Limit = 100,
) -> Page[LogDevice]:
    """Devices of a request, by increasing id."""
    states = _check_states([one for one in state_filter.split(",") if one], LOG_STATES)
    found = await areas.log_requests.devices(
        request_id, states=states, q=q[:100], after=id_cursor(after), limit=limit
    )
    return page(found, limit, lambda one: one.id)


@get("/v1/log-requests/{request_id:str}/audit", opt=needs("read"))
async def log_request_audit(
    request_id: FromPath[str], areas: NamedDependency[Areas], after: After = "", limit: Limit = 100
) -> Page[AuditEntry]:
    """Who asked, who opened which archive, who purged: the newest first."""
    rows = await areas.log_requests.history(request_id, after=number_cursor(after), limit=limit)
    entries = [
        AuditEntry(str(row.n), row.at, row.actor, row.action, row.object, row.detail, row.sha256.hex())
        for row in rows
    ]
    return page(entries, limit, lambda entry: entry.id)


@post("/v1/log-requests/{request_id:str}/again", opt=needs("request_logs"))
async def request_logs_again(
    request_id: FromPath[str],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
    missing: Annotated[bool, QueryParameter(description="Only of those that have sent nothing.")] = False,  # noqa: FBT002  a parameter of the query
) -> LogRequestView:
    """Ask the same again, as a new request."""
    return await areas.log_requests.again(request_id, by=actor_of(request).login, missing_only=missing)


@post("/v1/log-requests/{request_id:str}/cancel", opt=needs("request_logs"), status_code=200)
async def cancel_logs(
    request_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> LogRequestView:
    """Take nothing more: orders that wait are withdrawn, PCs that send stop; what is here whole stays."""
    return await areas.log_cancels.cancel(request_id, by=actor_of(request).login)


def _check_states(given: list[str], known: tuple[str, ...]) -> list[str]:
    """The states, once each is one; raises `InvalidError`."""
    if unknown := [one for one in given if one not in known]:
        raise InvalidError("filter.state", f"{unknown[0][:40]} is none of {', '.join(known)}", at="state")
    return given


ROUTES = [
    log_requests, resolve_log_devices, estimate_logs, request_logs, log_request, log_request_devices, log_request_audit,
    request_logs_again, cancel_logs,
]  # fmt: skip
