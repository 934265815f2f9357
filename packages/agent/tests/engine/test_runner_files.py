"""What steps make for the server: it waits once they have ended well, within the budget, or is gone."""

import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee_agent.engine.authorise import Authorised
from canopee_agent.engine.journal import Journal
from canopee_agent.engine.outbox import Outbox
from canopee_agent.engine.policy import LocalPolicy
from canopee_agent.engine.run import Kept, Outcome
from canopee_agent.engine.runner import Runner
from canopee_agent.engine.spool import Spool
from canopee_agent.errors import BusyError, MissingError, NotSupportedError
from canopee_agent.fakes import FakeMachine
from canopee_agent.ports import Machine
from canopee_agent.step import Ceiling, NamedOutputs, StepKind
from canopee_contract.order import Order
from canopee_contract.pipeline import Pipeline, PipelineRef, Retry, Step
from canopee_kit.clock import FakeClock
from canopee_kit.ids import new_id

NOW = FakeClock().now()


class Nothing(msgspec.Struct, frozen=True):
    pass


Work = Callable[[Machine], None]


def _kind(work: Work) -> type[StepKind[msgspec.Struct]]:
    class Files(StepKind[msgspec.Struct]):
        Parameters = Nothing
        effect = "collect"

        def run(
            self, machine: Machine, parameters: msgspec.Struct, ceiling: Ceiling
        ) -> Generator[msgspec.Struct, None, Any]:
            _ = parameters, ceiling
            work(machine)
            yield from ()
            return NamedOutputs({})

    return Files


class Bench:
    """A runner whose one step kind, `logs`, does what a test says."""

    def __init__(self, folder: Path) -> None:
        self.machine = FakeMachine("windows")
        journal, spool = (
            Journal(folder / "journal.db", self.machine.clock),
            Spool(folder / "spool.db", self.machine.clock),
        )
        self.kept = Kept(journal, spool, Outbox(folder / "outbox", self.machine.clock))
        self.outbox = self.kept.outbox
        self.order_id = ""
        self.budget: int | None = None

    def run(self, work: Work, *steps: Step, policy: LocalPolicy | None = None) -> Outcome:
        self.order_id = new_id(NOW)
        pipeline = Pipeline(
            spec=1, name="p", version=1, kind="collect", title="t", steps=steps or (Step("all", "logs"),)
        )
        ref = PipelineRef("pipelines/collect/p.1.json", "p", 1, "0" * 64, 1)
        order = Order(
            1, self.order_id, "d", 1, 1, 1, NOW, NOW, NOW, ref, {}, None, upload_budget_bytes=self.budget
        )
        runner = Runner(self.machine, {"logs": _kind(work)}, policy or LocalPolicy(), self.kept)
        return runner.run(Authorised(order, pipeline, {}, holds=True), {})


@pytest.fixture
def bench(tmp_path: Path) -> Generator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for one in (bench.kept.journal, bench.kept.spool, bench.kept.outbox):
        one.close()


def _files(size: int, *, raises: BaseException | None = None, wait: threading.Event | None = None) -> Work:
    """A step that makes a file of `size` bytes for the server, then fails, or waits."""

    def work(machine: Machine) -> None:
        assert machine.outbox is not None
        with machine.outbox.create("logs.zip") as stream:
            stream.write(b"x" * size)
        if wait is not None:
            wait.wait(60)
            machine.outbox.create("late.zip")
        if raises is not None:
            raise raises

    return work


def _waiting(bench: Bench) -> tuple[str, int]:
    first = bench.outbox.first()
    return (f"{first.order_id == bench.order_id} {first.step}", bench.outbox.waiting_bytes) if first else ("", 0)


def test_what_a_step_makes_for_the_server_waits_once_it_has_ended_well(bench: Bench) -> None:
    work = _files(1_000)
    assert bench.run(work).state == "done"
    assert _waiting(bench) == ("True all", 1_000)


@pytest.mark.parametrize(
    "error", [MissingError("gone"), BusyError("held"), NotSupportedError("no"), ValueError("?")]
)
def test_nothing_of_a_step_that_does_not_end_well_is_sent(
    bench: Bench, tmp_path: Path, error: BaseException
) -> None:
    work = _files(1_000, raises=error)
    bench.run(work, Step("all", "logs", retry=Retry(attempts=2)))
    assert _waiting(bench) == ("", 0)
    assert list((tmp_path / "outbox").glob("*.bin")) == []


def test_nothing_of_a_step_that_was_left_behind_is_sent_whatever_it_still_does(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canopee_agent.engine.run._GRACE_S", 0.0)
    go_on = threading.Event()
    work = _files(1_000, wait=go_on)
    outcome = bench.run(work, Step("all", "logs", timeout_s=0.02))
    go_on.set()
    assert outcome.steps[0].state == "timed_out"
    assert _waiting(bench) == ("", 0)
    for thread in [one for one in threading.enumerate() if one.name == "step-all"]:
        thread.join(30)
    assert list((tmp_path / "outbox").glob("*.bin")) == []


@pytest.mark.parametrize(
    ("asked", "allowed", "fits"),
    [(1_000, 10**9, True), (999, 10**9, False), (None, 999, False), (10**9, 999, False), (0, 10**9, False)],
)
def test_the_order_and_the_local_policy_both_limit_what_leaves(
    bench: Bench,
    asked: int | None,
    allowed: int,
    fits: bool,  # noqa: FBT001  a case
) -> None:
    work = _files(1_000)
    bench.budget = asked
    outcome = bench.run(work, policy=LocalPolicy(max_upload_bytes=allowed))
    assert outcome.code == ("" if fits else "over_budget")
    assert _waiting(bench)[1] == (1_000 if fits else 0)
    assert fits or f"1000 bytes to send, and {min(asked or 0, allowed) if asked is not None else allowed} are" in (
        outcome.detail
    )


def test_the_steps_of_an_order_share_its_budget(bench: Bench) -> None:
    work = _files(600)
    bench.budget = 1_000
    outcome = bench.run(work, Step("one", "logs"), Step("two", "logs"))
    assert [step.state for step in outcome.steps] == ["done", "failed"]
    assert outcome.code == "over_budget"
    assert _waiting(bench) == ("True one", 600)
