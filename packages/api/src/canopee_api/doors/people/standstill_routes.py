"""The emergency stop of the whole fleet."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_contract.standstill import Standstill, StopEverything, StopState


@get("/v1/stop-everything", opt=needs("read"))
async def stop_state(areas: NamedDependency[Areas]) -> StopState:
    """Whether everything is stopped, since when, by whom and why."""
    return StopState(await areas.emergency_stop.held())


@post("/v1/stop-everything", opt=needs("administer"), status_code=200)
async def stop_everything(
    data: JSONBody[StopEverything], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Standstill:
    """Make, deliver and begin no order any more, of any campaign, until `/v1/resume-everything`."""
    return await areas.emergency_stop.stop(data.reason, by=actor_of(request).login)


@post("/v1/resume-everything", opt=needs("administer"), status_code=200)
async def resume_everything(request: Request[Any, Any, Any], areas: NamedDependency[Areas]) -> Standstill:
    """Go on after a stop of everything; the answer is what had stopped it."""
    return await areas.emergency_stop.resume(by=actor_of(request).login)


ROUTES = [stop_state, stop_everything, resume_everything]
