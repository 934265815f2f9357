"""Bounds inside signed texts, and instants: what would make a PC or SQL stumble is refused when it is read."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_contract.campaign import Campaign
from canopee_contract.checkin import CheckInReply
from canopee_contract.codec import decode, encode
from canopee_contract.enrolment import Enrol, Enrolled, Renew, Renewed
from canopee_contract.errors import MalformedError
from canopee_contract.order import Order
from canopee_contract.pipeline import Pipeline, target_path
from canopee_contract.records import Record
from canopee_contract.report import RunReport, StepReport

GOLDENS = Path(__file__).parents[1] / "goldens" / "v1"
STEP = {"id": "s", "use": "run_program"}
PIPELINE = {
    "type": "pipeline",
    "spec": 1,
    "name": "p",
    "version": 1,
    "kind": "collect",
    "title": "t",
    "steps": [STEP],
}


def _golden(kind: type) -> dict[str, Any]:
    return msgspec.json.decode((GOLDENS / f"{kind.__name__}.json").read_bytes())


def _refusal(document: dict[str, Any], kind: type) -> str:
    with pytest.raises(MalformedError) as refused:
        decode(encode(document), kind)
    assert refused.value.reason == "bad_shape"
    return refused.value.message


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"retry": {"attempts": 0}}, "attempts"), ({"retry": {"attempts": 11}}, "attempts"),
        ({"retry": {"delay_s": -1}}, "delay_s"), ({"retry": {"delay_s": 1e9}}, "delay_s"),
        ({"timeout_s": 0}, "timeout_s"), ({"timeout_s": -5}, "timeout_s"), ({"on_error": "retry"}, "on_error"),
        ({"when": []}, "when"), ({"with": None}, "with"), ({"shell": True}, "shell"), ({"with_": {}}, "with_"),
    ],
)  # fmt: skip
def test_a_step_out_of_bounds_is_refused_by_its_field(changes: dict[str, Any], place: str) -> None:
    assert place in _refusal({**PIPELINE, "steps": [{**STEP, **changes}]}, Pipeline)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"limits": {"deadline_s": 0}}, "deadline_s"), ({"limits": {"output_bytes": -1}}, "output_bytes"),
        ({"limits": {"records": -1}}, "records"), ({"version": 0}, "version"), ({"version": -1}, "version"),
        ({"spec": 2}, "spec"), ({"kind": "both"}, "kind"), ({"approval": "maybe"}, "approval"),
        ({"type": "campaign"}, "type"), ({"limits": {"cpu": 1}}, "cpu"),
    ],
)  # fmt: skip
def test_a_pipeline_out_of_bounds_is_refused_by_its_field(changes: dict[str, Any], place: str) -> None:
    assert place in _refusal({**PIPELINE, **changes}, Pipeline)


def test_what_lies_just_within_the_bounds_is_a_pipeline() -> None:
    step = {**STEP, "retry": {"attempts": 10, "delay_s": 0}, "timeout_s": 0.001}
    pipeline = decode(encode({**PIPELINE, "steps": [step], "limits": {"records": 0, "output_bytes": 0}}), Pipeline)
    assert (pipeline.steps[0].retry.attempts, pipeline.limits.records) == (10, 0)


def test_a_pipeline_is_written_as_short_as_it_was_read() -> None:
    assert msgspec.json.decode(encode(decode(encode(PIPELINE), Pipeline))) == PIPELINE


def test_the_path_of_a_pipeline_tells_what_it_holds() -> None:
    assert target_path("action", "repair", 12) == "pipelines/action/repair.12.json"


INSTANTS = [
    (kind, name)
    for kind in (Order, Campaign, Enrol, Enrolled, Renew, Renewed, Record, RunReport, StepReport, CheckInReply)
    for name, hint in get_type_hints(kind).items()
    if hint is datetime or datetime in getattr(hint, "__args__", ())
]


def test_the_list_of_instants_is_not_empty() -> None:
    assert len(INSTANTS) >= 15


@pytest.mark.parametrize(("kind", "name"), INSTANTS)
def test_every_instant_of_the_agents_protocol_must_carry_its_offset(kind: type, name: str) -> None:
    """A local time would raise when compared: an order that held one stopped the agent at every start."""
    assert name in _refusal({**_golden(kind), name: "2026-11-24T08:00:00"}, kind)
    decode(encode({**_golden(kind), name: "2026-11-24T09:00:00+01:00"}), kind)


def test_the_start_of_a_ring_must_carry_its_offset() -> None:
    document = _golden(Campaign)
    document["rings"] = [{"up_to_bp": 10_000, "not_before": "2026-11-24T08:00:00"}]
    assert "not_before" in _refusal(document, Campaign)


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1)),  # noqa: DTZ001  hypothesis takes naive bounds
    st.integers(-14 * 60, 14 * 60),
)
def test_the_same_instant_of_another_zone_is_equal_after_the_wire(naive: datetime, minutes: int) -> None:
    instant = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    document = {**_golden(Order), "expires_at": instant}
    order = decode(encode(document), Order)
    assert order.expires_at == instant
    assert order.expires_at.astimezone(UTC) == instant.astimezone(UTC)
