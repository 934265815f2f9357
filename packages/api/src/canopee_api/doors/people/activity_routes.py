"""What was ordered, what ran, what came back."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import needs
from canopee_api.doors.people.pages import After, Limit, id_cursor, id_filter, number_cursor, page
from canopee_api.errors import NotFoundError
from canopee_api.postgres import orders as sql
from canopee_api.postgres import records as record_sql
from canopee_contract.people import OrderView, Page, RejectedRecord, Run, StoredRecord
from canopee_kit.ids import is_id


@get("/v1/runs", opt=needs("read"))
async def runs(
    areas: NamedDependency[Areas],
    device: FromQuery[str] = "",
    pipeline: FromQuery[str] = "",
    campaign: FromQuery[str] = "",
    run_state: Annotated[str, QueryParameter(name="state")] = "",
    after: After = "",
    limit: Limit = 100,
) -> Page[Run]:
    """Runs, those of the newest orders first; `pipeline` is `name` or `name@version`."""
    async with areas.database.transaction() as tx:
        rows = await sql.list_runs(
            tx, device=id_filter(device, "device"), pipeline=pipeline, campaign=id_filter(campaign, "campaign"),
            state=run_state, after=id_cursor(after), limit=limit,
        )  # fmt: skip
    return page([msgspec.convert(row, Run, from_attributes=True) for row in rows], limit, lambda run: run.id)


@get("/v1/runs/{order_id:str}", opt=needs("read"))
async def run(order_id: FromPath[str], areas: NamedDependency[Areas]) -> Run:
    """One run with its steps; its id is that of its order."""
    async with areas.database.transaction() as tx:
        row = await sql.get_run(tx, order_id) if is_id(order_id) else None
    if row is None:
        raise NotFoundError("run.unknown", f"there is no run {order_id[:40]}: its order may still be under way")
    return msgspec.convert(row, Run, from_attributes=True)


@get("/v1/orders", opt=needs("read"))
async def orders(
    areas: NamedDependency[Areas],
    device: FromQuery[str] = "",
    campaign: FromQuery[str] = "",
    after: After = "",
    limit: Limit = 100,
) -> Page[OrderView]:
    """Orders, newest first."""
    async with areas.database.transaction() as tx:
        rows = await sql.list_orders(
            tx, device=id_filter(device, "device"), campaign=id_filter(campaign, "campaign"), after=id_cursor(after),
            limit=limit, now=areas.clock.now(),
        )  # fmt: skip
    return page([msgspec.convert(row, OrderView, from_attributes=True) for row in rows], limit, lambda one: one.id)


@get("/v1/records", opt=needs("read_records"))
async def records(
    areas: NamedDependency[Areas],
    dataset: FromQuery[str] = "",
    device: FromQuery[str] = "",
    after: After = "",
    limit: Limit = 100,
) -> Page[StoredRecord]:
    """Records, newest first."""
    async with areas.database.transaction() as tx:
        rows = await record_sql.list_records(
            tx, dataset=dataset, device=id_filter(device, "device"), after=number_cursor(after), limit=limit
        )
    views = [
        StoredRecord(
            id=str(row.id), device_id=row.device_id, dataset=row.dataset, version=row.version, at=row.at,
            received_at=row.received_at, order_id=row.order_id, body=row.body,
        )
        for row in rows
    ]  # fmt: skip
    return page(views, limit, lambda record: record.id)


@get("/v1/rejected", opt=needs("read_records"))
async def rejected(areas: NamedDependency[Areas], after: After = "", limit: Limit = 100) -> Page[RejectedRecord]:
    """Records refused for good, newest first, with the reason."""
    async with areas.database.transaction() as tx:
        rows = await record_sql.list_rejected(tx, after=number_cursor(after), limit=limit)
    views = [
        RejectedRecord(
            id=str(row.id), device_id=row.device_id, dataset=row.dataset, version=row.version, code=row.code,
            detail=row.detail, body=row.body, received_at=row.received_at,
        )
        for row in rows
    ]  # fmt: skip
    return page(views, limit, lambda record: record.id)


ROUTES = [runs, run, orders, records, rejected]
