"""What a PC accepts from a TUF repository, and what it refuses."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from canopee_kit.clock import FakeClock
from canopee_trust.client import TrustedRepository
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.errors import MetadataError, RollbackError
from canopee_trust.floor import MemoryFloor, SqliteFloor, VersionFloor
from canopee_trust.repository import RoleKeys, make_root, make_timestamp, next_delegated, sign
from canopee_trust.testing import Publisher, a_pipeline

Open = Callable[[VersionFloor], TrustedRepository]


def test_a_published_pipeline_arrives_as_its_exact_bytes(
    publisher: Publisher, repository: TrustedRepository
) -> None:
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})

    assert repository.target(path) == content
    assert repository.signers_of("collect") == {publisher.keys["collect"].public.keyid}
    assert repository.timestamp_version == 2


def test_a_second_publication_is_seen_after_a_refresh(publisher: Publisher, repository: TrustedRepository) -> None:
    repository.refresh()
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})

    with pytest.raises(MetadataError, match="no role lists"):
        repository.target(path)
    repository.refresh()

    assert repository.target(path) == content


def test_one_changed_byte_of_a_pipeline_is_refused(publisher: Publisher, repository: TrustedRepository) -> None:
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    name = next(name for name in publisher.files if name.startswith("targets/"))
    publisher.files[name] = content.replace(b"collect_hardware", b"collect_hardwarf")

    with pytest.raises(MetadataError) as refusal:
        repository.target(path)

    assert refusal.value.reason == "target_hash"


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets", "collect"])
def test_one_changed_byte_of_metadata_is_refused(
    publisher: Publisher, repository: TrustedRepository, role: str
) -> None:
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    name = max(name for name in publisher.files if name.endswith(f"{role}.json"))
    publisher.files[name] = publisher.files[name].replace(b'"version":', b'"version":1', 1)

    with pytest.raises(MetadataError) as refusal:
        repository.target(path)

    assert refusal.value.reason == "untrusted"


def test_a_role_signed_by_another_key_is_refused(publisher: Publisher, repository: TrustedRepository) -> None:
    publisher.keys["collect"] = PrivateKey.generate()
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})

    with pytest.raises(MetadataError):
        repository.target(path)


def test_a_role_cannot_sign_for_the_paths_of_another(publisher: Publisher, repository: TrustedRepository) -> None:
    path, content = a_pipeline(kind="action")
    publisher.publish("collect", {path: content})

    with pytest.raises(MetadataError, match="no role lists"):
        repository.target(path)


def test_an_older_repository_is_refused_even_when_the_local_files_are_gone(
    publisher: Publisher, open_repository: Open, tmp_path: Path
) -> None:
    floor = SqliteFloor(tmp_path / "floor.db")
    old = dict(publisher.files)
    publisher.publish("collect", dict([a_pipeline()]))
    open_repository(floor).refresh()
    shutil.rmtree(tmp_path / "tuf")
    publisher.files = old

    with pytest.raises(RollbackError):
        open_repository(floor).refresh()
    floor.close()


@pytest.mark.parametrize("damage", [b"", b"\0" * 300, b"{", None])
def test_damaged_local_metadata_is_fetched_again(
    publisher: Publisher, open_repository: Open, tmp_path: Path, damage: bytes | None
) -> None:
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    assert open_repository(MemoryFloor()).target(path) == content
    for file in [*(tmp_path / "tuf").rglob("*")]:
        if file.is_file() and damage is None:
            file.unlink()
        elif file.is_file() and damage is not None:
            file.write_bytes(damage)

    assert open_repository(MemoryFloor()).target(path) == content


def test_expired_metadata_is_still_readable_and_says_so(
    publisher: Publisher, repository: TrustedRepository, clock: FakeClock
) -> None:
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    repository.refresh()
    assert not repository.is_expired

    clock.advance(8 * 86_400)
    repository.refresh()

    assert repository.is_expired
    assert repository.target(path) == content


def test_an_oversized_target_is_refused_by_its_signed_length(
    publisher: Publisher, repository: TrustedRepository
) -> None:
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    name = next(name for name in publisher.files if name.startswith("targets/"))
    publisher.files[name] = content + b" "

    with pytest.raises(MetadataError) as refusal:
        repository.target(path)

    assert refusal.value.reason == "too_large"


def test_metadata_of_a_newer_role_with_an_older_snapshot_is_refused(
    publisher: Publisher, repository: TrustedRepository
) -> None:
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    mixed = next_delegated(publisher.metadata["collect"], "collect", add={}, now=publisher.now)
    publisher.files["metadata/2.collect.json"] = sign(mixed, publisher.keys["collect"])

    with pytest.raises(MetadataError):
        repository.target(path)


def test_a_path_that_no_role_signs_is_unknown(repository: TrustedRepository) -> None:
    with pytest.raises(MetadataError, match="no role signs"):
        repository.target("etc/passwd")


def test_metadata_expire_under_a_process_that_never_refreshes(
    repository: TrustedRepository, clock: FakeClock
) -> None:
    repository.refresh()
    assert not repository.is_expired

    clock.advance(8 * 86_400)

    assert repository.is_expired


def test_an_offline_role_that_has_expired_can_be_read_and_says_so(
    publisher: Publisher, repository: TrustedRepository, clock: FakeClock
) -> None:
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    clock.advance(200 * 86_400)
    publisher.now = clock.now()
    publisher.serve()

    assert repository.target(path) == content
    assert repository.is_expired


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 50_000, b"x" * 20_000, b'{"signed":{},"signatures":[]}'])
def test_a_timestamp_that_is_nonsense_is_refused_and_the_one_before_stays_in_use(
    publisher: Publisher, repository: TrustedRepository, content: bytes
) -> None:
    path, pipeline = a_pipeline()
    publisher.publish("collect", {path: pipeline})
    repository.refresh()
    publisher.files["metadata/timestamp.json"] = content

    with pytest.raises(MetadataError) as refusal:
        repository.refresh()

    assert refusal.value.reason == "untrusted"
    assert repository.target(path) == pipeline


def test_a_repository_that_is_not_served_is_refused_and_not_a_crash(
    publisher: Publisher, repository: TrustedRepository
) -> None:
    publisher.files.clear()
    with pytest.raises(MetadataError):
        repository.refresh()


def test_a_version_that_no_floor_holds_is_refused_and_forgotten(
    publisher: Publisher, repository: TrustedRepository
) -> None:
    repository.refresh()
    good = publisher.files["metadata/timestamp.json"]
    key, now = publisher.keys["timestamp"], publisher.now
    publisher.files["metadata/timestamp.json"] = make_timestamp(1, version=2**70, key=key, now=now)
    with pytest.raises(MetadataError, match="at most"):
        repository.refresh()
    publisher.files["metadata/timestamp.json"] = good

    repository.refresh()

    assert repository.timestamp_version == 1


def test_floors_of_online_roles_end_with_their_keys(publisher: Publisher, repository: TrustedRepository) -> None:
    publisher.version = 2**50
    publisher.serve()
    repository.refresh()
    for role in ("snapshot", "timestamp"):
        publisher.keys[role] = PrivateKey.generate()
    roles = {role: RoleKeys((key.public,)) for role, key in publisher.keys.items()}
    root = make_root(roles, now=publisher.now, version=2)
    publisher.files["metadata/2.root.json"] = sign(root, publisher.keys["root"])
    publisher.version = 5
    publisher.serve()

    repository.refresh()

    assert repository.timestamp_version == 6


def test_without_its_metadata_on_the_disk_nobody_is_the_author_of_a_role(
    repository: TrustedRepository, tmp_path: Path
) -> None:
    repository.refresh()
    shutil.rmtree(tmp_path / "tuf")
    with pytest.raises(MetadataError, match="not here any more"):
        repository.signers_of("collect")
