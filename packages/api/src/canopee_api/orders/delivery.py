"""Orders to a device, and the reports that come back."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec

from canopee_api.errors import InvalidError
from canopee_api.live.fleet import LiveDevice, LiveFleet
from canopee_api.live.watchers import Watchers
from canopee_api.orders.freezing import is_frozen
from canopee_api.orders.walls import WallClocks
from canopee_api.postgres import deliveries, log_receipts
from canopee_api.postgres import orders as sql
from canopee_api.postgres.database import Database
from canopee_contract.order import DeliveredOrder
from canopee_contract.raw import NULL
from canopee_contract.report import MAX_GONE, MAX_REPORTS, RunReport, RunReports, RunsReply, RunVerdict
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id

MAX_DELIVERED = 20
_GROUP = 200
"""Calls answered by one query, at most."""
_LONGEST_TEXT = 4_000
_EARLIEST_YEAR, _LATEST_YEAR = 1970, 9000
"""Beyond, PostgreSQL gives back what Python cannot read."""


class _Asked(msgspec.Struct, frozen=True):
    """A call that asks for orders, and who waits for the answer."""

    wanted: deliveries.Wanted
    answer: "asyncio.Future[tuple[DeliveredOrder, ...]]"


class Delivery:
    """The one way out of this process: the calls that ask at the same time are answered by one query."""

    def __init__(self, database: Database, fleet: LiveFleet, wall: WallClocks, clock: Clock) -> None:
        self._database, self._fleet, self._wall, self._clock = database, fleet, wall, clock
        self._asked: list[_Asked] = []
        self._answering: asyncio.Task[None] | None = None

    async def orders_for(self, device: LiveDevice, *, after: int) -> tuple[DeliveredOrder, ...]:
        """The living orders of a device above a sequence number, oldest first; none for a suspect.

        Raises:
            BusyError: the database does not answer.
        """
        if device.order_head <= after or device.state != "active":
            return ()
        self._fleet.look(device)
        asked = _Asked(
            deliveries.Wanted(device.id, device.generation, after), asyncio.get_running_loop().create_future()
        )
        self._asked.append(asked)
        if self._answering is None:
            self._answering = asyncio.create_task(self._answer_all())
        try:
            found = await asked.answer
            if not found:
                self._fleet.found_none(device, after=after)
        finally:
            self._fleet.found(device)
        return found

    async def _answer_all(self) -> None:
        """Until nobody asks: what is asked meanwhile makes the next group."""
        try:
            while self._asked:
                group, self._asked = self._asked[:_GROUP], self._asked[_GROUP:]
                await self._answer(sorted(group, key=lambda one: one.wanted.device_id))
        finally:
            self._answering = None

    async def _answer(self, group: Sequence[_Asked]) -> None:
        """Rows are locked in the order of devices, as far as PostgreSQL follows it."""
        now = self._clock.now()
        try:
            async with self._database.transaction() as tx:
                found = await deliveries.deliverable(
                    tx, [one.wanted for one in group], is_open=self._wall.is_open,
                    is_frozen=lambda freeze, zone: is_frozen(freeze, self._wall, zone, now), now=now,
                    limit=MAX_DELIVERED,
                )  # fmt: skip
        except Exception as error:  # noqa: BLE001  the edge of a task: every one of them learns it
            for one in group:
                if not one.answer.done():
                    one.answer.set_exception(error)
            return
        for one, orders in zip(group, found, strict=True):
            if not one.answer.done():
                one.answer.set_result(tuple(map(_delivered, orders)))


def _delivered(order: tuple[bytes, bytes | None]) -> DeliveredOrder:
    envelope, document = order
    return DeliveredOrder(msgspec.Raw(envelope), msgspec.Raw(document) if document else NULL)


async def take_reports(
    database: Database, clock: Clock, device: LiveDevice, sent: RunReports, watchers: Watchers
) -> RunsReply:
    """Store run reports, one verdict each, and receipts of files that are on the PC no more.

    Raises:
        InvalidError: too many at once.
    """
    if len(sent.reports) > MAX_REPORTS or not (sent.reports or sent.gone):
        raise InvalidError("runs.count", f"1 to {MAX_REPORTS} reports at once", at="$.reports")
    if len(sent.gone) > MAX_GONE:
        raise InvalidError("runs.count", f"at most {MAX_GONE} receipts at once", at="$.gone")
    verdicts: list[RunVerdict] = []
    async with database.transaction() as tx:
        candidates = [one.order_id for one in (*sent.reports, *sent.gone) if is_id(one.order_id)]
        owned = await sql.owned_orders(tx, device.id, candidates)
        for report in sent.reports:
            if report.order_id not in owned:
                verdicts.append(RunVerdict(report.order_id, "rejected", "run.unknown_order"))
            elif fault := _fault(report):
                verdicts.append(RunVerdict(report.order_id, "rejected", fault))
            else:
                is_new = await sql.insert_run(tx, _run(report, device, clock))
                verdicts.append(RunVerdict(report.order_id, "accepted" if is_new else "duplicate"))
        asked = [one for one in sent.gone if owned.get(one.order_id) and _is_near(one.at)]
        await log_receipts.note_gone(tx, device.id, asked, {**owned}, now=clock.now())
    watchers.note("runs", device.id)
    for request_id in {*owned.values()} - {None}:
        watchers.note("logs", str(request_id))
    return RunsReply(tuple(verdicts), max((one.number for one in sent.gone), default=0))


def _fault(report: RunReport) -> str:
    steps = [step.started_at for step in report.steps]
    instants = [one for one in (report.finished_at, report.started_at, *steps) if one is not None]
    return "" if all(map(_is_near, instants)) else "run.instant"


def _is_near(at: datetime) -> bool:
    return at.tzinfo is not None and _EARLIEST_YEAR <= at.year <= _LATEST_YEAR


def _run(report: RunReport, device: LiveDevice, clock: Clock) -> sql.NewRun:
    return sql.NewRun(
        order_id=report.order_id, device_id=device.id, state=report.state, code=report.code[:_LONGEST_TEXT],
        detail=report.detail[:_LONGEST_TEXT], agent_version=report.agent_version[:_LONGEST_TEXT],
        started_at=report.started_at, finished_at=report.finished_at, received_at=clock.now(),
        steps=[msgspec.to_builtins(step) for step in report.steps],
    )  # fmt: skip
