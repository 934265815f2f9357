"""Enrolment: tokens, the queue of those who wait, the rules."""

from typing import Annotated, Any

from litestar import Request, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, id_cursor, page
from canopee_contract.admission import (
    Decided,
    Decision,
    EnrolmentRequest,
    EnrolmentRules,
    HeldRules,
    RequestFilter,
    RequestState,
    TokenBatch,
)
from canopee_contract.people import EnrolmentTokens, NewEnrolmentTokens, Page


@post("/v1/enrolment-tokens", opt=needs("enrol"))
async def mint_tokens(
    data: JSONBody[NewEnrolmentTokens], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> EnrolmentTokens:
    """Enrolment tokens; shown in this answer only."""
    return await areas.token_office.mint(data, by=actor_of(request).login)


@get("/v1/enrolment-tokens", opt=needs("enrol"))
async def tokens(areas: NamedDependency[Areas], after: After = "", limit: Limit = 100) -> Page[TokenBatch]:
    """Tokens as they were made, together, newest first: what is left of them, never the tokens themselves."""
    batches = await areas.token_office.batches(after=id_cursor(after), limit=limit)
    return page(batches, limit, lambda batch: batch.id)


@post("/v1/enrolment-tokens/{batch_id:str}/revoke", opt=needs("enrol"), status_code=200)
async def revoke_tokens(
    batch_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> TokenBatch:
    """End tokens; what waits with them is rejected, the devices that they enrolled stay."""
    return await areas.token_office.revoke(batch_id, by=actor_of(request).login)


@get("/v1/enrolments", opt=needs("enrol"))
async def enrolments(  # noqa: PLR0913, PLR0917  each is a parameter of the query
    areas: NamedDependency[Areas],
    request_state: Annotated[RequestState | None, QueryParameter(name="state")] = None,
    practice: FromQuery[str] = "",
    hostname: FromQuery[str] = "",
    network: FromQuery[str] = "",
    platform: FromQuery[str] = "",
    batch_id: FromQuery[str] = "",
    after: After = "",
    limit: Limit = 100,
) -> Page[EnrolmentRequest]:
    """PCs that were not enrolled at once, the oldest first; `practice` and `hostname` are globs."""
    wanted = RequestFilter(practice, hostname, network, platform, batch_id)
    found = await areas.approvals.requests(wanted, state=request_state or "", after=id_cursor(after), limit=limit)
    return page(found, limit, lambda one: one.id)


@get("/v1/enrolments/{request_id:str}", opt=needs("enrol"))
async def enrolment(request_id: FromPath[str], areas: NamedDependency[Areas]) -> EnrolmentRequest:
    """One of them."""
    return await areas.approvals.request(request_id)


@post("/v1/enrolments/approve", opt=needs("enrol"), status_code=200)
async def approve(
    data: JSONBody[Decision], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Decided:
    """Let PCs enrol: each gets its identity when it asks again."""
    return await areas.approvals.approve(data, by=actor_of(request).login)


@post("/v1/enrolments/reject", opt=needs("enrol"), status_code=200)
async def reject(
    data: JSONBody[Decision], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Decided:
    """Refuse PCs, with a reason that they are told."""
    return await areas.approvals.reject(data, by=actor_of(request).login)


@get("/v1/enrolment-rules", opt=needs("enrol"))
async def rules(areas: NamedDependency[Areas]) -> HeldRules:
    """The rules in force, in their order."""
    return await areas.approvals.rules()


@put("/v1/enrolment-rules", opt=needs("enrol"))
async def set_rules(
    data: JSONBody[EnrolmentRules], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> HeldRules:
    """Put other rules in force: all of them, or none."""
    return await areas.approvals.set_rules(data, by=actor_of(request).login)


ROUTES = [
    mint_tokens, tokens, revoke_tokens, enrolments, enrolment, approve, reject, rules, set_rules,
]  # fmt: skip
