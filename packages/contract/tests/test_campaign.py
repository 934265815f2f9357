"""Places in the rings, the hash of facts, and the bytes that a device signs: what both ends must compute alike."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_contract.campaign import (
    WHOLE_FLEET_BP,
    Campaign,
    Ring,
    Rollout,
    are_in_order,
    is_sensible,
    ring_index,
    ring_of,
    ring_position,
)
from canopee_contract.codec import decode
from canopee_contract.enrolment import signed_bytes
from canopee_contract.errors import MalformedError
from canopee_contract.facts import facts_hash
from canopee_contract.order import DeliveredOrder
from canopee_contract.pipeline import PipelineRef, target_path

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
DEVICE = "01890a5d-ac96-774b-bcce-b302099a8057"


def _campaign(*rings: Ring) -> Campaign:
    ref = PipelineRef(target_path("collect", "p", 1), "p", 1, "0" * 64, 10)
    return Campaign(1, DEVICE, "c", ref, {}, {"all": []}, rings, NOW, NOW, 1, "why", "who")


def test_the_place_of_a_device_is_the_same_for_ever() -> None:
    assert ring_position(DEVICE) == 2906


@given(st.uuids())
def test_a_place_lies_in_the_fleet(device: object) -> None:
    assert 0 <= ring_position(str(device)) < WHOLE_FLEET_BP


def test_places_are_spread_evenly() -> None:
    tenths = [ring_position(f"device-{number}") // 1000 for number in range(10_000)]
    assert all(800 < tenths.count(tenth) < 1200 for tenth in range(10))


def test_a_device_belongs_to_the_first_ring_that_reaches_it() -> None:
    small, half, whole = Ring(1, NOW), Ring(5_000, NOW), Ring(WHOLE_FLEET_BP, NOW)
    assert ring_of(_campaign(small, half, whole), DEVICE) is half
    assert ring_of(_campaign(Ring(2_906, NOW), whole), DEVICE) is whole
    assert ring_of(_campaign(Ring(2_907, NOW)), DEVICE) == Ring(2_907, NOW)


@pytest.mark.parametrize(
    ("bounds", "is_so"),
    [
        ((1,), True), ((100, 10_000), True), ((), False), ((0,), False), ((-1, 5), False), ((10_001,), False),
        ((5, 5), False), ((10_000, 100), False),
    ],
)  # fmt: skip
def test_rings_rise_and_stay_within_the_fleet(bounds: tuple[int, ...], *, is_so: bool) -> None:
    assert are_in_order(tuple(Ring(bound, NOW) for bound in bounds)) is is_so


def test_a_pilot_belongs_to_the_first_ring_wherever_its_place_is() -> None:
    later = Ring(WHOLE_FLEET_BP, NOW)
    campaign = msgspec.structs.replace(_campaign(Ring(1, NOW), later), pilots=(DEVICE,))
    assert ring_of(campaign, DEVICE) == Ring(1, NOW)
    assert ring_of(campaign, "another device") is later
    assert ring_index((), {DEVICE}, DEVICE) is None, "without rings, nobody is reached"


@pytest.mark.parametrize(
    ("changes", "is_so"),
    [
        ({}, True),
        ({"max_failed_pct": 0, "max_silent_pct": 100, "min_runs": 0, "advance_after_s": 0}, True),
        ({"max_failed_pct": 101}, False),
        ({"max_silent_pct": -1}, False),
        ({"min_answered_pct": 1_000}, False),
        ({"min_runs": -1}, False),
        ({"advance_after_s": 400 * 86_400 + 1}, False),
        ({"silent_after_s": -1}, False),
    ],
)
def test_a_rollout_has_percentages_and_durations(changes: dict[str, int], *, is_so: bool) -> None:
    assert is_sensible(msgspec.convert(changes, Rollout)) is is_so


def test_a_campaign_without_pilots_and_rollout_is_read_as_before() -> None:
    content = msgspec.to_builtins(_campaign(Ring(1, NOW)))
    assert not {"pilots", "rollout", "windows"} & set(content)  # agents that do not know them take it
    assert decode(msgspec.json.encode(content), Campaign) == _campaign(Ring(1, NOW))


@pytest.mark.parametrize("field", ["not_before", "not_after"])
def test_a_campaign_whose_dates_have_no_zone_is_refused(field: str) -> None:
    document = msgspec.to_builtins(_campaign(Ring(1, NOW))) | {field: "2026-11-24T08:00:00"}
    with pytest.raises(MalformedError, match="timezone"):
        decode(msgspec.json.encode(document), Campaign)


@pytest.mark.parametrize("rings", [(), (Ring(1, NOW),)])
def test_a_campaign_may_not_reach_a_device(rings: tuple[Ring, ...]) -> None:
    assert ring_of(_campaign(*rings), DEVICE) is None


def test_the_hash_of_facts_is_that_of_their_content() -> None:
    assert facts_hash({"os.family": "windows", "os.build": 19045}) == "b5fe5a9ac85abaaf"
    assert facts_hash({"os.build": 19045, "os.family": "windows"}) == "b5fe5a9ac85abaaf"
    assert facts_hash({"os.build": 19046, "os.family": "windows"}) != "b5fe5a9ac85abaaf"


def test_a_signature_is_bound_to_its_path() -> None:
    assert signed_bytes("/agent/v1/enrol", b"{}") == b"canopee-v1\n/agent/v1/enrol\n{}"
    assert signed_bytes("/agent/v1/enrol", b"{}") != signed_bytes("/agent/v1/renew", b"{}")


@pytest.mark.parametrize("raw", [b'{"order":{"a":1}}', b'{"order":{"a":1},"campaign":null}'])
def test_an_order_without_campaign_document_says_so(raw: bytes) -> None:
    delivered = decode(raw, DeliveredOrder)
    assert (bytes(delivered.order), delivered.document) == (b'{"a":1}', None)


def test_a_campaign_document_travels_as_its_exact_bytes() -> None:
    document = b'{ "payload" : "e30=" }'
    delivered = decode(b'{"order":{},"campaign":' + document + b"}", DeliveredOrder)
    assert delivered.document == document
    assert msgspec.json.decode(msgspec.json.encode(delivered)) == {"order": {}, "campaign": {"payload": "e30="}}
