import base64
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from canopee_contract.campaign import Campaign, Ring
from canopee_contract.order import Order
from canopee_contract.pipeline import PipelineRef
from canopee_contract.trust_policy import TrustedKey, TrustPolicy
from canopee_trust.documents import open_campaign, open_order, seal_campaign, seal_order
from canopee_trust.dsse import MAX_BYTES, MAX_SIGNATURES, add_signature, open_envelope, seal
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.errors import EnvelopeError

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ONE, TWO, STRANGER = (PrivateKey.generate() for _ in range(3))
KIND = "application/x"
ID = "01890a5d-ac96-774b-bcce-b302099a8057"
REF = PipelineRef("pipelines/collect/p.1.json", "p", 1, "0" * 64, 10)
POLICY = TrustPolicy(
    1, 1, (TrustedKey(ONE.public.keyid, ONE.public.base64, "director", lab=True),),
    (TrustedKey("", ONE.public.base64, "a"), TrustedKey("", TWO.public.base64, "b", lab=True)), 2, 1,
)  # fmt: skip
ORDER = Order(1, ID, ID, 1, 1, 1, NOW, NOW, NOW, REF, {}, None)
CAMPAIGN = Campaign(
    1, ID, "c", REF, {}, {"all": []}, (Ring(10_000, NOW),), NOW, NOW + timedelta(days=1), 1, "why", "who"
)


def _reason(raw: bytes, threshold: int = 1, kind: str = KIND) -> str:
    with pytest.raises(EnvelopeError) as refused:
        open_envelope(raw, kind, [ONE.public, TWO.public], threshold)
    return refused.value.reason


def test_a_payload_is_opened_as_it_was_sealed() -> None:
    opened = open_envelope(seal(KIND, b"exact \x00 bytes", [ONE]), KIND, [ONE.public, TWO.public])
    assert (opened.payload, opened.signers) == (b"exact \x00 bytes", (ONE.public.keyid,))


def test_one_byte_changed_in_the_payload_is_refused() -> None:
    document = msgspec.json.decode(seal(KIND, b"payload", [ONE]))
    document["payload"] = base64.b64encode(b"pbyload").decode()
    assert _reason(msgspec.json.encode(document)) == "threshold"


def test_the_type_of_the_payload_is_signed_too() -> None:
    raw = seal("application/y", b"payload", [ONE])
    assert _reason(raw) == "payload_type"
    assert _reason(raw.replace(b"application/y", b"application/x")) == "threshold"


def test_one_key_that_signs_twice_counts_once_and_key_ids_count_for_nothing() -> None:
    raw = add_signature(seal(KIND, b"p", [ONE]), ONE)
    assert _reason(raw, 2) == "threshold"
    forged = raw.replace(ONE.public.keyid.encode(), TWO.public.keyid.encode(), 1)
    assert _reason(forged, 2) == "threshold"
    assert len(open_envelope(add_signature(raw, TWO), KIND, [ONE.public, TWO.public], 2).signers) == 2


def test_a_stranger_s_signature_does_not_count() -> None:
    assert _reason(seal(KIND, b"p", [STRANGER])) == "threshold"
    assert _reason(seal(KIND, b"p", [])) == "threshold"
    assert _reason(seal(KIND, b"p", [ONE]), 0) == "threshold"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "malformed"), (b"{}", "malformed"), (b"[]", "malformed"), (b" " * (MAX_BYTES + 1), "too_large"),
        (b'{"payloadType":"application/x","payload":"e","signatures":[]}', "malformed"),
        (b'{"payloadType":"application/x","payload":"","signatures":[],"more":1}', "malformed"),
    ],
)  # fmt: skip
def test_what_is_no_envelope_is_refused(raw: bytes, reason: str) -> None:
    assert _reason(raw) == reason


def test_an_envelope_holds_a_bounded_number_of_signatures() -> None:
    raw = seal(KIND, b"p", [ONE] * MAX_SIGNATURES)
    with pytest.raises(EnvelopeError, match="at most"):
        add_signature(raw, TWO)
    assert _reason(seal(KIND, b"p", [ONE] * (MAX_SIGNATURES + 1))) == "malformed"


def test_an_order_is_opened_with_a_director_s_signature_only() -> None:
    opened = open_order(seal_order(ORDER, ONE), POLICY)
    assert (opened.order, opened.uses_lab_keys) == (ORDER, True)
    with pytest.raises(EnvelopeError):
        open_order(seal_order(ORDER, TWO), POLICY)


def test_a_campaign_needs_as_many_approvers_as_its_kind_says() -> None:
    alone, both = seal_campaign(CAMPAIGN, [ONE]), seal_campaign(CAMPAIGN, [ONE, TWO])
    assert not open_campaign(alone, POLICY, "collect").uses_lab_keys
    assert open_campaign(both, POLICY, "action").uses_lab_keys
    with pytest.raises(EnvelopeError):
        open_campaign(alone, POLICY, "action")


def test_an_order_is_no_campaign_and_a_campaign_no_order() -> None:
    with pytest.raises(EnvelopeError) as refused:
        open_order(seal_campaign(CAMPAIGN, [ONE]), POLICY)
    assert refused.value.reason == "payload_type"


def test_a_signed_payload_that_is_not_what_it_says_is_refused() -> None:
    raw = seal("application/vnd.canopee.order.v1+json", b'{"type":"order"}', [ONE])
    with pytest.raises(EnvelopeError) as refused:
        open_order(raw, POLICY)
    assert refused.value.reason == "payload"
