"""The runner with steps that misbehave: they hang, flood, exit, and answer what no message carries."""

import itertools
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canopee_agent.engine.authorise import Authorised
from canopee_agent.engine.journal import Journal
from canopee_agent.engine.outbox import Outbox
from canopee_agent.engine.policy import LocalPolicy
from canopee_agent.engine.run import Kept, Outcome
from canopee_agent.engine.runner import Runner
from canopee_agent.engine.spool import MAX_RECORD_BYTES, Spool
from canopee_agent.errors import BusyError, MissingError, NotSupportedError, TimedOutError
from canopee_agent.fakes import FakeMachine
from canopee_agent.ports import Machine
from canopee_agent.step import Ceiling, NamedOutputs, StepKind
from canopee_contract.codec import encode, inspect
from canopee_contract.condition import Scalar
from canopee_contract.order import Order
from canopee_contract.pipeline import Limits, Pipeline, PipelineRef, Retry, Step
from canopee_kit.clock import FakeClock
from canopee_kit.ids import new_id

NOW = FakeClock().now()


class ProbeParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: Any = None


class ProbeRecord(msgspec.Struct, frozen=True):
    text: str


class ProbeOutputs(NamedOutputs, frozen=True):
    pass


Work = Callable[[Machine, Any, Ceiling], Generator[msgspec.Struct, None, Any]]


def _kind(work: Work) -> type[StepKind[msgspec.Struct]]:
    class Probe(StepKind[msgspec.Struct]):
        Parameters = ProbeParameters
        Record = ProbeRecord
        Outputs = ProbeOutputs
        effect = "action"

        def run(
            self, machine: Machine, parameters: msgspec.Struct, ceiling: Ceiling
        ) -> Generator[msgspec.Struct, None, Any]:
            return work(machine, parameters, ceiling)

    return Probe


class Bench:
    """A runner on an in-memory machine; `add` gives it a step kind, `run` runs steps of them."""

    def __init__(self, folder: Path) -> None:
        self.machine = FakeMachine("windows")
        self.journal = Journal(folder / "journal.db", self.machine.clock)
        self.spool = Spool(folder / "spool.db", self.machine.clock)
        self.kinds: dict[str, type[StepKind[msgspec.Struct]]] = {}
        self.seen: list[Any] = []
        self.outbox = Outbox(folder / "outbox", self.machine.clock)
        self.order_id = ""

    def add(self, name: str, *texts: str, raises: BaseException | None = None, **outputs: Scalar) -> None:
        """A kind that yields these texts, then raises or returns these outputs."""

        def work(_: Machine, parameters: ProbeParameters, __: Ceiling) -> Generator[msgspec.Struct, None, Any]:
            self.seen.append(parameters.value)
            for text in texts:
                yield ProbeRecord(text)
            if raises is not None:
                raise raises
            return NamedOutputs(dict(outputs))

        self.kinds[name] = _kind(work)

    def run(
        self, *steps: Step, limits: Limits | None = None, policy: LocalPolicy | None = None, **parameters: Scalar
    ) -> Outcome:
        self.order_id = new_id(NOW)
        pipeline = Pipeline(
            spec=1, name="p", version=1, kind="action", title="t", steps=steps, limits=limits or Limits()
        )
        ref = PipelineRef("pipelines/action/p.1.json", "p", 1, "0" * 64, 1)
        order = Order(1, self.order_id, "d", 1, 1, 1, NOW, NOW, NOW, ref, {}, None)
        runner = Runner(
            self.machine, self.kinds, policy or LocalPolicy(), Kept(self.journal, self.spool, self.outbox)
        )
        return runner.run(Authorised(order, pipeline, parameters, holds=True), {"os.family": "windows"})

    def bodies(self) -> list[str]:
        """What waits in the spool, in its order, as a server would read it."""
        batch = self.spool.batch()
        if batch is None:
            return []
        inspect(encode(batch))
        return [msgspec.json.decode(record.body)["text"] for record in batch.records]


@pytest.fixture
def bench(tmp_path: Path) -> Generator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.journal.close()
    bench.spool.close()
    bench.outbox.close()


def _states(outcome: Outcome) -> list[str]:
    return [step.state for step in outcome.steps]


def test_a_temporary_failure_is_tried_again_with_a_doubled_delay_and_only_the_last_records_count(
    bench: Bench,
) -> None:
    tries = itertools.count(1)

    def work(*_: object) -> Generator[msgspec.Struct, None, Any]:
        number = next(tries)
        yield ProbeRecord(f"try {number}")
        if number < 4:
            raise BusyError("locked")
        return NamedOutputs({"tries": number})

    bench.kinds["flaky"] = _kind(work)
    outcome = bench.run(Step("s", "flaky", retry=Retry(10, 2.0)))
    assert (outcome.state, outcome.steps[0].attempts, outcome.steps[0].outputs) == ("done", 4, {"tries": 4})
    assert bench.machine.clock.slept == [2.0, 4.0, 8.0]
    assert bench.bodies() == ["try 4"]


