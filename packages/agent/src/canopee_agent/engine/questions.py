"""Questions to whoever sits at this PC, with their answers: on disk, for the agent, its command and its next start."""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from canopee_agent.engine.database import Transaction, open_database
from canopee_kit.clock import Clock

_KEPT = timedelta(days=90)
_TABLES = (
    """create table if not exists question (
        order_id text primary key, text text not null, asked_at text not null, answer integer, answered_at text)""",
)


class Question(msgspec.Struct, frozen=True):
    """Something that is asked, or was."""

    order_id: str
    text: str
    asked_at: datetime
    is_granted: bool | None = None
    """`None`: nobody has answered."""
    answered_at: datetime | None = None


class Questions:
    """Those of one PC."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._db = open_database(path, _TABLES, clock).connection

    def close(self) -> None:
        self._db.close()

    def ask(self, order_id: str, text: str) -> Question:
        """The question of an order, which is asked once."""
        now = self._clock.now()
        with Transaction(self._db):
            self._db.execute("delete from question where asked_at < ?", ((now - _KEPT).isoformat(),))
            self._db.execute(
                "insert into question (order_id, text, asked_at) values (?, ?, ?) on conflict (order_id) do nothing",
                (order_id, text, now.isoformat()),
            )
        return self._read("where order_id = ?", order_id)[0]

    def answer(self, order_id: str, *, is_granted: bool) -> bool:
        """Whether the question was open; the first answer counts."""
        with Transaction(self._db):
            changed = self._db.execute(
                "update question set answer = ?, answered_at = ? where order_id = ? and answer is null",
                (int(is_granted), self._clock.now().isoformat(), order_id),
            )
        return changed.rowcount > 0

    def open(self) -> list[Question]:
        """Those without answer, oldest first."""
        return self._read("where answer is null order by asked_at")

    def _read(self, where: str, *values: str) -> list[Question]:
        rows = self._db.execute(
            f"select order_id, text, asked_at, answer, answered_at from question {where}",  # noqa: S608  our own words
            values,
        ).fetchall()
        return [_read_row(*row) for row in rows]


def _read_row(order_id: str, text: str, asked_at: str, answer: int | None, answered_at: str | None) -> Question:
    return Question(
        order_id, text, datetime.fromisoformat(asked_at), None if answer is None else bool(answer),
        datetime.fromisoformat(answered_at) if answered_at else None,
    )  # fmt: skip
