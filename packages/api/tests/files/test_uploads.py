"""Files on their way from PCs: whole and right, or where to go on; whoever is killed."""

import asyncio
import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee_api.errors import BusyError, ConflictError, ForbiddenError, InvalidError, NotFoundError
from canopee_api.files import uploads
from canopee_api.files.store import FileStore
from canopee_api.files.uploads import KEPT_UNFINISHED, Uploads
from canopee_api.testing import Office, Pc, until
from canopee_contract.codec import decode
from canopee_contract.files import MAX_CHUNK_BYTES, BeginUpload, UploadReply
from canopee_contract.order import Order
from canopee_kit.clock import FakeClock
from canopee_trust.dsse import payload_of, read_envelope

CONTENT = bytes(range(251)) * 400
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Sender:
    """A PC that has an order, and a file to send."""

    def __init__(self, uploads: Uploads, pc: Pc, order_id: str) -> None:
        self.uploads, self.pc = uploads, pc
        self.asked = BeginUpload(order_id, "logs", "logs.zip", len(CONTENT), SHA256)

    async def begin(self, **changes: Any) -> UploadReply:  # noqa: ANN401  of any field
        return await self.uploads.begin(self.pc.id, msgspec.structs.replace(self.asked, **changes))

    async def send(self, upload_id: str, start: int, end: int, content: bytes = CONTENT) -> UploadReply:
        part = content[start:end]
        digest = hashlib.sha256(part).hexdigest()
        return await self.uploads.receive(self.pc.id, upload_id, offset=start, sha256=digest, content=part)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    """The folder of the process under test."""
    return FileStore(tmp_path / "files")


@pytest.fixture
async def sender(office: Office, store: FileStore, clock: FakeClock) -> Sender:
    """One whose order was delivered."""
    pc = await office.pc()
    await office.publish_pipeline("fetch", "action")
    await office.areas.campaigns.start_signed(office.sign(office.campaign("fetch", {"all": []})), by="test")
    await until(lambda: all(device.order_head for device in office.areas.fleet))
    (delivered,) = await pc.orders()
    order = decode(payload_of(read_envelope(bytes(delivered.order))), Order)
    return Sender(Uploads(office.areas.database, store, clock), pc, order.order_id)


async def test_a_file_comes_in_chunks_and_is_whole_once_its_hash_is_right(
    sender: Sender, store: FileStore
) -> None:
    begun = await sender.begin()
    assert (begun.received, begun.state) == (0, "partial")
    assert await sender.send(begun.upload_id, 0, 1_000) == UploadReply(begun.upload_id, 1_000, "partial")
    assert not store.has(SHA256)
    assert await sender.send(begun.upload_id, 1_000, len(CONTENT)) == UploadReply(
        begun.upload_id, len(CONTENT), "complete"
    )
    assert b"".join(store.pieces(SHA256, 0, len(CONTENT))) == CONTENT


async def test_begun_again_it_says_where_to_go_on_and_when_all_is_there(sender: Sender) -> None:
    begun = await sender.begin()
    await sender.send(begun.upload_id, 0, 1_000)
    assert await sender.begin() == UploadReply(begun.upload_id, 1_000, "partial")
    await sender.send(begun.upload_id, 1_000, len(CONTENT))
    assert (await sender.begin()).state == "complete"
    assert (await sender.send(begun.upload_id, 0, 10)).state == "complete"  # an answer was lost: no harm


async def test_a_chunk_that_comes_twice_or_too_early_is_told_the_right_place(sender: Sender) -> None:
    begun = await sender.begin()
    await sender.send(begun.upload_id, 0, 1_000)
    for start in (0, 999, 1_001):
        with pytest.raises(ConflictError, match="go on at offset 1000"):
            await sender.send(begun.upload_id, start, start + 10)
    with pytest.raises(ConflictError, match="of 100400"):
        await sender.send(begun.upload_id, 1_000, len(CONTENT) + 1, CONTENT + b"x")


async def test_bytes_that_changed_on_the_way_are_refused_and_nothing_is_stored(sender: Sender) -> None:
    begun = await sender.begin()
    with pytest.raises(InvalidError, match="other bytes"):
        await sender.uploads.receive(sender.pc.id, begun.upload_id, offset=0, sha256=SHA256, content=CONTENT[:10])
    with pytest.raises(InvalidError, match="a chunk has 1 to"):
        await sender.send(begun.upload_id, 0, 0)
    with pytest.raises(InvalidError, match="a chunk has 1 to"):
        await sender.send(begun.upload_id, 0, MAX_CHUNK_BYTES + 1, b"x" * (MAX_CHUNK_BYTES + 1))
    assert (await sender.begin()).received == 0