def test_after_its_last_attempt_a_temporary_failure_is_a_failure_with_its_own_code(bench: Bench) -> None:
    bench.add("busy", "seen", raises=BusyError("locked by Cabinet.exe"))
    outcome = bench.run(Step("s", "busy", retry=Retry(3, 1.0)))
    assert (outcome.state, outcome.code, outcome.detail) == ("failed", "step.busy", "s: locked by Cabinet.exe")
    assert (outcome.steps[0].attempts, bench.bodies()) == (3, ["seen"])


@pytest.mark.parametrize(
    "error", [MissingError("no"), ValueError("no"), TimedOutError("no"), NotSupportedError("no")]
)
def test_what_will_fail_again_is_not_tried_again(bench: Bench, error: Exception) -> None:
    bench.add("bad", raises=error)
    assert bench.run(Step("s", "bad", retry=Retry(5, 1.0))).steps[0].attempts == 1
    assert bench.machine.clock.slept == []


def test_a_retry_that_would_come_after_the_deadline_is_not_waited_for(bench: Bench) -> None:
    bench.add("busy", raises=BusyError("x"))
    outcome = bench.run(Step("s", "busy", retry=Retry(10, 10.0)), limits=Limits(deadline_s=60))
    assert bench.machine.clock.slept == [10.0, 20.0]
    assert (outcome.state, outcome.steps[0].attempts) == ("failed", 3)


def test_once_the_deadline_has_passed_no_step_begins_and_each_says_why(bench: Bench) -> None:
    def slow(machine: Any, *_: object) -> Generator[msgspec.Struct, None, Any]:  # noqa: ANN401
        machine.clock.advance(100)
        yield ProbeRecord("slow")

    bench.kinds["slow"] = _kind(slow)
    bench.add("next", "never")
    steps = (Step("a", "slow"), Step("b", "next", on_error="continue"), Step("c", "next", on_error="continue"))
    outcome = bench.run(*steps, limits=Limits(deadline_s=50))
    assert _states(outcome) == ["done", "timed_out", "timed_out"]
    assert "deadline of the whole run" in outcome.steps[2].detail
    assert bench.bodies() == ["slow"]


def test_a_step_is_told_what_is_left_of_its_time_and_of_the_whole_run(bench: Bench) -> None:
    told: list[float] = []

    def work(machine: Any, _: object, ceiling: Ceiling) -> Generator[msgspec.Struct, None, Any]:  # noqa: ANN401
        told.append(ceiling.timeout_s)
        machine.clock.advance(30)
        yield ProbeRecord("x")

    bench.kinds["timed"] = _kind(work)
    bench.run(*(Step(name, "timed", timeout_s=40) for name in "abc"), limits=Limits(deadline_s=80))
    assert told == [40, 40, 20]


def test_a_step_that_hangs_is_left_behind_and_what_it_does_later_counts_for_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canopee_agent.engine.run._GRACE_S", 0.0)
    released, ended = threading.Event(), threading.Event()

    def hang(*_: object) -> Generator[msgspec.Struct, None, Any]:
        yield ProbeRecord("before")
        released.wait(30)
        yield ProbeRecord("after")
        ended.set()
        return NamedOutputs({"late": True})

    bench.kinds["hang"] = _kind(hang)
    bench.add("next", "next")
    outcome = bench.run(Step("h", "hang", timeout_s=0.02, on_error="continue"), Step("n", "next"))
    released.set()
    assert ended.wait(30)
    assert _states(outcome) == ["timed_out", "done"]
    assert outcome.steps[0].outputs == {}
    assert bench.bodies() == ["next"]


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), GeneratorExit()])
def test_a_step_that_ends_its_own_thread_has_not_succeeded(bench: Bench, error: BaseException) -> None:
    bench.add("exits", raises=error)
    outcome = bench.run(Step("s", "exits"))
    assert (outcome.state, outcome.code) == ("failed", "step.failed")
    assert type(error).__name__ in outcome.detail


