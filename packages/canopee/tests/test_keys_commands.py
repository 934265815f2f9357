"""`canopee keys`: what it says, and with which exit code."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from canopee.cli import main
from canopee_contract.key_life import KeyLife, KeyState, RoleLife

WHEN = datetime(2027, 1, 1, tzinfo=UTC)


def _life(state: KeyState) -> KeyLife:
    return KeyLife(state, [RoleLife("root", ["0123456789abcdef"], 2, state, 3, WHEN, 12.5)])


def test_the_state_of_keys_is_a_table_or_json(answers: dict[str, object], run: Callable[..., str]) -> None:
    answers["/v1/trust/keys"] = _life("critical")
    table = run("keys", "status")
    assert "critical" in table
    assert "0123456789abcdef" in table
    assert json.loads(run("keys", "status", "--json"))["roles"][0]["days_left"] == 12.5


def test_expired_keys_are_exit_code_one(answers: dict[str, object], tmp_path: Path) -> None:
    answers["/v1/trust/keys"] = _life("expired")
    assert main(["keys", "status", "--home", str(tmp_path)]) == 1
