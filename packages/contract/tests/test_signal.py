"""Signals of a rollout: what is refused, where, and how an older agent reads a rollout without any."""

import pytest

from canopee_contract.campaign import Rollout
from canopee_contract.codec import decode, encode
from canopee_contract.signal import MAX_SIGNALS, Signal, fault, said

DOWN = {"fact": "service.spooler", "op": "eq", "value": "stopped"}


@pytest.mark.parametrize(
    ("signal", "wrong"),
    [
        (Signal(max_pct=5), "exactly one of condition and dataset"),
        (Signal(condition=DOWN, dataset="crash", max_pct=5), "exactly one of condition and dataset"),
        (Signal(condition=DOWN), "exactly one of max_pct and max_records"),
        (Signal(dataset="crash", max_pct=5, max_records=5), "exactly one of max_pct and max_records"),
        (Signal(condition=DOWN, max_records=5), "a condition has max_pct"),
        (Signal(condition=DOWN, max_pct=100), "0 to 99"),
        (Signal(dataset="crash", max_records=-1), "max_records is 0 to"),
        (Signal(condition={"all": [{"fact": "x", "op": "almost", "value": 1}]}, max_pct=1), "$.all[0].op"),
    ],
)
def test_a_signal_that_could_not_be_judged_is_refused_with_its_place(signal: Signal, wrong: str) -> None:
    found = fault([Signal(dataset="fine", max_records=0), signal])
    assert found.startswith("$.rollout.signals[1]: ")
    assert wrong in found


def test_signals_that_can_be_judged_are_taken_and_not_too_many_of_them() -> None:
    good = [
        Signal(condition=DOWN, max_pct=0),
        Signal(dataset="crash", max_pct=99),
        Signal(dataset="x", max_records=0),
    ]
    assert fault(good) == fault([]) == ""
    assert "at most" in fault([good[0]] * (MAX_SIGNALS + 1))


def test_a_signal_is_called_by_its_name_or_by_what_it_tests_and_never_at_length() -> None:
    assert said(Signal(name="spooler", condition=DOWN)) == "spooler"
    assert said(Signal(condition=DOWN)) == 'service.spooler eq "stopped"'
    assert said(Signal(dataset="crash")) == "dataset crash"
    assert said(Signal(condition={"any": []})) == '{"any":[]}'
    assert len(said(Signal(condition={"all": [DOWN] * 100}))) < 300


def test_a_rollout_without_signals_is_written_as_older_agents_read_it_and_one_with_them_comes_back_whole() -> None:
    assert b"signals" not in encode(Rollout())
    held = Rollout(signals=(Signal(dataset="crash", max_records=3),))
    assert decode(encode(held), Rollout) == held
    assert b'"signals":[{"dataset":"crash","max_records":3}]' in encode(held)
