"""Metadata made, signed and read: versions, lives, thresholds; and a whole life of a PC's repository."""

# pyright: reportPrivateImportUsage=false
# (tuf documents this module as its public door, and re-exports without `as`)

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from canopee_contract.codec import decode
from canopee_contract.people import Publication
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_kit.clock import FakeClock
from canopee_trust.ceremony import APPROVERS, make_lab_keys, read_approvers
from canopee_trust.client import TrustedRepository
from canopee_trust.ed25519 import PrivateKey, PublicKey
from canopee_trust.errors import KeyFileError, MetadataError
from canopee_trust.floor import MemoryFloor
from canopee_trust.keyfile import read_key
from canopee_trust.repository import (
    RoleKeys,
    life_left,
    make_delegated,
    make_root,
    make_snapshot,
    make_targets,
    make_timestamp,
    next_delegated,
    read,
    sign,
    targets_of,
    version_of,
)
from canopee_trust.roles import EXPIRY, OFFLINE_DELEGATED
from canopee_trust.testing import Publisher, a_pipeline

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = [PrivateKey.generate() for _ in range(4)]
ROLES = {
    name: RoleKeys((KEYS[0].public,)) for name in ("root", "targets", "snapshot", "timestamp", *OFFLINE_DELEGATED)
}

# RFC 8032, section 7.1, tests 3 and SHA(abc): secret key, public key, message, signature.
VECTORS = [
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("seed", "public", "message", "signature"), VECTORS)
def test_more_vectors_of_the_rfc(seed: str, public: str, message: str, signature: str) -> None:
    key = PrivateKey.from_bytes(bytes.fromhex(seed))
    assert (key.public.raw.hex(), key.sign(bytes.fromhex(message)).hex()) == (public, signature)
    assert PublicKey(bytes.fromhex(public)).verify(bytes.fromhex(signature), bytes.fromhex(message))
    assert not PublicKey(bytes.fromhex(public)).verify(bytes.fromhex(signature), bytes.fromhex(message) + b"\0")


def test_a_signature_whose_number_was_raised_by_the_order_of_the_group_does_not_hold() -> None:
    """RFC 8032 asks for S below the order: otherwise one signature would have several writings."""
    order = 2**252 + 27742317777372353535851937790883648493
    signature = KEYS[0].sign(b"message")
    raised = int.from_bytes(signature[32:], "little") + order
    assert not KEYS[0].public.verify(signature[:32] + raised.to_bytes(32, "little"), b"message")


@given(st.binary(max_size=100))
def test_signing_the_same_bytes_always_gives_the_same_signature(message: bytes) -> None:
    assert KEYS[0].sign(message) == KEYS[0].sign(message)
    assert not KEYS[1].public.verify(KEYS[0].sign(message), message)


@pytest.mark.parametrize("role", ["root", "targets", *OFFLINE_DELEGATED])
def test_every_offline_role_lives_as_long_as_is_said_from_its_signing_on(role: str) -> None:
    made = {"root": make_root(ROLES, now=NOW), "targets": make_targets(ROLES, now=NOW)}
    raw = made.get(role) or make_delegated(role, {}, now=NOW)
    usual = EXPIRY["root" if role == "root" else "targets"]
    assert life_left(raw, NOW) == pytest.approx(EXPIRY[role] / usual)
    assert life_left(raw, NOW + EXPIRY[role]) == 0
    assert life_left(raw, NOW + timedelta(days=4_000)) == 0


@settings(max_examples=25)
@given(st.integers(0, 800), st.integers(0, 800))
def test_what_is_left_of_a_life_never_grows(one: int, other: int) -> None:
    raw = make_root(ROLES, now=NOW)
    early, late = sorted((one, other))
    left = [life_left(raw, NOW + timedelta(days=day)) for day in (early, late)]
    assert 1 >= left[0] >= left[1] >= 0


def test_a_next_version_adds_replaces_removes_counts_and_forgets_the_signatures() -> None:
    (path, content), other = a_pipeline(), b"other bytes"
    first = sign(make_delegated("collect", {path: content, "pipelines/collect/x.1.json": b"x"}, now=NOW), KEYS[0])
    second = next_delegated(
        first, "collect", add={path: other, "facts/sources.json": b"f"},
        remove=["pipelines/collect/x.1.json", "absent"],
        now=NOW + timedelta(days=1),
    )  # fmt: skip
    assert (version_of(first), version_of(second)) == (1, 2)
    assert set(targets_of(second)) == {path, "facts/sources.json"}
    assert targets_of(second)[path] != targets_of(first)[path]
    assert read(second, Targets).signatures == {}
    assert read(second, Targets).signed.expires == NOW + timedelta(days=1) + EXPIRY["collect"]


