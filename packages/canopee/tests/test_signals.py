"""What people write after `--halt-if`."""

from pathlib import Path

import pytest

from canopee.errors import UsageError
from canopee.signals import signal
from canopee_contract.signal import Signal

CONDITION = '{"fact": "spooler", "op": "eq", "value": "stopped"}'
READ = {"fact": "spooler", "op": "eq", "value": "stopped"}


def test_a_signal_is_written_in_one_argument_or_in_a_file(tmp_path: Path) -> None:
    assert signal(f"5% {CONDITION}") == Signal(condition=READ, max_pct=5)
    assert signal("0 % dataset:crash") == Signal(dataset="crash", max_pct=0)
    assert signal("100 dataset:crash") == Signal(dataset="crash", max_records=100)
    condition, whole = tmp_path / "down.yaml", tmp_path / "signal.yaml"
    condition.write_text("{fact: spooler, op: eq, value: stopped}")
    whole.write_text("name: down\nmax_pct: 2\ncondition: {fact: spooler, op: eq, value: stopped}\n")
    assert signal(f"5% {condition}") == Signal(condition=READ, max_pct=5)
    assert signal(str(whole)) == Signal(name="down", condition=READ, max_pct=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("spooler stopped", "write '5% CONDITION'"),
        (f"5 {CONDITION}", "a condition has a share"),
        (f"100% {CONDITION}", "max_pct is 0 to 99"),
        ('5% {"fact": "spooler"}', "condition: "),
        ("5% nowhere.yaml", "nowhere.yaml"),
        ("5% dataset:", "exactly one of condition and dataset"),
    ],
)
def test_what_is_no_signal_is_a_usage_error_that_says_what_to_write(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        signal(text)
    assert message in str(refused.value)
