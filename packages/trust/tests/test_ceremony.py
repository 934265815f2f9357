# pyright: reportPrivateImportUsage=false
# (tuf documents this module as its public door, and re-exports without `as`)

import base64
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from tuf.api.metadata import Targets

from canopee_contract.codec import decode
from canopee_contract.people import Publication
from canopee_trust.ceremony import add_role, make_lab_keys, read_approvers, sign_release, sign_targets
from canopee_trust.errors import KeyFileError, MetadataError, PublicationError
from canopee_trust.floor import SqliteFloor
from canopee_trust.keyfile import make_key, read_key, write_key
from canopee_trust.publication import Repository, check_target, verify_publication
from canopee_trust.repository import TargetInfo, life_left, read, sign, to_bytes
from canopee_trust.testing import a_pipeline

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    make_lab_keys(tmp_path / "keys", NOW)
    return tmp_path / "keys"


def _first(keys: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    publication = decode((keys / "publication.json").read_bytes(), Publication)
    return _decoded(publication.metadata), _decoded(publication.targets)


def _decoded(texts: dict[str, str]) -> dict[str, bytes]:
    return {name: base64.b64decode(text) for name, text in texts.items()}


def test_the_first_publication_of_a_new_key_folder_is_accepted(keys: Path) -> None:
    metadata, targets = _first(keys)
    verify_publication(NOW, Repository({"root": (keys / "root.json").read_bytes()}, {}), metadata, targets)


def test_no_key_is_readable_by_others_and_none_is_overwritten(keys: Path) -> None:
    files = list(keys.glob("*/*.key"))
    assert len(files) == 11
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    with pytest.raises(KeyFileError, match="choose another folder"):
        make_lab_keys(keys, NOW)
    with pytest.raises(KeyFileError, match="never overwritten"):
        write_key(files[0], make_key("x", lab=True))


def test_a_key_file_that_others_can_read_or_that_is_malformed_is_refused(keys: Path) -> None:
    file = keys / "offline" / "root.key"
    assert read_key(file).lab
    file.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_key(file)
    file.chmod(0o600)
    file.write_text('{"type":"canopee-key","name":"x","seed":"AAAA"}')
    with pytest.raises(KeyFileError, match="not a key file"):
        read_key(file)
    with pytest.raises(KeyFileError, match="No such file"):
        read_approvers(keys / "offline", ("approver-9",))


def test_what_is_published_already_is_not_signed_again(keys: Path) -> None:
    metadata, _ = _first(keys)
    path, content = a_pipeline()
    first = sign_targets(metadata, {path: content}, keys / "offline", NOW)
    assert list(first.metadata) == ["collect"]
    newest = {**metadata, **_decoded(first.metadata)}
    assert sign_targets(newest, {path: content}, keys / "offline", NOW).metadata == {}


def test_each_rule_of_a_publication_is_checked(keys: Path) -> None:
    metadata, targets = _first(keys)
    held = Repository(metadata, {})
    path, content = a_pipeline()
    good = sign_targets(metadata, {path: content}, keys / "offline", NOW)
    role, raw = "collect", _decoded(good.metadata)["collect"]
    cases: dict[str, tuple[dict[str, bytes], dict[str, bytes]]] = {
        "version": ({role: metadata[role]}, {}),
        "signature": ({role: raw.replace(b'"sig":"', b'"sig":"00', 1)}, {path: content}),
        "target_missing": ({role: raw}, {}),
        "target_hash": ({role: raw}, {path: content + b" "}),
        "target_unused": ({role: raw}, {path: content, "policy/trust.json": targets["policy/trust.json"]}),
        "role": ({"snapshot": raw}, {}),
    }
    for reason, (changed, given) in cases.items():
        with pytest.raises(PublicationError) as refused:
            verify_publication(NOW, held, changed, given)
        assert refused.value.reason == reason
    with pytest.raises(PublicationError) as refused:
        verify_publication(NOW.replace(year=2030), held, {role: raw}, {path: content})
    assert refused.value.reason == "expired"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("pipelines/collect/other.1.json", a_pipeline()[1]),
        ("pipelines/collect/inventory.1.json", b"{}"),
        ("policy/trust.json", b"{}"),
        ("facts/sources.json", b'{"type":"fact_sources","spec":1,"version":1,"sources":[{}]}'),
        ("pipelines/collect/inventory.1.json", a_pipeline()[1].replace(b'"spec":1', b'"spec":1,"extra":1')),
    ],
)
def test_a_target_that_no_agent_could_use_is_refused(path: str, content: bytes) -> None:
    with pytest.raises(PublicationError):
        check_target(path, content)


