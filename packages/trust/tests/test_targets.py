"""What may be published for agents to read: one signed mistake must not stop a fleet. And key files, and documents."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_contract.codec import decode, encode
from canopee_contract.facts import FactSources, RegistryFact, SoftwareFact
from canopee_contract.order import ORDER_TYPE, Order
from canopee_contract.pipeline import Pipeline, PipelineRef, Step
from canopee_contract.trust_policy import TrustedKey, TrustPolicy
from canopee_trust.ceremony import make_lab_keys, sign_targets
from canopee_trust.documents import open_order, seal_order
from canopee_trust.dsse import add_signature, open_envelope, read_envelope, seal
from canopee_trust.ed25519 import PrivateKey, PublicKey
from canopee_trust.errors import EnvelopeError, KeyFileError, PublicationError, TrustError
from canopee_trust.floor import MemoryFloor, SqliteFloor
from canopee_trust.keyfile import KeyFile, make_key, read_key, write_key
from canopee_trust.publication import check_target
from canopee_trust.roles import OFFLINE_DELEGATED, role_of
from canopee_trust.testing import a_pipeline

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = [PrivateKey.generate() for _ in range(3)]
TRUSTED = tuple(TrustedKey(key.public.keyid, key.public.base64, f"key {n}") for n, key in enumerate(KEYS))
POLICY = TrustPolicy(1, 1, TRUSTED[:1], TRUSTED[1:], 2, 1)
SOURCES = FactSources(
    spec=1, version=1,
    sources=(
        RegistryFact("product.version", r"HKLM\SOFTWARE\X", "Version"), SoftwareFact("tool.version", "Tool [0-9]+"),
    ),
)  # fmt: skip


def _refusal(path: str, message: msgspec.Struct) -> str:
    with pytest.raises(PublicationError) as refused:
        check_target(path, encode(message))
    assert refused.value.reason == "target_malformed"
    return refused.value.message


def test_a_sound_policy_and_sound_facts_are_accepted() -> None:
    check_target("policy/trust.json", encode(POLICY))
    check_target("facts/sources.json", encode(SOURCES))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"directors": ()}, "no director"), ({"action_approvals": 3}, "action_approvals is 3"),
        ({"action_approvals": 0}, "at least 1"), ({"collect_approvals": -1}, "collect_approvals is -1"),
        ({"approvers": ()}, "there are 0 approvers"), ({"approvers": TRUSTED[1:2] * 2}, "there are 1 approvers"),
        ({"directors": (TrustedKey("x", "AAAA", "the new one"),)}, "the new one: "),
        ({"approvers": (*TRUSTED, TrustedKey("x", "not base64!", "bad"))}, "bad: "),
    ],
)  # fmt: skip
def test_a_policy_that_no_agent_could_obey_is_refused_before_it_stops_the_fleet(
    changes: dict[str, Any], said: str
) -> None:
    assert said in _refusal("policy/trust.json", msgspec.structs.replace(POLICY, **changes))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (SoftwareFact("a.b", "(unclosed"), "not closed"), (SoftwareFact("a.b", r"\w+"), "not part of"),
        (SoftwareFact("a.b", "x" * 201), "at most 200"), (SoftwareFact("Upper.case", "x"), "is no name"),
        (SoftwareFact("nodot", "x"), "is no name"), (SoftwareFact("a.b\n", "x"), "is no name"),
        (RegistryFact("", "k", "v"), "is no name"), (RegistryFact("product.version", "k", "v"), "given twice"),
    ],
)  # fmt: skip
def test_a_fact_that_agents_could_not_read_or_conditions_not_name_is_refused(
    source: RegistryFact | SoftwareFact, said: str
) -> None:
    assert said in _refusal(
        "facts/sources.json", msgspec.structs.replace(SOURCES, sources=(*SOURCES.sources, source))
    )


def test_more_facts_than_a_pc_may_send_are_refused() -> None:
    many = tuple(RegistryFact(f"a.f{number}", "k", "v") for number in range(481))
    assert "at most 480" in _refusal("facts/sources.json", msgspec.structs.replace(SOURCES, sources=many))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps": (Step("s", "x", when={"fact": "a", "op": "like", "value": 1}),)}, "$.op"),
        ({"condition": {"all": 1}}, "$.all"), ({"condition": {"fact": "a", "op": [], "value": 1}}, "$.op"),
        ({"steps": (Step("s", "x"), Step("s", "y"))}, "distinct ids"),
        *(({"steps": (Step(name, "x"),)}, "is no name") for name in ("", "a.b", "A", "1a", "é", "a" * 64, "a\n")),
    ],
)  # fmt: skip
def test_a_pipeline_whose_conditions_or_steps_cannot_be_named_or_read_is_refused(
    changes: dict[str, Any], said: str
) -> None:
    path, content = a_pipeline()
    pipeline = msgspec.structs.replace(decode(content, Pipeline), **changes)
    with pytest.raises(PublicationError) as refused:
        check_target(path, encode(pipeline))
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("role", "folder"), [(role, path[:-2]) for role, paths in OFFLINE_DELEGATED.items() for path in paths]
)
def test_every_role_signs_its_own_folder_and_nothing_below_or_above_it(role: str, folder: str) -> None:
    assert role_of(f"{folder}/x.json") == role
    for path in (f"{folder}/sub/x.json", f"{folder}x/y.json", f"/{folder}/x.json", f"{folder}/../x.json", folder):
        try:
            found = role_of(path)
        except ValueError:
            continue
        assert found != role, path


@pytest.mark.parametrize(
    "path", ["", "x", "pipelines/x.json", "pipelines/collect/../action/x.json", "../policy/x", "policy"]
)
def test_a_path_that_no_role_signs_is_said(path: str) -> None:
    with pytest.raises(ValueError, match="no role signs"):
        role_of(path)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"null", b'{"type":"canopee-key","name":"x","seed":""}', b"\xff" * 40,
        b'{"type":"other","name":"x","seed":"' + base64.b64encode(bytes(32)) + b'"}',
        b'{"type":"canopee-key","name":"x","seed":"' + base64.b64encode(bytes(31)) + b'"}',
        b'{"type":"canopee-key","name":"x","seed":"!!' + base64.b64encode(bytes(32)) + b'"}',
        b'{"type":"canopee-key","name":"x","seed":"' + base64.b64encode(bytes(32)) + b'","extra":1}',
    ],
)  # fmt: skip
def test_a_file_that_is_not_exactly_a_key_is_refused_by_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"x\.key is not a key file"):
        read_key(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o660, 0o777])
def test_a_key_that_anybody_else_can_touch_is_refused(tmp_path: Path, mode: int) -> None:
    write_key(tmp_path / "x.key", make_key("x", lab=False))
    (tmp_path / "x.key").chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_key(tmp_path / "x.key")


def test_a_key_is_read_as_it_was_written_and_a_refusal_never_shows_it(tmp_path: Path) -> None:
    key = make_key("x", lab=True)
    write_key(tmp_path / "x.key", key)
    assert read_key(tmp_path / "x.key") == key
    (tmp_path / "x.key").chmod(0o644)
    with pytest.raises(KeyFileError) as refused:
        read_key(tmp_path / "x.key")
    assert key.seed not in refused.value.message


@pytest.mark.parametrize("place", ["nowhere/x.key", "file/x.key"])
def test_a_key_that_cannot_be_written_or_read_is_said(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyFileError):
        write_key(tmp_path / place, make_key("x", lab=True))
    with pytest.raises(KeyFileError):
        read_key(tmp_path / place)
    with pytest.raises(KeyFileError):
        read_key(tmp_path)


def test_two_keys_made_at_once_are_two_keys() -> None:
    made: list[KeyFile] = [make_key("x", lab=True) for _ in range(20)]
    assert len({key.seed for key in made}) == 20


def test_a_policy_with_a_key_that_is_none_refuses_orders_by_name_and_does_not_stop_the_agent() -> None:
    broken = msgspec.structs.replace(POLICY, directors=(*POLICY.directors, TrustedKey("x", "AAAA", "broken")))
    with pytest.raises(EnvelopeError) as refused:
        open_order(seal(ORDER_TYPE, b"{}", KEYS[:1]), broken)
    assert refused.value.reason == "policy"


def _order() -> Order:
    ref = PipelineRef("pipelines/collect/p.1.json", "p", 1, "0" * 64, 10)
    return Order(1, "o", "d", 1, 1, 1, NOW, NOW, NOW + timedelta(days=1), ref, {}, None)


def test_an_order_with_a_local_time_is_refused_though_it_is_well_signed() -> None:
    raw = encode(_order()).replace(b'"expires_at":"2026-11-25T08:00:00Z"', b'"expires_at":"2026-11-25T08:00:00"')
    assert raw != encode(_order())
    with pytest.raises(EnvelopeError) as refused:
        open_order(seal(ORDER_TYPE, raw, KEYS[:1]), POLICY)
    assert refused.value.reason == "payload"


@given(st.binary(max_size=300), st.integers(1, 3))
def test_any_payload_is_opened_as_it_was_sealed_and_by_its_signers_only(payload: bytes, number: int) -> None:
    raw = seal("application/x", payload, KEYS[:number])
    opened = open_envelope(raw, "application/x", [key.public for key in KEYS], number)
    assert (opened.payload, len(opened.signers)) == (payload, number)
    with pytest.raises(EnvelopeError):
        open_envelope(raw, "application/x", [key.public for key in KEYS], number + 1)


@given(st.integers(min_value=0), st.integers(0, 255))
def test_no_byte_of_an_envelope_can_be_changed_into_another_payload(place: int, byte: int) -> None:
    raw = bytearray(seal("application/x", b'{"seq":1}', KEYS[:1]))
    raw[place % len(raw)] = byte
    try:
        opened = open_envelope(bytes(raw), "application/x", [KEYS[0].public])
    except EnvelopeError:
        return
    assert opened.payload == b'{"seq":1}'


def test_a_signature_is_added_to_the_very_payload_that_was_sealed() -> None:
    raw = add_signature(seal_order(_order(), KEYS[0]), KEYS[1])
    assert [s.keyid for s in read_envelope(raw).signatures] == [key.public.keyid for key in KEYS[:2]]
    assert open_order(raw, POLICY).order == _order()


def test_signing_needs_the_key_of_the_role_and_a_role_that_is_published(tmp_path: Path) -> None:
    make_lab_keys(tmp_path, NOW)
    path, content = a_pipeline()
    with pytest.raises(KeyFileError, match="publish the first metadata"):
        sign_targets({}, {path: content}, tmp_path / "offline", NOW)
    with pytest.raises(ValueError, match="no role signs"):
        sign_targets({}, {"elsewhere/x.json": b""}, tmp_path / "offline", NOW)
    with pytest.raises(TrustError):
        sign_targets({"collect": b"garbage"}, {path: content}, tmp_path / "offline", NOW)


@pytest.mark.parametrize("durable", [True, False])
def test_a_floor_never_goes_down_whatever_it_is_told(tmp_path: Path, durable: bool) -> None:  # noqa: FBT001
    floor = SqliteFloor(tmp_path / "floor.db") if durable else MemoryFloor()
    for versions in ({"a": 3, "b": 1}, {"a": 1, "b": 2}, {}, {"a": 0, "c": -1}):
        floor.raise_to(versions)
    assert [floor.get(role) for role in ("a", "b", "d")] == [3, 2, 0]
    assert floor.get("c") <= 0
    if isinstance(floor, SqliteFloor):
        floor.close()


@pytest.mark.parametrize(
    "text", ["", "AAAA", "é", "A" * 43 + "é", base64.b64encode(bytes(33)).decode(), "A A" * 20]
)
def test_a_public_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(TrustError):
        PublicKey.from_base64(text)


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize(
    "text",
    [
        "00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "ed" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ],
)  # fmt: skip
def test_a_public_key_of_small_order_is_refused(text: str, sign: int) -> None:
    """With the first of them, 64 bytes of zeros were a good signature of some messages, for whoever tried a few."""
    point = bytearray.fromhex(text)
    point[-1] |= sign
    with pytest.raises(TrustError, match="small order"):
        PublicKey(bytes(point))


def test_what_is_no_point_of_the_curve_verifies_nothing() -> None:
    assert not PublicKey(b"\xff" * 32).verify(bytes(64), b"message")
