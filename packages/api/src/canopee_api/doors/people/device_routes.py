"""One device: its facts with their age, its time line, its link; what people add to devices; selections."""

from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from canopee_api.accounts.roles import rights_of
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, id_cursor, page
from canopee_contract.fleet import (
    DeviceFacts,
    Diagnosis,
    NewNote,
    NewSelection,
    Note,
    Selection,
    SelectionCondition,
    TagChange,
    TagCount,
    TagsChanged,
    Timeline,
)
from canopee_contract.people import Page

_Tag = Annotated[str, QueryParameter(max_length=60, description="Cursor: `next` of the page before.")]


@get("/v1/devices/{device_id:str}/facts", opt=needs("read"))
async def facts(device_id: FromPath[str], areas: NamedDependency[Areas]) -> DeviceFacts:
    """The facts of a device, with when each last changed."""
    return await areas.story.facts(device_id)


@get("/v1/devices/{device_id:str}/timeline", opt=needs("read"))
async def timeline(
    device_id: FromPath[str],
    areas: NamedDependency[Areas],
    hours: Annotated[int, QueryParameter(ge=1, le=744, description="How far back.")] = 24,
) -> Timeline:
    """What a device did in the last hours, one lane a pipeline."""
    return await areas.story.timeline(device_id, hours)


@get("/v1/devices/{device_id:str}/diagnosis", opt=needs("read"))
async def diagnosis(device_id: FromPath[str], areas: NamedDependency[Areas]) -> Diagnosis:
    """How the link with a device stands."""
    return await areas.story.diagnosis(device_id)


@get("/v1/devices/{device_id:str}/notes", opt=needs("read"))
async def notes(
    device_id: FromPath[str], areas: NamedDependency[Areas], after: After = "", limit: Limit = 100
) -> Page[Note]:
    """What people wrote about a device, newest first."""
    found = await areas.annotations.notes(device_id, after=id_cursor(after), limit=limit)
    return page(found, limit, lambda note: note.id)


@post("/v1/devices/{device_id:str}/notes", opt=needs("annotate"))
async def write_note(
    device_id: FromPath[str],
    data: JSONBody[NewNote],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
) -> Note:
    """Write something about a device, under one's name."""
    return await areas.annotations.write_note(device_id, data, by=actor_of(request).login)


@delete("/v1/devices/{device_id:str}/notes/{note_id:str}", opt=needs("annotate"))
async def delete_note(
    device_id: FromPath[str],
    note_id: FromPath[str],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
) -> None:
    """Take a note away: one's own; an administrator, any."""
    actor = actor_of(request)
    may_any = "administer" in rights_of(actor.roles)
    await areas.annotations.delete_note(device_id, note_id, by=actor.login, may_any=may_any)


@post("/v1/devices/tags", opt=needs("annotate"), status_code=200)
async def change_tags(
    data: JSONBody[TagChange], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> TagsChanged:
    """Give tags to devices, and take tags from them: those of a selection, or of a list of ids."""
    return await areas.annotations.change_tags(data, by=actor_of(request).login)


@get("/v1/tags", opt=needs("read"))
async def tags(areas: NamedDependency[Areas], after: _Tag = "", limit: Limit = 100) -> Page[TagCount]:
    """The tags in use, by name, and how many devices have each."""
    found = await areas.annotations.tags(after=after, limit=limit)
    return page(found, limit, lambda one: one.id)


@post("/v1/selections", opt=needs("read"))
async def select(
    data: JSONBody[NewSelection], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Selection:
    """Freeze the devices of a query into a list: what is confirmed then is what is done."""
    return await areas.selections.freeze(data, by=actor_of(request).login)


@get("/v1/selections/{selection_id:str}", opt=needs("read"))
async def selection(selection_id: FromPath[str], areas: NamedDependency[Areas]) -> Selection:
    """A selection, with where its devices stand now."""
    return await areas.selections.get(selection_id)


@get("/v1/selections/{selection_id:str}/condition", opt=needs("read"))
async def selection_condition(selection_id: FromPath[str], areas: NamedDependency[Areas]) -> SelectionCondition:
    """The devices of a selection as a condition, for campaigns and previews."""
    return await areas.selections.condition(selection_id)


ROUTES = [
    facts, timeline, diagnosis, notes, write_note, delete_note, change_tags, tags, select, selection,
    selection_condition,
]  # fmt: skip
