"""What was ordered and what became of it, durably: a step runs at most once, a report is never lost.

An order is stored with its sequence number before anything of it runs. After a crash, an order that had begun ends
`unknown` and is not begun again; one that had not begun is run.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from canopee_agent.engine.database import Transaction, open_database
from canopee_contract.codec import MAX_MESSAGE_BYTES, encode
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.report import MAX_REPORTS, RunReport, StepReport
from canopee_kit.clock import Clock

_TABLES = (
    "create table if not exists last (generation integer primary key, seq integer not null)",
    """create table if not exists accepted (
        order_id text primary key, seq integer not null, sha256 text not null, delivered blob not null,
        started_at text)""",
    """create table if not exists step (
        order_id text not null, id text not null, place integer not null, report blob not null,
        primary key (order_id, id))""",
    "create table if not exists report (order_id text primary key, body blob not null)",
)


_BATCH_BYTES = MAX_MESSAGE_BYTES - 1_000


class Accepted(msgspec.Struct, frozen=True):
    """An order taken in charge, without end yet."""

    order_id: str
    seq: int
    sha256: str
    delivered: DeliveredOrder
    started_at: datetime | None
    """`None`: nothing of it has run."""


class Journal:
    """The one open journal of an agent; used by one thread at a time."""

    def __init__(self, path: Path, clock: Clock) -> None:
        opened = open_database(path, _TABLES, clock)
        self._db, self._clock = opened.connection, clock
        self.corrupt = opened.corrupt
        """Where a corrupt journal was set aside at this start."""

    def close(self) -> None:
        self._db.close()

    def last_seq(self, generation: int) -> int:
        """Highest sequence number stored for an enrolment."""
        row = self._db.execute("select seq from last where generation = ?", (generation,)).fetchone()
        return row[0] if row else 0

    def accept(self, order: Order, sha256: str, delivered: DeliveredOrder) -> bool:
        """Take an order in charge, durably; `False` when its number is not above the last one."""
        with Transaction(self._db):
            if order.seq <= self.last_seq(order.generation):
                return False
            self._db.execute("insert or replace into last values (?, ?)", (order.generation, order.seq))
            self._db.execute(
                "insert or ignore into accepted values (?, ?, ?, ?, null)",
                (order.order_id, order.seq, sha256, encode(delivered)),
            )
        return True

    def accepted(self) -> list[Accepted]:
        """Orders without end, by sequence number."""
        query = "select order_id, seq, sha256, delivered, started_at from accepted order by seq"
        return [
            Accepted(
                order_id, seq, sha256, msgspec.json.decode(delivered, type=DeliveredOrder),
                datetime.fromisoformat(started_at) if started_at else None,
            )
            for order_id, seq, sha256, delivered, started_at in self._db.execute(query)
        ]  # fmt: skip

    def begin(self, order_id: str, started_at: datetime) -> None:
        """From here on the order never runs again."""
        with Transaction(self._db):
            query = "update accepted set started_at = ? where order_id = ?"
            self._db.execute(query, (started_at.isoformat(), order_id))

    def begin_step(self, order_id: str, step: StepReport, place: int) -> None:
        """Note that a step begins: until its end is noted, it is `unknown`."""
        self._put_step(order_id, msgspec.structs.replace(step, state="unknown", code="crashed"), place)

    def end_step(self, order_id: str, step: StepReport, place: int) -> None:
        self._put_step(order_id, step, place)

    def steps(self, order_id: str) -> list[StepReport]:
        """The steps noted, in their order."""
        rows = self._db.execute("select report from step where order_id = ? order by place", (order_id,))
        return [msgspec.json.decode(row[0], type=StepReport) for row in rows]

    def end(self, report: RunReport) -> None:
        """The order is over: its report waits for the server."""
        with Transaction(self._db):
            self._db.execute("insert or ignore into report values (?, ?)", (report.order_id, encode(report)))
            self._db.execute("delete from accepted where order_id = ?", (report.order_id,))
            self._db.execute("delete from step where order_id = ?", (report.order_id,))

    def reports(self) -> list[RunReport]:
        """The oldest reports that wait for a verdict: at most 50, and no more than a message holds."""
        reports: list[RunReport] = []
        room = _BATCH_BYTES
        rows = self._db.execute("select body from report order by rowid limit ?", (MAX_REPORTS,)).fetchall()
        for (body,) in rows:
            room -= len(body) + 1
            if reports and room < 0:
                break
            reports.append(msgspec.json.decode(body, type=RunReport))
        return reports

    def forget_reports(self, order_ids: Sequence[str]) -> None:
        """The server gave its verdict on these."""
        with Transaction(self._db):
            self._db.executemany("delete from report where order_id = ?", [(order_id,) for order_id in order_ids])

    def _put_step(self, order_id: str, step: StepReport, place: int) -> None:
        with Transaction(self._db):
            values = (order_id, step.id, place, encode(step))
            self._db.execute("insert or replace into step values (?, ?, ?, ?)", values)
