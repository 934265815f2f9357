"""Documents that recur: which occurrences a PC runs, when, and how often."""

import hashlib
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest

from canopee_agent.fakes import FakeMachine, FakeProgram
from canopee_agent.service.agent import Agent
from canopee_agent.testing import DEVICE, FakeServer
from canopee_contract.order import CampaignRef
from canopee_contract.pipeline import PipelineRef, Step
from canopee_contract.recurrence import Recurrence, delay
from canopee_trust.dsse import payload_of, read_envelope

REPAIR = r"C:\Program Files\Cabinet\repair.exe"
EVERY_DAY = Recurrence("0 10 * * *")
TODAY, TOMORROW = "2026-11-24T10:00", "2026-11-25T10:00"


class _Pc:
    """It is Tuesday 24 November 2026, nine o'clock on the wall."""

    def __init__(self, folder: Path, recurrence: Recurrence | None = EVERY_DAY) -> None:
        self.machine = FakeMachine("windows")
        self.machine.programs.install(REPAIR, FakeProgram())
        self.server = FakeServer(self.machine, folder)
        step = Step("repair", "run_program", {"argv": [REPAIR]})
        self.ref: PipelineRef = self.server.publish(step, kind="action")
        self.document = self.sign(recurrence)
        self.agent: Agent = self.server.agent()

    def sign(self, recurrence: Recurrence | None) -> bytes:
        return self.server.sign(self.server.campaign(self.ref, recurrence=recurrence))

    def order(self, occurrence: str, document: bytes | None = None) -> str:
        self.server.orders.clear()
        self.server.now = self.machine.clock.now()
        document = document or self.document
        sha256 = hashlib.sha256(payload_of(read_envelope(document))).hexdigest()
        return self.server.order(
            self.ref, document=document, campaign=CampaignRef(sha256, 1, occurrence),
            expires_at=self.server.now + timedelta(days=6),
        )  # fmt: skip

    def later(self, hours: float) -> None:
        self.machine.clock.advance(hours * 3_600)

    def said(self, order_id: str) -> str:
        """State and code after one more round; empty while it is held."""
        self.agent.round()
        report = self.server.reports.get(order_id)
        return f"{report.state} {report.code}".strip() if report else ""


@pytest.fixture
def pc(tmp_path: Path) -> Generator[_Pc]:
    found = _Pc(tmp_path)
    yield found
    found.agent.close()


def test_each_occurrence_runs_once_when_it_has_come(pc: _Pc) -> None:
    first = pc.order(TODAY)
    assert (pc.said(first), pc.machine.programs.runs) == ("", [])
    pc.later(1)
    assert pc.said(first) == "done"
    assert pc.said(pc.order(TODAY)) == "failed refused.repeated"
    pc.later(24)
    assert pc.said(pc.order(TOMORROW)) == "done"
    assert len(pc.machine.programs.runs) == 2


def test_an_order_of_no_occurrence_or_of_none_named_is_refused(pc: _Pc) -> None:
    pc.later(2)
    for named in (
        "",
        "2026-11-24T11:00",
        "2026-11-24T10:00:00",
        "2026-11-24T10:01",
        "yesterday",
        "2026-11-23T10:00",
    ):
        assert pc.said(pc.order(named)) == "failed refused.occurrence", named
    assert pc.machine.programs.runs == []


def test_a_document_that_does_not_recur_has_no_occurrences(tmp_path: Path) -> None:
    pc = _Pc(tmp_path, None)
    pc.later(2)
    assert pc.said(pc.order(TODAY)) == "failed refused.occurrence"
    assert pc.said(pc.order("")) == "done"
    pc.agent.close()


def test_of_the_occurrences_that_were_missed_only_the_newest_runs(pc: _Pc) -> None:
    pc.later(3 * 24 + 2)
    for day in (24, 25, 26):
        assert pc.said(pc.order(f"2026-11-{day}T10:00")) == "failed refused.occurrence"
    assert pc.said(pc.order("2026-11-27T10:00")) == "done"


def test_an_occurrence_that_was_held_until_the_next_one_came_is_not_run(pc: _Pc) -> None:
    held = pc.order(TODAY)
    assert pc.said(held) == ""
    pc.server.orders.clear()
    pc.later(26)
    assert pc.said(held) == "failed refused.occurrence"


def test_a_pc_begins_at_its_own_place_within_the_jitter(pc: _Pc) -> None:
    recurrence = Recurrence("0 10 * * *", 3_600)
    late_s = delay(recurrence, DEVICE, TODAY).total_seconds()
    assert 120 < late_s < 3_480
    order_id = pc.order(TODAY, pc.sign(recurrence))
    pc.later(1 + (late_s - 60) / 3_600)
    assert pc.said(order_id) == ""
    pc.later(2 / 60)
    assert pc.said(order_id) == "done"


def test_what_ran_is_remembered_when_the_journal_is_lost(pc: _Pc) -> None:
    pc.later(2)
    assert pc.said(pc.order(TODAY)) == "done"
    pc.agent.close()
    (pc.server.folder / "state" / "journal.db").unlink()
    pc.agent = pc.server.agent()
    assert pc.said(pc.order(TODAY)) == "failed refused.repeated"


def test_an_expression_that_nobody_can_read_is_refused(pc: _Pc) -> None:
    pc.later(2)
    for every in ("*/5 * * * *", "0 10 1 * 1", "daily"):
        assert pc.said(pc.order(TODAY, pc.sign(Recurrence(every)))) == "failed refused.campaign"
