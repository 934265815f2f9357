"""What the server has promised: every acknowledgement, noted by the clients that got it."""

from collections.abc import Mapping
from typing import TypeVar

from canopee_contract.records import RecordBatch, RecordsReply
from canopee_contract.report import RunsReply
from canopee_swarm.link import Link

T = TypeVar("T")
StreamKey = tuple[str, str]
"""Device id and stream."""


class Notes:
    """Of one proof; `violations` grows when an answer contradicts an earlier one."""

    def __init__(self) -> None:
        self.marks: dict[StreamKey, int] = {}
        self.sent: dict[StreamKey, int] = {}
        """Highest sequence number that was sent at least once."""
        self.reports: set[str] = set()
        """Orders whose report was acknowledged."""
        self.acknowledged = 0
        self.violations: list[str] = []

    def note_records(self, key: StreamKey, batch: RecordBatch, reply: RecordsReply, sent_before: int) -> None:
        """The answer to a batch; up to `sent_before` its records may have been stored by an earlier attempt."""
        mark = self.marks.get(key, 0)
        for record, verdict in zip(batch.records, reply.verdicts, strict=True):
            is_known = record.seq <= mark
            may_be_known = record.seq <= sent_before
            if verdict == "accepted" and not is_known:
                continue
            if verdict == "duplicate" and may_be_known:
                continue
            self.violations.append(f"{key} {record.seq}: {verdict}, acknowledged to {mark}, sent to {sent_before}")
        if reply.mark != batch.records[-1].seq:
            self.violations.append(f"{key}: {batch.records[-1].seq} was sent, {reply.mark} is acknowledged")
        self.marks[key] = max(mark, reply.mark)
        self.acknowledged += len(batch.records)

    def note_reports(self, reply: RunsReply) -> None:
        for verdict in reply.verdicts:
            if verdict.verdict == "rejected":
                self.violations.append(f"the report of {verdict.order_id} was rejected: {verdict.code}")
            self.reports.add(verdict.order_id)


class NotingLink(Link):
    """A link whose acknowledgements are noted."""

    notes: Notes

    async def call(self, call: str, message: object, kind: type[T], *, timeout_s: float = 30.0) -> T:
        sent_before = 0
        if isinstance(message, RecordBatch) and self.identity is not None:
            key = self.identity.device_id, message.stream
            sent_before = self.notes.sent.get(key, 0)
            self.notes.sent[key] = max(sent_before, message.records[-1].seq)
        reply = await super().call(call, message, kind, timeout_s=timeout_s)
        if isinstance(message, RecordBatch) and isinstance(reply, RecordsReply) and self.identity is not None:
            self.notes.note_records((self.identity.device_id, message.stream), message, reply, sent_before)
        if isinstance(reply, RunsReply):
            self.notes.note_reports(reply)
        return reply


def expected(marks: Mapping[StreamKey, int]) -> int:
    """How many records have been promised."""
    return sum(marks.values())
