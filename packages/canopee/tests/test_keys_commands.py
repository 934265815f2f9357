"""`canopee keys`: what it says, and with which exit code."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from canopee.cli import main
from canopee_contract.codec import decode
from canopee_contract.key_life import KeyLife, KeyState, RoleLife
from canopee_contract.people import Publication, Published, TrustMetadata
from canopee_contract.trust_policy import TRUST_POLICY_PATH
from canopee_trust.keyfile import read_key

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


def test_a_rotated_key_is_published_and_put_in_place_of_the_old_one(
    answers: dict[str, object], run: Callable[..., str], sent: list[tuple[str, Any]], tmp_path: Path
) -> None:
    keys = tmp_path / "keys"

    assert main(["keys", "dev-init", "--out", str(keys)]) == 0
    first = decode((keys / "publication.json").read_bytes(), Publication)
    answers["/v1/trust"] = TrustMetadata(first.metadata, [1])
    answers["/v1/trust/policy"] = msgspec.Raw(base64.b64decode(first.targets[TRUST_POLICY_PATH]))
    answers["/v1/trust/publications"] = Published(2, {"collect": 2})
    old = read_key(keys / "offline" / "collect.key").key.public
    assert '"timestamp": 2' in run("keys", "rotate", "collect")
    assert sorted(sent[-1][1]["metadata"]) == ["collect", "targets"]
    assert read_key(keys / "offline" / "collect.key").key.public != old
    assert read_key(keys / "offline" / f"collect.{old.keyid}.retired.key").key.public == old