async def test_a_whole_file_with_another_hash_begins_again_from_nothing(sender: Sender, store: FileStore) -> None:
    begun = await sender.begin()
    other = b"x" + CONTENT[1:]
    assert await sender.send(begun.upload_id, 0, len(CONTENT), other) == UploadReply(begun.upload_id, 0, "partial")
    assert store.under_way() == []
    assert (await sender.send(begun.upload_id, 0, len(CONTENT))).state == "complete"


async def test_a_source_that_changed_begins_again_and_a_whole_file_is_never_replaced(sender: Sender) -> None:
    begun = await sender.begin()
    await sender.send(begun.upload_id, 0, 1_000)
    other = CONTENT[:-5]
    changed = {"sha256": hashlib.sha256(other).hexdigest(), "length": len(other)}
    assert await sender.begin(**changed) == UploadReply(begun.upload_id, 0, "partial")
    assert (await sender.send(begun.upload_id, 0, len(other), other)).state == "complete"
    with pytest.raises(ConflictError, match="it stays"):
        await sender.begin()


async def test_only_the_pc_of_an_order_sends_its_files(sender: Sender, office: Office) -> None:
    begun, other = await sender.begin(), await office.pc()
    for order_id in (sender.asked.order_id.replace("0", "1"), "none", other.id):
        with pytest.raises(ForbiddenError):
            await sender.begin(order_id=order_id)
    stranger = Sender(sender.uploads, other, sender.asked.order_id)
    with pytest.raises(ForbiddenError):
        await stranger.begin()
    for upload_id in (begun.upload_id, "../../etc/passwd"):
        with pytest.raises(NotFoundError):
            await stranger.send(upload_id, 0, 10)


async def test_a_process_killed_between_the_move_and_its_commit_loses_nothing(
    sender: Sender, store: FileStore
) -> None:
    begun = await sender.begin()
    await sender.send(begun.upload_id, 0, 1_000)
    store.write(begun.upload_id, 1_000, CONTENT[1_000:])
    store.keep(begun.upload_id, SHA256)  # and no commit
    assert (await sender.begin()).received == 1_000
    assert (await sender.send(begun.upload_id, 1_000, len(CONTENT))).state == "complete"


async def test_a_disk_that_lost_stored_bytes_makes_the_file_begin_again(
    sender: Sender, store: FileStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun = await sender.begin()
    await sender.send(begun.upload_id, 0, 1_000)
    os.truncate(tmp_path / "files" / "uploads" / begun.upload_id, 10)
    assert await sender.send(begun.upload_id, 1_000, 2_000) == UploadReply(begun.upload_id, 0, "partial")
    assert "begins again" in caplog.text
    assert (await sender.send(begun.upload_id, 0, len(CONTENT))).state == "complete"
    assert store.has(SHA256)


async def test_a_full_disk_refuses_the_chunk_for_now_and_keeps_what_was_there(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await sender.begin()
    await sender.send(begun.upload_id, 0, 1_000)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _full)
        with pytest.raises(BusyError, match="No space left"):
            await sender.send(begun.upload_id, 1_000, 2_000)
    assert (await sender.begin()).received == 1_000
    assert (await sender.send(begun.upload_id, 1_000, len(CONTENT))).state == "complete"


async def test_no_file_is_begun_on_a_disk_that_is_nearly_full_nor_beyond_a_days_share(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "LEAST_FREE", 1.1)
        with pytest.raises(BusyError, match="nearly full"):
            await sender.begin()
    monkeypatch.setattr(uploads, "DAILY_BYTES", len(CONTENT))
    await sender.begin()
    with pytest.raises(BusyError, match="enough for today"):
        await sender.begin(name="more.zip")
    clock.advance(timedelta(days=2).total_seconds())
    await sender.begin(name="more.zip")


async def test_chunks_of_one_file_that_race_are_stored_once(sender: Sender) -> None:
    begun = await sender.begin()
    answers = await asyncio.gather(
        *(sender.send(begun.upload_id, 0, 1_000) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in answers) == ["ConflictError", "ConflictError", "UploadReply"]
    assert (await sender.begin()).received == 1_000


async def test_what_nobody_goes_on_with_is_swept_and_the_rest_stays(
    sender: Sender, store: FileStore, clock: FakeClock
) -> None:
    old = await sender.begin(name="old.zip")
    await sender.send(old.upload_id, 0, 1_000)
    clock.advance(KEPT_UNFINISHED.total_seconds() + 1)
    young = await sender.begin()
    await sender.send(young.upload_id, 0, 1_000)
    store.write("of-nobody", 0, b"x")
    assert await sender.uploads.sweep() == 2
    assert store.under_way() == [young.upload_id]
    with pytest.raises(NotFoundError):
        await sender.send(old.upload_id, 1_000, 2_000)
    assert (await sender.send(young.upload_id, 1_000, len(CONTENT))).state == "complete"
    assert await sender.uploads.sweep() == 0


def _full(descriptor: int) -> None:
    raise OSError(28, "No space left on device", descriptor)
