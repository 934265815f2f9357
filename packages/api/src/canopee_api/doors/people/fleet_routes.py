"""The fleet: its table, what is counted beside it, exports; and which devices a condition holds for."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from canopee_api.devices.csv_lines import EXCEL, RFC_4180, csv_lines
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import Limit, number_cursor, page
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.postgres.devices import key_of
from canopee_api.postgres.facts import list_changes
from canopee_contract.codec import decode
from canopee_contract.errors import MalformedError
from canopee_contract.fleet import DeviceQuery, Facets, FleetOverview, Watch
from canopee_contract.matching import Match, Matched, Why, WhyMatch
from canopee_contract.people import Device, DeviceState, FactChange, FactsChange, Page
from canopee_kit.ids import is_id

_Values = Annotated[list[str] | None, QueryParameter(description="Repeat it for several values.")]
_Cursor = Annotated[str, QueryParameter(max_length=2_000, description="Cursor: `next` of the page before.")]
_Sort = Annotated[
    str,
    QueryParameter(
        max_length=220,
        description="`id`, `hostname`, `practice`, `platform`, `agent_version`, `state`, `last_seen`, `enrolled` or "
        "`fact:<name>`; `-` before it turns it round.",
    ),
]


def device_query(  # noqa: PLR0913, PLR0917  each is a parameter of the query
    q: Annotated[str, QueryParameter(description="Part of the name or of the practice, or of the id.")] = "",
    device_state: Annotated[list[DeviceState] | None, QueryParameter(name="state")] = None,
    platform: _Values = None,
    agent_version: _Values = None,
    practice: _Values = None,
    tag: _Values = None,
    os: Annotated[list[str] | None, QueryParameter(description="Values of the fact `os.name`.")] = None,
    product: Annotated[
        list[str] | None, QueryParameter(description="Values of the fact `product.version`.")
    ] = None,
    watch: Annotated[list[Watch] | None, QueryParameter(description="What somebody should look at.")] = None,
    condition: Annotated[str, QueryParameter(description="A condition on facts, as JSON.")] = "",
) -> DeviceQuery:
    """The filters of a request; raises `InvalidError`."""
    return DeviceQuery(
        q=q, state=device_state or [], platform=platform or [], agent_version=agent_version or [],
        practice=[one for one in practice or [] if one], tag=tag or [], os=os or [], product=product or [],
        watch=watch or [], condition=_condition(condition) if condition else None,
    )  # fmt: skip


_QUERY = {"wanted": Provide(device_query, sync_to_thread=False)}


@get("/v1/devices", opt=needs("read"), dependencies=_QUERY)
async def devices(
    areas: NamedDependency[Areas],
    wanted: NamedDependency[DeviceQuery],
    sort: _Sort = "id",
    after: _Cursor = "",
    limit: Limit = 100,
) -> Page[Device]:
    """The devices that pass every filter, in an order; a filter with several values passes any of them."""
    return await areas.fleet_table.page(wanted, sort=sort, after=after, limit=limit)


@get("/v1/devices/facets", opt=needs("read"), dependencies=_QUERY)
async def facets(areas: NamedDependency[Areas], wanted: NamedDependency[DeviceQuery]) -> Facets:
    """How many devices pass, and how many would with another value of one filter."""
    return await areas.fleet_table.facets(wanted)


@get(
    "/v1/devices/export",
    opt=needs("read"),
    dependencies=_QUERY,
    media_type="text/csv",
)
async def export(
    areas: NamedDependency[Areas],
    wanted: NamedDependency[DeviceQuery],
    sort: _Sort = "hostname",
    excel: Annotated[bool, QueryParameter(description="Semicolons and a byte order mark.")] = False,  # noqa: FBT002  a parameter of the query
) -> Stream:
    """Every device that passes as CSV, with every fact; no cell begins as a formula does."""
    facts = await areas.fleet_table.fact_names(wanted)
    lines = csv_lines(areas.fleet_table.export(wanted, sort=sort), facts, EXCEL if excel else RFC_4180)
    name = f"postes-{areas.clock.now():%Y-%m-%d-%H%M}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Stream(await _begun(lines), headers=headers)


@get("/v1/fleet", opt=needs("read"))
async def overview(areas: NamedDependency[Areas]) -> FleetOverview:
    """The whole fleet in a few numbers, and what somebody should look at."""
    return await areas.fleet_table.overview()


@get("/v1/devices/{device_id:str}", opt=needs("read"))
async def device(device_id: FromPath[str], areas: NamedDependency[Areas]) -> Device:
    """One device, with its facts."""
    return await areas.fleet_table.get(device_id)


@get("/v1/devices/{device_id:str}/facts-history", opt=needs("read"))
async def facts_history(
    device_id: FromPath[str], areas: NamedDependency[Areas], after: _Cursor = "", limit: Limit = 100
) -> Page[FactsChange]:
    """What changed in the facts of a device, newest first; its first facts are no change."""
    async with areas.database.transaction() as tx:
        if not is_id(device_id) or await key_of(tx, device_id) is None:
            raise NotFoundError("device.unknown", f"there is no device {device_id[:40]}")
        rows = await list_changes(tx, device_id, after=number_cursor(after), limit=limit)
    views = [
        FactsChange(str(row.n), row.at, {name: FactChange(*pair) for name, pair in row.changes.items()})
        for row in rows
    ]
    return page(views, limit, lambda change: change.id)


@post("/v1/devices/{device_id:str}/revoke", opt=needs("administer"))
async def revoke(
    device_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Device:
    """End the enrolment of a device: its token and its orders are refused from now on."""
    await areas.enrolment.revoke(device_id, by=actor_of(request).login)
    return await areas.fleet_table.get(device_id)


@post("/v1/match", opt=needs("read"), status_code=200)
async def match(data: JSONBody[Match], areas: NamedDependency[Areas]) -> Matched:
    """The devices for which a condition holds now: how many, how many pass each of its tests, and a page of ids."""
    return await areas.targeting.match(data)


@post("/v1/match/why", opt=needs("read"), status_code=200)
async def why(data: JSONBody[WhyMatch], areas: NamedDependency[Areas]) -> Why:
    """Each test of a condition on one device: does it hold, and what does the device have."""
    return await areas.targeting.why(data)


def _condition(text: str) -> dict[str, Any]:
    try:
        return decode(text.encode(), dict[str, Any])
    except (MalformedError, msgspec.DecodeError, UnicodeEncodeError) as error:
        message = 'a condition as JSON, such as {"fact":"os.family","op":"eq","value":"windows"}'
        raise InvalidError("condition.malformed", message, at="condition") from error


async def _begun(lines: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The same, of which the head is there already: what is wrong with a query is an answer, not half a file."""
    head = await anext(lines)

    async def all_of_it() -> AsyncGenerator[bytes]:
        yield head
        async for one in lines:
            yield one

    return all_of_it()


ROUTES = [devices, facets, export, overview, device, facts_history, revoke, match, why]