def test_one_key_after_another_signs_the_very_same_bytes() -> None:
    raw = make_delegated("collect", {}, now=NOW)
    both = sign(sign(raw, KEYS[0]), KEYS[1])
    assert sign(sign(raw, KEYS[1]), KEYS[1]) == sign(raw, KEYS[1])
    assert set(read(both, Targets).signatures) == {key.public.keyid for key in KEYS[:2]}
    assert read(both, Targets).signed_bytes == read(raw, Targets).signed_bytes


def test_keys_and_thresholds_of_a_root_are_those_that_were_asked() -> None:
    roles = ROLES | {"root": RoleKeys(tuple(key.public for key in KEYS[:3]), 2)}
    root = read(make_root(roles, now=NOW, version=7), Root).signed
    assert (root.version, root.roles["root"].threshold, len(root.roles["root"].keyids)) == (7, 2, 3)
    assert root.consistent_snapshot


def test_online_metadata_names_what_it_stands_for() -> None:
    snapshot = make_snapshot({"targets": 3, "collect": 9}, version=5, key=KEYS[0], now=NOW)
    timestamp = make_timestamp(5, version=8, key=KEYS[0], now=NOW)
    assert {name: meta.version for name, meta in read(snapshot, Snapshot).signed.meta.items()} == {
        "targets.json": 3, "collect.json": 9,
    }  # fmt: skip
    assert (read(timestamp, Timestamp).signed.snapshot_meta.version, version_of(timestamp)) == (5, 8)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"signed":{},"signatures":[]}',
        b'{"signed":{"_type":"x"}}',
        b"1" * 5_000,
    ],
)
def test_what_is_no_metadata_is_an_error_of_ours(raw: bytes) -> None:
    for reading in (version_of, targets_of):
        with pytest.raises(MetadataError):
            reading(raw)
    with pytest.raises(MetadataError, match="expected root metadata"):
        read(make_delegated("collect", {}, now=NOW), Root)


def test_a_lab_folder_is_whole_marked_and_its_policy_names_its_own_keys(tmp_path: Path) -> None:
    make_lab_keys(tmp_path, NOW)
    publication = decode((tmp_path / "publication.json").read_bytes(), Publication)
    policy = decode(base64.b64decode(publication.targets[TRUST_POLICY_PATH]), TrustPolicy)
    approvers = read_approvers(tmp_path / "offline", APPROVERS)
    assert [key.public_key for key in policy.approvers] == [approver.key.public.base64 for approver in approvers]
    assert policy.directors[0].public_key == read_key(tmp_path / "online" / "director.key").key.public.base64
    assert all(key.lab for key in (*policy.directors, *policy.approvers, *approvers))
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "offline", tmp_path / "online")} == {0o700}


def test_a_ceremony_that_was_interrupted_does_not_go_on_over_what_it_left(tmp_path: Path) -> None:
    make_lab_keys(tmp_path, NOW)
    (tmp_path / "root.json").unlink()
    kept = (tmp_path / "offline" / "root.key").read_bytes()
    with pytest.raises(KeyFileError, match="never overwritten"):
        make_lab_keys(tmp_path, NOW)
    assert (tmp_path / "offline" / "root.key").read_bytes() == kept


def test_a_refresh_that_is_refused_leaves_what_was_trusted_in_use(
    publisher: Publisher, repository: TrustedRepository
) -> None:
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    repository.refresh()
    good = dict(publisher.files)
    publisher.publish("collect", {"pipelines/collect/new.1.json": b"new"})
    publisher.files["metadata/timestamp.json"] = b"{}"
    with pytest.raises(MetadataError):
        repository.refresh()
    assert repository.target(path) == content
    publisher.files = good
    repository.refresh()
    assert repository.target(path) == content


def test_a_replay_of_an_older_timestamp_is_refused_and_the_newer_stays(
    publisher: Publisher, repository: TrustedRepository
) -> None:
    old = dict(publisher.files)
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    repository.refresh()
    publisher.files = {**publisher.files, "metadata/timestamp.json": old["metadata/timestamp.json"]}
    with pytest.raises(MetadataError):
        repository.refresh()
    assert repository.target(path) == content


def test_a_target_is_fetched_once_and_again_only_when_its_copy_was_changed(
    publisher: Publisher, tmp_path: Path
) -> None:
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    asked: list[str] = []

    def fetch(name: str) -> bytes:
        asked.append(name)
        return publisher.fetch(name)

    repository = TrustedRepository(
        tmp_path / "tuf", publisher.root, fetch=fetch, floor=MemoryFloor(), clock=FakeClock()
    )
    for _ in range(3):
        assert repository.target(path) == content
    (kept,) = [file for file in (tmp_path / "tuf" / "targets").iterdir() if file.is_file()]
    kept.write_bytes(b"changed on the disk")
    assert repository.target(path) == content
    assert sum(name.startswith("targets/") for name in asked) == 2
    assert kept.read_bytes() == content
