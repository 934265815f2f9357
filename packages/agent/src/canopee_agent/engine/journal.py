"""What was ordered and what became of it, durably: a step runs at most once, a report is never lost.

An order is stored with its sequence number before anything of it runs. After a crash, an order that had begun ends
`unknown` and is not begun again; one that had not begun is run. Sequence numbers and the campaigns that have begun are
floors too: a journal that was lost does not let them run again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import msgspec

from canopee_agent.engine.database import Transaction, open_database
from canopee_contract.codec import MAX_MESSAGE_BYTES, encode
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.report import MAX_REPORTS, RunReport, StepReport
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger
from canopee_trust.floor import MemoryFloor, VersionFloor

_log = get_logger(__name__)
_BATCH_BYTES = MAX_MESSAGE_BYTES - 1_000
_REPORT_BYTES = 300_000
"""Largest report: beyond, its outputs and then its steps are left out, or no server would ever take it."""

_TABLES = (
    """create table if not exists last_seq (
        generation integer not null, epoch integer not null, seq integer not null, primary key (generation, epoch))""",
    """create table if not exists accepted (
        order_id text primary key, seq integer not null, sha256 text not null, delivered blob not null,
        started_at text)""",
    """create table if not exists step (
        order_id text not null, id text not null, place integer not null, report blob not null,
        primary key (order_id, id))""",
    "create table if not exists report (order_id text primary key, body blob not null)",
    "create table if not exists stopped (only_row integer primary key check (only_row = 1))",
)


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

    def __init__(self, path: Path, clock: Clock, floor: VersionFloor | None = None) -> None:
        opened = open_database(path, _TABLES, clock)
        self._db, self._floor = opened.connection, floor or MemoryFloor()
        self.corrupt = opened.corrupt
        """Where a corrupt journal was set aside at this start."""
        rows = self._db.execute("select generation, epoch, seq from last_seq").fetchall()
        self._floor.raise_to({_seq_floor(generation, epoch): seq for generation, epoch, seq in rows})

    def close(self) -> None:
        self._db.close()

    def last_seq(self, generation: int, epoch: int) -> int:
        """Highest sequence number stored for an enrolment and a trust policy.

        A newer epoch begins again at 0, so that numbers spent by a stolen online key do not block its successor.
        """
        return self._floor.get(_seq_floor(generation, epoch))

    def accept(self, order: Order, sha256: str, delivered: DeliveredOrder) -> bool:
        """Take an order in charge, durably; `False` when its number or its id is not new."""
        if order.seq <= self.last_seq(order.generation, order.epoch) or self._holds(order.order_id):
            return False
        with Transaction(self._db):
            values = (order.generation, order.epoch, order.seq)
            self._db.execute("insert or replace into last_seq values (?, ?, ?)", values)
            self._db.execute(
                "insert into accepted values (?, ?, ?, ?, null)",
                (order.order_id, order.seq, sha256, encode(delivered)),
            )
        self._floor.raise_to({_seq_floor(order.generation, order.epoch): order.seq})
        return True

    def accepted(self) -> list[Accepted]:
        """Orders without end, by sequence number; one that cannot be read any more is dropped, and said in the log."""
        query = "select order_id, seq, sha256, delivered, started_at from accepted order by seq"
        held: list[Accepted] = []
        for order_id, seq, sha256, delivered, started_at in self._db.execute(query).fetchall():
            try:
                started = datetime.fromisoformat(started_at) if started_at else None
                body = msgspec.json.decode(delivered, type=DeliveredOrder)
            except (ValueError, TypeError) as error:  # msgspec's errors are ValueErrors
                _log.error("what was stored of order %s cannot be read any more: %s", order_id, error)
                self.forget(order_id)
                continue
            held.append(Accepted(order_id, seq, sha256, body, started))
        return held

    def has_begun(self, campaign_sha256: str, occurrence: int = 1) -> bool:
        """Whether an order of this campaign document has begun here, of this occurrence or of a later one."""
        return self._floor.get(f"campaign:{campaign_sha256}") >= occurrence

    def done_version(self, kind: str, pipeline: str) -> int:
        """Highest version of a pipeline of which a run was `done` here; 0 for none."""
        return self._floor.get(_done_floor(kind, pipeline))

    def note_done(self, kind: str, pipeline: str, version: int) -> None:
        """A run of it was done here: kept as a floor, so that a journal that is lost takes nothing back."""
        self._floor.raise_to({_done_floor(kind, pipeline): version})

    def superseded_since(self, pipeline: str) -> int:
        """Campaigns of a pipeline written before (milliseconds since 1970) are over here; 0: none is."""
        return self._floor.get(f"superseded:{pipeline}")

    def begin(
        self, order_id: str, started_at: datetime, campaign_sha256: str = "",
        superseding: Mapping[str, int] = MappingProxyType({}), *, occurrence: int = 1,
    ) -> None:  # fmt: skip
        """From here on the order never runs again, nor its campaign (this occurrence), nor those that it supersedes."""
        with Transaction(self._db):
            query = "update accepted set started_at = ? where order_id = ?"
            self._db.execute(query, (started_at.isoformat(), order_id))
        if campaign_sha256:
            ended = {f"superseded:{pipeline}": written for pipeline, written in superseding.items()}
            self._floor.raise_to({f"campaign:{campaign_sha256}": occurrence, **ended})

    @property
    def is_stopped(self) -> bool:
        """Whether the server said last that everything is stopped."""
        return self._db.execute("select 1 from stopped").fetchone() is not None

    def set_stopped(self, *, is_stopped: bool) -> None:
        """Remember what the server said, also beyond a restart."""
        if is_stopped != self.is_stopped:
            with Transaction(self._db):
                self._db.execute("insert into stopped values (1)" if is_stopped else "delete from stopped")

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
            self._put_report(report)
            self._db.execute("delete from accepted where order_id = ?", (report.order_id,))
            self._db.execute("delete from step where order_id = ?", (report.order_id,))

    def forget(self, order_id: str) -> None:
        """Drop what is held of an order that nobody can read."""
        with Transaction(self._db):
            self._db.execute("delete from accepted where order_id = ?", (order_id,))

    def refuse(self, report: RunReport) -> None:
        """Report an order that was not taken in charge; nothing that is held under the same id changes."""
        if not self._holds(report.order_id):
            with Transaction(self._db):
                self._put_report(report)

    def reports_waiting(self) -> int:
        """How many reports wait for a verdict."""
        return self._db.execute("select count(*) from report").fetchone()[0]

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

    def _holds(self, order_id: str) -> bool:
        query = "select 1 from accepted where order_id = ? union select 1 from report where order_id = ?"
        return self._db.execute(query, (order_id, order_id)).fetchone() is not None

    def _put_report(self, report: RunReport) -> None:
        body = encode(_fitting(report))
        self._db.execute("insert or ignore into report values (?, ?)", (report.order_id, body))

    def _put_step(self, order_id: str, step: StepReport, place: int) -> None:
        with Transaction(self._db):
            values = (order_id, step.id, place, encode(step))
            self._db.execute("insert or replace into step values (?, ?, ?, ?)", values)


def _seq_floor(generation: int, epoch: int) -> str:
    return f"orders:{generation}:{epoch}"


def _done_floor(kind: str, pipeline: str) -> str:
    return f"done:{kind}:{pipeline}"


def _fitting(report: RunReport) -> RunReport:
    """The report, without its outputs, or without its steps, where it would be too large to send."""
    if len(encode(report)) > _REPORT_BYTES:
        steps = tuple(msgspec.structs.replace(step, outputs={}) for step in report.steps)
        report = msgspec.structs.replace(report, steps=steps)
    return report if len(encode(report)) <= _REPORT_BYTES else msgspec.structs.replace(report, steps=())