def test_what_a_step_did_not_foresee_is_told_by_its_place_and_never_by_its_text(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.add("broken", raises=ValueError("invalid literal: '1 85 05 78 006 084 91'"))
    outcome = bench.run(Step("s", "broken"))
    assert outcome.detail.startswith("s: ValueError at ")
    assert ".py:" in outcome.detail
    assert "85 05" not in outcome.detail + caplog.text
    assert outcome.detail.removeprefix("s: ") in caplog.text


@pytest.mark.parametrize(
    "error", [RecursionError("deep"), MemoryError(), AssertionError(), KeyError("k"), StopAsyncIteration()]
)
def test_an_exception_that_no_kind_declares_fails_its_step_and_not_the_agent(
    bench: Bench, error: Exception
) -> None:
    bench.add("broken", raises=error)
    bench.add("next", "next")
    outcome = bench.run(Step("s", "broken", on_error="continue"), Step("n", "next"))
    assert _states(outcome) == ["failed", "done"]
    assert outcome.steps[0].detail.startswith(type(error).__name__)


@pytest.mark.parametrize("text", ["nul \0", "surrogate \udc80", "pair \ud83d"])
def test_a_record_that_no_server_takes_fails_its_step_and_never_reaches_the_spool(bench: Bench, text: str) -> None:
    """One such record in a batch would be refused with all the others, at every check-in, for ever."""
    bench.add("poison", "good", text, "never")
    assert bench.run(Step("s", "poison")).state == "failed"
    assert bench.bodies() == ["good"]


@pytest.mark.parametrize("value", ["\0", "\ud800"])
def test_outputs_that_no_server_takes_fail_their_step_and_are_not_known_to_the_next(
    bench: Bench, value: str
) -> None:
    bench.add("poison", v=value)
    bench.add("next")
    outcome = bench.run(Step("s", "poison", on_error="continue"), Step("n", "next", {"value": {"$output": "s.v"}}))
    assert _states(outcome) == ["failed", "failed"]
    assert "there is no 's.v'" in outcome.steps[1].detail
    inspect(encode(outcome))


def test_what_an_error_says_is_cleaned_and_cut_before_it_leaves(bench: Bench) -> None:
    bench.add("bad", raises=MissingError("\x1b[2J\0" + "x" * 100_000))
    outcome = bench.run(Step("s", "bad"))
    inspect(encode(outcome))
    assert len(outcome.steps[0].detail) == 2_000
    assert "\x1b" not in outcome.detail


def test_records_are_counted_over_the_whole_run(bench: Bench) -> None:
    bench.add("two", "1", "2")
    steps = [Step(name, "two", on_error="continue") for name in "abc"]
    outcome = bench.run(*steps, limits=Limits(records=3))
    assert [(step.state, step.records) for step in outcome.steps] == [("done", 2), ("failed", 1), ("failed", 0)]
    assert "more records than the limits allow" in outcome.steps[1].detail


def test_a_record_larger_than_a_message_is_left_out_and_the_others_are_kept(bench: Bench) -> None:
    bench.add("large", "small", "x" * MAX_RECORD_BYTES, "after")
    outcome = bench.run(Step("s", "large"))
    assert (outcome.state, outcome.steps[0].records, bench.bodies()) == ("done", 2, ["small", "after"])


def test_outputs_are_counted_over_the_whole_run_so_that_a_report_fits_in_a_message(bench: Bench) -> None:
    bench.add("half", v="x" * 600)
    steps = [Step(name, "half", on_error="continue") for name in "abc"]
    outcome = bench.run(*steps, limits=Limits(output_bytes=1_000))
    assert _states(outcome) == ["done", "failed", "failed"]
    assert len(encode(outcome)) < 3_000


def test_a_run_that_may_leave_no_output_still_runs_steps_that_leave_none(bench: Bench) -> None:
    bench.add("quiet", "record")
    assert bench.run(Step("s", "quiet"), limits=Limits(output_bytes=0)).state == "done"


@pytest.mark.parametrize(
    ("policy", "limits"),
    [
        (LocalPolicy(max_records=1), Limits(records=5)), (LocalPolicy(max_records=5), Limits(records=1)),
    ],
)  # fmt: skip
def test_the_lower_of_policy_and_pipeline_is_the_limit(bench: Bench, policy: LocalPolicy, limits: Limits) -> None:
    bench.add("two", "1", "2")
    assert bench.run(Step("s", "two"), policy=policy, limits=limits).state == "failed"
    assert bench.bodies() == ["1"]


def test_the_deadline_of_the_local_policy_prevails(bench: Bench) -> None:
    bench.add("busy", raises=BusyError("x"))
    bench.run(
        Step("s", "busy", retry=Retry(10, 10.0)),
        limits=Limits(deadline_s=10_000),
        policy=LocalPolicy(max_deadline_s=15),
    )
    assert bench.machine.clock.slept == [10.0]


@pytest.mark.parametrize("value", ["text & more", "", 0, -1, 1.5, True, False, "{$param: other}"])
def test_a_parameter_and_an_output_reach_a_step_as_the_values_they_are(bench: Bench, value: Scalar) -> None:
    bench.add("one", v=value)
    bench.run(
        Step("a", "one", {"value": {"$param": "p"}}), Step("b", "one", {"value": {"$output": "a.v"}}), p=value
    )
    assert [(type(seen), seen) for seen in bench.seen] == [(type(value), value)] * 2


def test_references_are_replaced_at_any_depth_and_a_value_that_looks_like_one_is_left_alone(bench: Bench) -> None:
    bench.add("one")
    bench.run(Step("a", "one", {"value": [{"x": [{"$param": "p"}]}, {"$param": "p", "y": 1}]}), p=7)
    assert bench.seen == [[{"x": [7]}, {"$param": "p", "y": 1}]]


@pytest.mark.parametrize("reference", ["", "other", "steps.a.state", ["p"], {"p": 1}, None, 1])
def test_a_reference_to_nothing_fails_the_step_by_name_and_runs_nothing(bench: Bench, reference: object) -> None:
    bench.add("one")
    outcome = bench.run(Step("a", "one", {"value": {"$param": reference}}), p=7)
    assert (outcome.state, bench.seen) == ("failed", [])
    assert "among the params" in outcome.detail


def test_outputs_of_a_step_that_failed_or_was_skipped_are_not_known(bench: Bench) -> None:
    bench.add("unfit", raises=NotSupportedError("no registry"))
    bench.add("next")
    outcome = bench.run(
        Step("u", "unfit"),
        Step("n", "next", {"value": {"$output": "u.v"}}, on_error="continue"),
        Step("w", "next", when={"fact": "steps.u.state", "op": "eq", "value": "skipped"}),
        Step("x", "next", when={"fact": "steps.n.state", "op": "eq", "value": "done"}),
    )
    assert _states(outcome) == ["skipped", "failed", "done", "skipped"]
    assert outcome.state == "done"


def test_a_step_is_unknown_in_the_journal_from_before_it_begins_until_its_end_is_noted(bench: Bench) -> None:
    noted: list[list[tuple[str, str]]] = []

    def look() -> None:
        noted.append([(step.id, step.state) for step in bench.journal.steps(bench.order_id)])

    def work(*_: object) -> Generator[msgspec.Struct, None, Any]:
        look()
        yield ProbeRecord("x")

    bench.kinds["looks"] = _kind(work)
    bench.run(Step("a", "looks"), Step("b", "looks"))
    look()
    assert noted == [[("a", "unknown")], [("a", "done"), ("b", "unknown")], [("a", "done"), ("b", "done")]]


def test_records_of_a_step_are_on_disk_before_its_end_is_noted(bench: Bench) -> None:
    """Otherwise a cut between the two would lose records of a step that is said to be done."""
    end_step, waiting = bench.journal.end_step, list[int]()

    def end(order_id: str, step: Any, place: int) -> None:  # noqa: ANN401
        waiting.append(len(bench.bodies()))
        end_step(order_id, step, place)

    bench.journal.end_step = end
    bench.add("one", "x")
    bench.run(Step("a", "one"), Step("b", "one"))
    assert waiting == [1, 2]


BEHAVIOURS = st.sampled_from(["good", "bad", "unfit", "late", "never"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(BEHAVIOURS, st.booleans()), min_size=1, max_size=6))
def test_whatever_steps_do_a_run_ends_in_the_state_that_they_explain(
    bench: Bench, plan: list[tuple[str, bool]]
) -> None:
    bench.add("good", v=1)
    bench.add("bad", raises=MissingError("no"))
    bench.add("unfit", raises=NotSupportedError("no"))
    bench.add("late", raises=TimedOutError("no"))
    bench.add("never", raises=AssertionError("it ran"))
    steps = [
        Step(
            f"s{number}", use, on_error="continue" if goes_on else "stop",
            when={"any": []} if use == "never" else None,
        )
        for number, (use, goes_on) in enumerate(plan)
    ]  # fmt: skip
    outcome = bench.run(*steps)
    ends = {"good": "done", "bad": "failed", "unfit": "skipped", "late": "timed_out", "never": "skipped"}
    stop = next((n for n, (use, goes_on) in enumerate(plan) if use in {"bad", "late"} and not goes_on), None)
    reached = len(plan) if stop is None else stop + 1
    assert _states(outcome) == [ends[use] for use, _ in plan[:reached]] + ["skipped"] * (len(plan) - reached)
    assert all(step.code == "step.not_reached" and step.attempts == 0 for step in outcome.steps[reached:])
    if stop is not None:
        assert outcome.state == ends[plan[stop][0]]
    else:
        assert outcome.state == ("skipped" if all(ends[use] == "skipped" for use, _ in plan) else "done")


def test_a_run_leaves_no_thread_behind(bench: Bench) -> None:
    bench.add("good", "x")
    before = threading.active_count()
    for _ in range(5):
        bench.run(Step("a", "good"), Step("b", "good"))
    assert threading.active_count() <= before