def test_what_is_left_of_the_life_of_metadata_goes_from_one_to_zero(keys: Path) -> None:
    root = (keys / "root.json").read_bytes()
    assert life_left(root, NOW) == 1.0
    assert life_left(root, NOW.replace(year=2030)) == 0.0


def test_a_floor_is_there_after_a_restart_and_never_goes_down(tmp_path: Path) -> None:
    floor = SqliteFloor(tmp_path / "floor.db")
    floor.raise_to({"collect": 5})
    floor.raise_to({"collect": 3, "action": 1})
    floor.close()
    again = SqliteFloor(tmp_path / "floor.db")
    assert (again.get("collect"), again.get("action"), again.get("other")) == (5, 1, 0)
    again.close()


def _newest(keys: Path) -> dict[str, bytes]:
    return {"root": (keys / "root.json").read_bytes(), **_first(keys)[0]}


def _release(**changes: object) -> TargetInfo:
    custom = {"version": "1.1.0", "platform": "win-x64", "release_seq": 1, "min_release_seq": 0}
    info = TargetInfo("agent/win-x64/1.1.0.zip", 1_000, "ab" * 32, custom)
    return msgspec.structs.replace(info, **changes)


def _refusal(held: dict[str, bytes], publication: Publication, uploaded: dict[str, int]) -> str:
    metadata, targets = _decoded(publication.metadata), _decoded(publication.targets)
    try:
        verify_publication(NOW, Repository(held, {}, uploaded), metadata, targets)
    except PublicationError as refused:
        return refused.reason
    return ""


def test_a_release_is_signed_by_its_own_role_and_needs_its_bytes(keys: Path) -> None:
    held = _newest(keys)
    signed = sign_release(held, _release(), keys / "offline", NOW)
    assert _refusal(held, signed, {"ab" * 32: 1_000}) == ""
    assert _refusal(held, signed, {}) == "target_missing"
    assert _refusal(held, signed, {"ab" * 32: 999}) == "target_missing"


@pytest.mark.parametrize("role", ["action", "collect", "policy"])
def test_a_release_that_another_role_signed_is_refused(keys: Path, role: str) -> None:
    held = _newest(keys)
    (keys / "offline" / "agent.key").write_bytes((keys / "offline" / f"{role}.key").read_bytes())
    assert _refusal(held, sign_release(held, _release(), keys / "offline", NOW), {"ab" * 32: 1_000}) == "signature"


def test_bytes_given_beside_a_release_are_refused_they_come_before(keys: Path) -> None:
    held = _newest(keys)
    signed = sign_release(held, _release(), keys / "offline", NOW)
    given = Publication(signed.metadata, {_release().path: base64.b64encode(b"x" * 1_000).decode()})
    assert _refusal(held, given, {"ab" * 32: 1_000}) == "target_unused"


def test_an_installation_from_before_the_role_gets_it_with_a_key_of_its_own(keys: Path) -> None:
    held = _newest(keys)
    top = read(held["targets"], Targets)
    assert top.signed.delegations is not None
    assert top.signed.delegations.roles is not None
    del top.signed.delegations.roles["agent"]
    top.signatures.clear()
    old = {**held, "targets": sign(to_bytes(top), read_key(keys / "offline" / "targets.key").key)}
    del old["agent"]
    (keys / "offline" / "agent.key").unlink()
    with pytest.raises(KeyFileError, match="add-role agent"):
        sign_release(old, _release(), keys / "offline", NOW)
    added = add_role(old, "agent", keys / "offline", NOW)
    assert _refusal(old, added, {}) == ""
    newer = {**old, **_decoded(added.metadata)}
    signed = sign_release(newer, _release(), keys / "offline", NOW)
    assert _refusal(newer, signed, {"ab" * 32: 1_000}) == ""
    with pytest.raises(MetadataError, match="already"):
        add_role(newer, "agent", keys / "offline", NOW)
