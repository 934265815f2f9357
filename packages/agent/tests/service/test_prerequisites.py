"""Documents that come after others: what must have been done on the PC before."""

from collections.abc import Generator
from pathlib import Path

import pytest

from canopee_agent.fakes import FakeMachine, FakeProgram
from canopee_agent.service.agent import Agent
from canopee_agent.testing import FakeServer
from canopee_contract.campaign import Prerequisite
from canopee_contract.pipeline import Kind, PipelineRef, Step

PREPARE, REPAIR = r"C:\Program Files\Cabinet\prepare.exe", r"C:\Program Files\Cabinet\repair.exe"
FIRST = (Prerequisite("action", "prepare", 1),)


class _Pc:
    def __init__(self, folder: Path) -> None:
        self.machine = FakeMachine("windows")
        for program in (PREPARE, REPAIR):
            self.machine.programs.install(program, FakeProgram())
        self.server = FakeServer(self.machine, folder)
        self.prepare = self._publish("prepare", PREPARE)
        self.repair = self._publish("repair", REPAIR)
        self.agent: Agent = self.server.agent()

    def _publish(self, name: str, program: str) -> PipelineRef:
        step = Step("only", "run_program", {"argv": [program]})
        return self.server.publish(step, kind="action", name=name)

    def run(self, ref: PipelineRef, after: tuple[Prerequisite, ...] = ()) -> str:
        """How a new campaign of a pipeline ends here."""
        self.server.orders.clear()
        self.machine.clock.advance(1)
        self.server.now = self.machine.clock.now()
        document = self.server.sign(self.server.campaign(ref, after=after))
        order_id = self.server.order(ref, document=document)
        self.agent.round()
        report = self.server.reports[order_id]
        return f"{report.state} {report.code}".strip()


@pytest.fixture
def pc(tmp_path: Path) -> Generator[_Pc]:
    found = _Pc(tmp_path)
    yield found
    found.agent.close()


def test_it_is_refused_until_the_other_was_done_here(pc: _Pc) -> None:
    assert pc.run(pc.repair, FIRST) == "failed refused.prerequisite"
    assert pc.run(pc.prepare) == "done"
    assert pc.run(pc.repair, FIRST) == "done"


@pytest.mark.parametrize(
    ("kind", "name", "version"), [("action", "prepare", 2), ("collect", "prepare", 1), ("action", "other", 1)]
)
def test_a_version_that_is_too_old_another_kind_or_another_name_do_not_count(
    pc: _Pc, kind: Kind, name: str, version: int
) -> None:
    assert pc.run(pc.prepare) == "done"
    assert pc.run(pc.repair, (*FIRST, Prerequisite(kind, name, version))) == "failed refused.prerequisite"


def test_a_run_that_failed_does_not_count(pc: _Pc) -> None:
    pc.machine.programs.install(PREPARE, FakeProgram(exit_code=1))
    assert pc.run(pc.prepare).startswith("failed")
    assert pc.run(pc.repair, FIRST) == "failed refused.prerequisite"


def test_what_was_done_is_remembered_when_the_journal_is_lost(pc: _Pc) -> None:
    assert pc.run(pc.prepare) == "done"
    pc.agent.close()
    (pc.server.folder / "state" / "journal.db").unlink()
    pc.agent = pc.server.agent()
    assert pc.run(pc.repair, FIRST) == "done"
