"""When a ring opens, and when a campaign halts: the decision alone."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_api.campaigns.rollout import decide
from canopee_api.campaigns.signals import Measured
from canopee_api.postgres.rings import Standing
from canopee_api.postgres.signals import Counted
from canopee_contract.campaign import Rollout
from canopee_contract.signal import Signal

ROLLOUT = Rollout(
    advance_after_s=600,
    min_answered_pct=80,
    max_failed_pct=5,
    max_silent_pct=30,
    silent_after_s=7_200,
    min_runs=10,
)
LONG = timedelta(days=1)
WELL = Standing(total=100, waiting=0, ended=100, judged=100, bad=0, delivered=100, silent=0)


def _standing(**changes: int) -> Standing:
    values = {name: getattr(WELL, name) for name in WELL.__struct_fields__}
    return Standing(**(values | changes))


def test_a_ring_that_went_well_and_lasted_long_enough_opens_the_next() -> None:
    assert decide(ROLLOUT, WELL, timedelta(seconds=600)).move == "advance"
    early = decide(ROLLOUT, WELL, timedelta(seconds=480))
    assert (early.move, early.reason) == ("wait", "the ring has been open for 8 min: 2 min to go")


@pytest.mark.parametrize(("bad", "move"), [(5, "advance"), (6, "halt"), (100, "halt")])
def test_more_failures_than_allowed_halt_and_as_many_do_not(bad: int, move: str) -> None:
    assert decide(ROLLOUT, _standing(bad=bad), LONG).move == move


def test_a_halt_says_how_many_failed_and_what_was_allowed() -> None:
    decision = decide(ROLLOUT, _standing(judged=80, ended=80, bad=8), timedelta(0))
    assert decision.reason == "8 of 80 runs failed (10.0 %): more than 5 %"


def test_a_few_failures_of_a_few_runs_halt_it_only_when_the_next_ring_would_open() -> None:
    few = _standing(total=9, ended=9, judged=9, bad=1)
    assert decide(ROLLOUT, few, timedelta(0)).move == "wait"
    assert decide(ROLLOUT, _standing(total=12, ended=9, judged=9, bad=1), LONG).move == "wait"
    decision = decide(ROLLOUT, few, LONG)
    assert (decision.move, decision.reason) == ("halt", "1 of 9 runs failed (11.1 %): more than 5 %")


def test_pcs_that_do_not_answer_halt_it_once_they_had_time_to() -> None:
    decision = decide(ROLLOUT, _standing(delivered=100, silent=31), timedelta(0))
    assert decision.move == "halt"
    assert decision.reason == "31 of 100 PCs have not answered within 2 h: more than 30 %"
    assert decide(ROLLOUT, _standing(delivered=100, silent=30), LONG).move == "advance"
    assert decide(ROLLOUT, _standing(delivered=9, silent=9, ended=100), LONG).move == "advance"


def test_too_few_answers_hold_the_next_ring_back() -> None:
    decision = decide(ROLLOUT, _standing(ended=79, judged=79), LONG)
    assert (decision.move, decision.reason) == ("wait", "79 of 100 PCs have answered, and 80 % are needed")


def test_pcs_whose_order_is_still_to_be_made_hold_the_next_ring_back() -> None:
    assert decide(ROLLOUT, _standing(waiting=1), LONG).reason == "1 PCs of the ring have no order yet"


def test_a_ring_without_any_pc_holds_nobody_up_but_for_its_time() -> None:
    empty = Standing(0, 0, 0, 0, 0, 0, 0)
    assert decide(ROLLOUT, empty, timedelta(seconds=599)).move == "wait"
    assert decide(ROLLOUT, empty, timedelta(seconds=600)).move == "advance"


@pytest.mark.parametrize(
    ("changes", "open_for", "code", "params"),
    [
        ({}, timedelta(seconds=480), "ring_time", {"open_s": 480, "left_s": 120}),
        ({"waiting": 3}, LONG, "ring_orders", {"n": 3}),
        ({"ended": 79, "judged": 79}, LONG, "answers", {"n": 79, "of": 100, "least_pct": 80}),
        ({"bad": 6}, timedelta(0), "failed", {"n": 6, "of": 100, "most_pct": 5}),
        ({"silent": 31}, LONG, "silent", {"n": 31, "of": 100, "within_s": 7_200, "most_pct": 30}),
    ],
)
def test_programs_are_told_the_same_as_people_without_reading_a_sentence(
    changes: dict[str, int], open_for: timedelta, code: str, params: dict[str, int]
) -> None:
    decision = decide(ROLLOUT, _standing(**changes), open_for)
    assert (decision.code, decision.params) == (code, params)


def test_failures_before_a_resume_are_not_judged_again() -> None:
    resumed = _standing(total=100, ended=100, judged=20, bad=0)
    assert decide(ROLLOUT, resumed, LONG).move == "advance"
    assert decide(ROLLOUT, _standing(judged=0, bad=0), LONG).move == "advance"


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 172_800))
def test_one_more_failure_never_brings_the_next_ring_nearer(
    judged: int, bad: int, ended: int, seconds: int
) -> None:
    bad, order = min(bad, judged), ["advance", "wait", "halt"]
    first = decide(ROLLOUT, _standing(judged=judged, bad=bad, ended=ended), timedelta(seconds=seconds))
    worse = decide(
        ROLLOUT, _standing(judged=judged, bad=min(bad + 1, judged), ended=ended), timedelta(seconds=seconds)
    )
    assert order.index(worse.move) >= order.index(first.move)


def _measured(
    ran: int, devices: int, records: int = 0, *, obstacle: str = "", max_pct: int | None = None,
    max_records: int | None = None,
) -> Measured:  # fmt: skip
    signal = Signal(name="down", dataset="crash", max_pct=max_pct, max_records=max_records)
    return Measured(signal, Counted(ran, devices, records), obstacle)


@pytest.mark.parametrize(("devices", "move"), [(4, "advance"), (5, "halt")])
def test_a_signal_on_more_pcs_than_allowed_halts_and_on_as_many_does_not(devices: int, move: str) -> None:
    decision = decide(ROLLOUT, WELL, LONG, [_measured(40, devices, max_pct=10)])
    assert decision.move == move
    if move == "halt":
        assert decision.reason == "signal “down”: 5 of 40 PCs that ran (12.5 %), more than 10 %"


def test_a_signal_on_a_few_pcs_halts_only_when_the_next_ring_would_open() -> None:
    few = [_measured(9, 1, max_pct=10)]
    assert decide(ROLLOUT, WELL, timedelta(0), few).move == "wait"
    assert decide(ROLLOUT, WELL, LONG, few).move == "halt"
    assert decide(ROLLOUT, WELL, LONG, [_measured(0, 0, max_pct=0)]).move == "advance"


def test_records_halt_by_their_number_however_few_pcs_have_run() -> None:
    assert decide(ROLLOUT, WELL, LONG, [_measured(1, 1, 20, max_records=20)]).move == "advance"
    decision = decide(ROLLOUT, WELL, timedelta(0), [_measured(2, 1, 21, max_records=20)])
    assert (decision.move, decision.reason) == ("halt", "signal “down”: 21 records of 1 PCs, more than 20")


def test_a_signal_that_cannot_be_judged_opens_no_ring_and_halts_nothing() -> None:
    decision = decide(ROLLOUT, WELL, LONG, [_measured(0, 0, max_pct=0, obstacle="too slow")])
    assert (decision.move, decision.reason) == ("wait", "signal “down” cannot be judged: too slow")
