"""The device's key: sealed at rest, taken over from older agents, useless on another machine."""

from pathlib import Path

import pytest

from canopee_agent.errors import StateError
from canopee_agent.fakes import FakeSecrets
from canopee_agent.service.identity import IdentityStore


def test_a_new_key_is_stored_sealed_and_read_again(tmp_path: Path) -> None:
    made = IdentityStore(tmp_path, FakeSecrets()).key()
    stored = (tmp_path / "key").read_bytes()
    assert made.to_bytes() not in stored
    assert IdentityStore(tmp_path, FakeSecrets()).key().public == made.public


def test_a_key_that_an_older_agent_left_in_clear_is_kept_and_sealed_when_it_is_read(tmp_path: Path) -> None:
    old = IdentityStore(tmp_path).key()
    assert (tmp_path / "key").read_bytes() == old.to_bytes()
    assert IdentityStore(tmp_path, FakeSecrets()).key().public == old.public
    assert old.to_bytes() not in (tmp_path / "key").read_bytes()
    assert IdentityStore(tmp_path, FakeSecrets()).key().public == old.public


def test_a_copy_of_the_disk_opens_on_no_other_machine_and_says_what_to_do(tmp_path: Path) -> None:
    IdentityStore(tmp_path, FakeSecrets("PC-1")).key()
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(StateError, match="another machine sealed it; enrol this PC again"):
        IdentityStore(tmp_path, FakeSecrets("PC-2")).key()
    assert (tmp_path / "key").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"short", b"sealed by PC-1:short"])
def test_a_key_that_is_none_is_not_replaced_by_another(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(StateError, match="cannot be read"):
        IdentityStore(tmp_path, FakeSecrets()).key()
    assert (tmp_path / "key").read_bytes() == content


def test_on_linux_the_key_is_read_by_its_owner_only(tmp_path: Path) -> None:
    IdentityStore(tmp_path).key()
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
