"""The server itself: health, status, audit."""

from importlib.metadata import version

from litestar import get
from litestar.di import NamedDependency

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import PUBLIC, needs
from canopee_api.doors.people.job_routes import work_now
from canopee_api.doors.people.pages import After, Limit, number_cursor, page
from canopee_api.postgres.accounts import list_audit
from canopee_api.postgres.device_states import ONLINE
from canopee_api.postgres.devices import presence_totals
from canopee_api.postgres.enrolment_requests import count_waiting
from canopee_api.postgres.records import totals
from canopee_api.postgres.standstill import standstill
from canopee_api.records.volumes import following, volumes
from canopee_contract.people import AuditEntry, Health, Page, Status
from canopee_contract.storage import Volumes


@get("/v1/health", opt=PUBLIC, security=[])
async def health(areas: NamedDependency[Areas]) -> Health:
    """Whether this process can reach its database."""
    async with areas.database.transaction() as tx:
        await tx.execute("SELECT 1")
    return Health()


@get("/v1/status", opt=needs("read"))
async def status(areas: NamedDependency[Areas]) -> Status:
    """The fleet in a few numbers."""
    now = areas.clock.now()
    async with areas.database.transaction() as tx:
        runs, records, orders = await totals(tx, now=now)
        waiting = await count_waiting(tx)
        devices, online = await presence_totals(tx, seen_after=now - ONLINE)
        stopped, freezes = await standstill(tx), await areas.freezes.coming(tx)
        work = await work_now(tx, areas.tick_s)
    found = await following(areas.database, areas.clock)
    keys = areas.trust.key_life()
    return Status(
        version=version("canopee-api"), devices=devices, devices_online=online, runs=runs, records=records,
        orders_pending=orders, lab_keys=areas.trust.uses_lab_keys, server_time=now,
        records_lag_s=max((one.seconds for one in found.readers), default=0.0),
        enrolments_waiting=waiting, keys=keys.state, keys_role=keys.first,
        keys_days_left=next((role.days_left for role in keys.roles if role.role == keys.first), None),
        oldest_transaction_s=found.holder.seconds if found.holder else 0.0, standstill=stopped,
        freezes=freezes, work=work,
    )  # fmt: skip


@get("/v1/storage", opt=needs("read"))
async def storage(areas: NamedDependency[Areas]) -> Volumes:
    """What is kept, how fast it grows and for how long it stays; how far the readers of records are."""
    return await volumes(areas.database, areas.storage, areas.clock)


@get("/v1/audit", opt=needs("administer"))
async def audit(areas: NamedDependency[Areas], after: After = "", limit: Limit = 100) -> Page[AuditEntry]:
    """Who did what, newest first."""
    async with areas.database.transaction() as tx:
        rows = await list_audit(tx, after=number_cursor(after), limit=limit)
    views = [
        AuditEntry(str(row.n), row.at, row.actor, row.action, row.object, row.detail, row.sha256.hex())
        for row in rows
    ]
    return page(views, limit, lambda entry: entry.id)


ROUTES = [health, status, storage, audit]
