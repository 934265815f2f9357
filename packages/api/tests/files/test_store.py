"""The folder of files: what was stored stays, what was not acknowledged is written over."""

import hashlib
import os
from pathlib import Path

import pytest

from canopee_api.files.store import FileStore, LostBytesError

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    """An empty one."""
    return FileStore(tmp_path / "files")


def kept(store: FileStore, start: int = 0, end: int = len(CONTENT)) -> bytes:
    return b"".join(store.pieces(SHA256, start, end))


def test_a_file_written_in_chunks_is_kept_under_its_hash_and_read_from_any_place(store: FileStore) -> None:
    store.write("one", 0, CONTENT[:1_000])
    store.write("one", 1_000, CONTENT[1_000:])
    assert store.keep("one", SHA256)
    assert kept(store) == CONTENT
    assert kept(store, 999, 1_001) == CONTENT[999:1_001]
    assert store.under_way() == []


def test_what_was_written_and_never_acknowledged_is_written_over(store: FileStore) -> None:
    store.write("one", 0, CONTENT[:100])
    store.write("one", 100, b"x" * 50_000)  # killed before its end was committed
    store.write("one", 100, CONTENT[100:])
    assert store.keep("one", SHA256)


def test_another_content_than_announced_is_not_kept_and_waits_to_be_forgotten(store: FileStore) -> None:
    store.write("one", 0, b"x" + CONTENT[1:])
    assert not store.keep("one", SHA256)
    assert not store.has(SHA256)
    store.forget("one")
    store.forget("one")
    assert store.under_way() == []


def test_bytes_that_were_stored_and_are_gone_are_found_out_before_anything_is_written(store: FileStore) -> None:
    store.write("one", 0, CONTENT[:100])
    with pytest.raises(LostBytesError):
        store.write("one", 101, CONTENT[101:])
    with pytest.raises(LostBytesError):
        store.keep("two", SHA256)
    with pytest.raises(LostBytesError):
        kept(store)


def test_a_kept_file_that_was_cut_is_found_out_while_it_is_read(store: FileStore, tmp_path: Path) -> None:
    store.write("one", 0, CONTENT)
    store.keep("one", SHA256)
    os.truncate(tmp_path / "files" / "kept" / SHA256[:2] / SHA256, 10)
    with pytest.raises(LostBytesError):
        kept(store)


def test_a_file_that_was_moved_before_its_answer_was_lost_is_kept_all_the_same(store: FileStore) -> None:
    store.write("one", 0, CONTENT)
    assert store.keep("one", SHA256)
    assert store.keep("one", SHA256)


def test_two_uploads_of_one_content_are_one_file_and_it_can_be_removed(store: FileStore) -> None:
    for upload in ("one", "two"):
        store.write(upload, 0, CONTENT)
        assert store.keep(upload, SHA256)
    store.remove(SHA256)
    store.remove(SHA256)
    assert not store.has(SHA256)


def test_only_its_owner_can_read_the_folder(store: FileStore, tmp_path: Path) -> None:
    store.write("one", 0, CONTENT)
    store.keep("one", SHA256)
    for path in (tmp_path / "files", *(tmp_path / "files").rglob("*")):
        assert path.stat().st_mode & 0o077 == 0


def test_the_free_share_of_the_disk_is_a_share(store: FileStore) -> None:
    assert 0 < store.free_share <= 1
