"""Campaign documents: drafted ring by ring, read before they are signed, signed by several."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from canopee.approval import approve, campaign_in, check_approver, ringed
from canopee.cli import main
from canopee.errors import UsageError
from canopee_contract.campaign import Campaign, Rollout, are_in_order
from canopee_contract.key_life import KeyHolder, KeyLife, RoleLife
from canopee_contract.people import PublishedPipeline
from canopee_contract.pipeline import PipelineRef
from canopee_kit.clock import FakeClock, SystemClock
from canopee_trust.dsse import read_envelope
from canopee_trust.ed25519 import PrivateKey

PIPELINE = PublishedPipeline(
    id="repair@1", title="Repair", kind="action", approval="required", state="published",
    ref=PipelineRef("pipelines/action/repair.1.json", "repair", 1, "0" * 64, 10), published_at=SystemClock().now(),
)  # fmt: skip
ROLLOUT = Rollout(advance_after_s=7_200)


def _draft(shares: list[int], *, expires_in_s: int = 86_400) -> Campaign:
    clock = FakeClock(SystemClock().now())
    whole = approve(PIPELINE, {"all": []}, clock, parameters={}, expires_in_s=expires_in_s)
    return ringed(whole, shares, pilots=("a",), rollout=ROLLOUT, reason="because")


def test_each_ring_may_open_no_sooner_than_its_turn_even_on_a_stolen_server() -> None:
    campaign = _draft([100, 1_000, 10_000])
    assert are_in_order(campaign.rings)
    assert [ring.up_to_bp for ring in campaign.rings] == [100, 1_000, 10_000]
    assert [ring.not_before - campaign.not_before for ring in campaign.rings] == [
        timedelta(0), timedelta(hours=2), timedelta(hours=4)
    ]  # fmt: skip
    assert (campaign.pilots, campaign.rollout, campaign.reason) == (("a",), ROLLOUT, "because")


@pytest.mark.parametrize("shares", [[1_000, 100], [100, 100], [0, 100]])
def test_shares_that_do_not_rise_are_a_usage_error(shares: list[int]) -> None:
    with pytest.raises(UsageError, match="shares that rise"):
        _draft(shares)


def test_a_campaign_that_is_over_before_its_last_ring_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="over before its last ring"):
        _draft([100, 1_000, 10_000], expires_in_s=14_000)


@pytest.mark.parametrize(
    "wrong",
    [{"max_failed_pct": 101}, {"min_answered_pct": -1}, {"max_silent_pct": 1_000}, {"orders_per_min": 0},
     {"min_runs": -1}, {"silent_after_s": 401 * 86_400}],
)  # fmt: skip
def test_a_limit_that_the_api_would_refuse_is_a_usage_error_before_anybody_signs(wrong: dict[str, int]) -> None:
    whole = approve(PIPELINE, {"all": []}, FakeClock(), parameters={}, expires_in_s=86_400)
    with pytest.raises(UsageError, match="--…-pct are 0 to 100"):
        ringed(whole, [10_000], pilots=(), rollout=msgspec.structs.replace(ROLLOUT, **wrong), reason="r")


def test_what_is_signed_is_shown_whole_and_a_second_approver_adds_to_the_same_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, document = str(tmp_path / "keys"), tmp_path / "repair.json"
    assert main(["keys", "dev-init", "--out", keys]) == 0
    document.write_bytes(msgspec.json.encode(_draft([100, 10_000])))
    capsys.readouterr()
    assert main(["campaign", "approve", str(document), "--keys", keys, "--home", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    for part in ("repair", "because", "up_to_bp", "max targets", "rollout"):
        assert part in said
    signed = tmp_path / "repair.signed.json"
    assert (
        main(
            [
                "campaign",
                "approve",
                str(signed),
                "--keys",
                keys,
                "--approver",
                "approver-2",
                "--json",
                "--home",
                str(tmp_path),
            ]
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["reason"] == "because"
    assert len(read_envelope(signed.read_bytes()).signatures) == 2
    assert campaign_in(signed.read_bytes(), signed) == campaign_in(document.read_bytes(), document)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys", "repair.json", "repair.signed.json"]


def test_a_document_that_nobody_signed_is_not_started_and_the_message_says_how_to_sign_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "repair.json"
    document.write_bytes(msgspec.json.encode(_draft([10_000])))
    assert main(["campaign", "start", str(document)]) == 2
    assert f"canopee campaign approve {document}" in capsys.readouterr().err
    document.write_text('{"payloadType": "x"')
    assert main(["campaign", "approve", str(document), "--keys", str(tmp_path)]) == 2
    assert str(document) in capsys.readouterr().err


def test_a_signature_that_nobody_would_count_is_not_made() -> None:
    author, approver, stranger = (PrivateKey.generate().public for _ in range(3))
    approvers = [KeyHolder(author.keyid, "ann"), KeyHolder(approver.keyid, "bea")]
    life = KeyLife(
        "ok",
        [
            RoleLife("approver", [author.keyid, approver.keyid], 1, "ok", holders=approvers),
            RoleLife("action", [author.keyid], 1, "ok", holders=[KeyHolder(author.keyid, has_signed=True)]),
        ],
    )
    check_approver(life, _draft([10_000]), approver)
    with pytest.raises(UsageError, match="an author does not approve"):
        check_approver(life, _draft([10_000]), author)
    with pytest.raises(UsageError, match=r"no approver's; approvers are ann .*bea"):
        check_approver(life, _draft([10_000]), stranger)
