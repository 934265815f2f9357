"""Devices, and which of them a condition holds for."""

from datetime import UTC, datetime
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, id_cursor, number_cursor, page
from canopee_api.errors import NotFoundError
from canopee_api.live.presence import ONLINE
from canopee_api.postgres import devices as sql
from canopee_api.postgres.facts import list_changes
from canopee_contract.people import (
    Device,
    FactChange,
    FactsChange,
    Match,
    Matched,
    Page,
    Why,
    WhyMatch,
)
from canopee_kit.ids import is_id

"""A device says something every five minutes at most."""


@get("/v1/devices", opt=needs("read"))
async def devices(
    areas: NamedDependency[Areas],
    practice: FromQuery[str] = "",
    q: FromQuery[str] = "",
    after: After = "",
    limit: Limit = 100,
) -> Page[Device]:
    """Devices by id; `practice` and `q` (part of the name or of the id) narrow the list."""
    async with areas.database.transaction() as tx:
        rows = await sql.list_devices(tx, practice=practice, search=q[:100], after=id_cursor(after), limit=limit)
    return page([_device(row, areas) for row in rows], limit, lambda device: device.id)


@get("/v1/devices/{device_id:str}", opt=needs("read"))
async def device(device_id: FromPath[str], areas: NamedDependency[Areas]) -> Device:
    """One device, with its facts."""
    async with areas.database.transaction() as tx:
        row = await sql.get_device(tx, device_id) if is_id(device_id) else None
    if row is None:
        raise NotFoundError("device.unknown", f"there is no device {device_id[:40]}")
    return _device(row, areas)


@get("/v1/devices/{device_id:str}/facts-history", opt=needs("read"))
async def facts_history(
    device_id: FromPath[str], areas: NamedDependency[Areas], after: After = "", limit: Limit = 100
) -> Page[FactsChange]:
    """What changed in the facts of a device, newest first; its first facts are no change."""
    async with areas.database.transaction() as tx:
        if not is_id(device_id) or await sql.key_of(tx, device_id) is None:
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
    async with areas.database.transaction() as tx:
        row = await sql.get_device(tx, device_id)
    if row is None:
        raise NotFoundError("device.unknown", f"there is no device {device_id[:40]}")
    return _device(row, areas)


@post("/v1/match", opt=needs("read"), status_code=200)
async def match(data: JSONBody[Match], areas: NamedDependency[Areas]) -> Matched:
    """The devices for which a condition holds now: how many, how many pass each of its tests, and a page of ids."""
    return await areas.targeting.match(data)


@post("/v1/match/why", opt=needs("read"), status_code=200)
async def why(data: JSONBody[WhyMatch], areas: NamedDependency[Areas]) -> Why:
    """Each test of a condition on one device: does it hold, and what does the device have."""
    return await areas.targeting.why(data)


def _device(row: sql.DeviceRow, areas: Areas) -> Device:
    live = areas.fleet.get(row.id)
    heard = datetime.fromtimestamp(live.last_seen, UTC) if live else row.last_seen_at
    seen = max(row.last_seen_at, heard)
    presence = "online" if areas.clock.now() - seen < ONLINE else "offline"
    state = "revoked" if row.state == "revoked" else "suspect" if row.state == "suspect" else presence
    return Device(
        id=row.id, hostname=row.hostname, practice_id=row.practice_id, platform=row.platform,
        agent_version=live.agent_version if live else row.agent_version, state=state, simulated=row.simulated,
        generation=row.generation, enrolled_at=row.enrolled_at, last_seen_at=seen, facts=row.facts,
        facts_at=row.facts_at,
    )  # fmt: skip


ROUTES = [devices, device, facts_history, revoke, match, why]
