"""A role changes its key, and nobody is left behind."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from canopee_kit.clock import FakeClock
from canopee_trust.ceremony import sign_targets
from canopee_trust.client import TrustedRepository
from canopee_trust.errors import KeyFileError, MetadataError, PublicationError
from canopee_trust.floor import MemoryFloor, VersionFloor
from canopee_trust.keyfile import KeyFile, read_key, write_key
from canopee_trust.publication import Repository, verify_publication
from canopee_trust.repository import sign, targets_of, version_of
from canopee_trust.rotation import ROTATED, adopt, rotate
from canopee_trust.testing import Publisher, a_pipeline

Open = Callable[[VersionFloor], TrustedRepository]


@pytest.fixture
def offline(tmp_path: Path, publisher: Publisher) -> Path:
    """The publisher's keys as files."""
    folder = tmp_path / "offline"
    folder.mkdir()
    for name, key in publisher.keys.items():
        write_key(folder / f"{name}.key", KeyFile(name, base64.b64encode(key.to_bytes()).decode()))
    return folder


def _rotated(publisher: Publisher, role: str, offline: Path) -> None:
    """Rotate as `canopee keys rotate` does, checked as the API does, and serve it."""
    publication = rotate(publisher.metadata, role, offline, publisher.now)
    new = {name: base64.b64decode(raw) for name, raw in publication.metadata.items()}
    named = {path: digest for name, raw in publisher.metadata.items() if name != "root"
             for path, digest in targets_of(raw).items()}  # fmt: skip
    verify_publication(publisher.now, Repository(publisher.metadata, named), new, {})
    publisher.metadata |= new
    if "root" in new:
        publisher.files[f"metadata/{version_of(new['root'])}.root.json"] = new["root"]
    publisher.serve()
    adopt(role, offline)
    publisher.keys[role] = read_key(offline / f"{role}.key").key


def test_a_pc_that_was_off_follows_three_rotations_of_the_root(
    publisher: Publisher, offline: Path, open_repository: Open
) -> None:
    floor = MemoryFloor()
    open_repository(floor).refresh()
    for _ in range(3):
        _rotated(publisher, "root", offline)
    _rotated(publisher, "targets", offline)
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    back = open_repository(floor)
    back.refresh()
    assert back.target(path) == content
    assert version_of(publisher.metadata["root"]) == 5


@pytest.mark.parametrize("role", ROTATED[:-1])
def test_a_key_that_was_replaced_rotates_its_role_no_more(publisher: Publisher, offline: Path, role: str) -> None:
    old = publisher.keys[role]
    _rotated(publisher, role, offline)
    assert publisher.keys[role].public != old.public
    (offline / f"{role}.key").unlink()
    write_key(offline / f"{role}.key", KeyFile(role, base64.b64encode(old.to_bytes()).decode()))
    with pytest.raises(KeyFileError, match="not the key of"):
        rotate(publisher.metadata, role, offline, publisher.now)


def test_what_the_old_key_signs_after_a_rotation_is_refused_when_published(
    publisher: Publisher, offline: Path, clock: FakeClock
) -> None:
    old = publisher.keys["collect"]
    _rotated(publisher, "collect", offline)
    path, content = a_pipeline()
    good = sign_targets(publisher.metadata, {path: content}, offline, clock.now())
    raw = base64.b64decode(good.metadata["collect"])
    forged = sign(raw, old)
    verify_publication(clock.now(), Repository(publisher.metadata, {}), {"collect": raw}, {path: content})
    only_old = forged.replace(publisher.keys["collect"].public.keyid.encode(), b"0" * 16)
    with pytest.raises(PublicationError) as refused:
        verify_publication(clock.now(), Repository(publisher.metadata, {}), {"collect": only_old}, {path: content})
    assert refused.value.reason == "signature"


def test_a_rotation_that_was_cut_is_taken_up_with_the_same_key(publisher: Publisher, offline: Path) -> None:
    first = rotate(publisher.metadata, "root", offline, publisher.now)
    assert rotate(publisher.metadata, "root", offline, publisher.now) == first
    publisher.metadata["root"] = base64.b64decode(first.metadata["root"])
    assert rotate(publisher.metadata, "root", offline, publisher.now).metadata == {}


def test_a_pc_refuses_what_the_old_key_signs_after_a_rotation(
    publisher: Publisher, offline: Path, repository: TrustedRepository
) -> None:
    stolen = publisher.keys["collect"]
    repository.refresh()
    _rotated(publisher, "collect", offline)
    repository.refresh()
    publisher.keys["collect"] = stolen
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    repository.refresh()
    with pytest.raises(MetadataError, match=r"signed by|signature|untrusted"):
        repository.target(path)


def test_a_key_that_was_half_put_in_place_is_put_there(publisher: Publisher, offline: Path) -> None:
    first = rotate(publisher.metadata, "root", offline, publisher.now)
    publisher.metadata["root"] = base64.b64decode(first.metadata["root"])
    (offline / "root.key").rename(offline / "root.old")
    assert rotate(publisher.metadata, "root", offline, publisher.now).metadata == {}
    adopt("root", offline)
    assert (offline / "root.key").exists()
    assert not (offline / "root.next.key").exists()


def test_a_lost_key_is_replaced_without_it_but_that_of_root_is_not(publisher: Publisher, offline: Path) -> None:
    for role in ("collect", "targets"):
        (offline / f"{role}.key").unlink()
        if role == "collect":
            _rotated(publisher, role, offline)
    _rotated(publisher, "targets", offline)
    path, content = a_pipeline()
    publisher.publish("collect", {path: content})
    assert path in publisher.targets
    (offline / "root.key").unlink()
    with pytest.raises(KeyFileError, match="copy"):
        rotate(publisher.metadata, "root", offline, publisher.now)
