"""Large targets: received part by part, whole or not at all, and gone when nobody names them."""

import asyncio
import base64
import hashlib
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from canopee_api.catalog.target_files import TargetFiles
from canopee_api.doors.areas import Areas
from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres.target_files import PART_BYTES
from canopee_api.testing import Office
from canopee_contract.release_views import MAX_UPLOAD_BYTES
from canopee_kit.clock import FakeClock
from canopee_trust.ceremony import sign_release
from canopee_trust.errors import PublicationError
from canopee_trust.repository import TargetInfo

CONTENT = bytes(range(251)) * 3_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


async def _send(areas: Areas, offset: int, end: int, *, sha256: str = SHA256, content: bytes = CONTENT) -> str:
    part = content[offset:end]
    upload = await areas.target_files.receive(sha256, length=len(content), offset=offset, content=part)
    return f"{upload.state} {upload.received}"


async def _read(areas: Areas, sha256: str, start: int = 0, end: int | None = None) -> bytes:
    length = await areas.target_files.length(sha256)
    pieces = areas.target_files.pieces(sha256, start, length if end is None else end)
    return b"".join([piece async for piece in pieces])


async def test_a_file_comes_in_parts_and_is_read_back_from_any_place(areas: Areas) -> None:
    assert await _send(areas, 0, PART_BYTES) == f"partial {PART_BYTES}"
    with pytest.raises(NotFoundError):
        await areas.target_files.length(SHA256)
    assert await _send(areas, PART_BYTES, len(CONTENT)) == f"complete {len(CONTENT)}"
    for start, end in (
        (0, len(CONTENT)),
        (1, 2),
        (PART_BYTES - 1, PART_BYTES + 1),
        (len(CONTENT) - 1, len(CONTENT)),
    ):
        assert await _read(areas, SHA256, start, end) == CONTENT[start:end]


async def test_an_upload_that_was_cut_says_where_to_go_on_and_the_same_part_twice_is_refused(areas: Areas) -> None:
    await _send(areas, 0, PART_BYTES)
    assert (await areas.target_files.upload(SHA256)).received == PART_BYTES
    with pytest.raises(ConflictError, match=f"offset {PART_BYTES}"):
        await _send(areas, 0, PART_BYTES)
    with pytest.raises(ConflictError):
        await areas.target_files.receive(
            SHA256, length=len(CONTENT) + 1, offset=PART_BYTES, content=b"x" * PART_BYTES
        )
    await _send(areas, PART_BYTES, len(CONTENT))
    assert await _send(areas, 0, PART_BYTES) == f"complete {len(CONTENT)}"


async def test_bytes_with_another_hash_are_forgotten_and_may_be_sent_again(areas: Areas) -> None:
    other = b"x" + CONTENT[1:]
    await _send(areas, 0, PART_BYTES, content=other)
    with pytest.raises(InvalidError, match="another SHA-256"):
        await _send(areas, PART_BYTES, len(CONTENT), content=other)
    with pytest.raises(NotFoundError):
        await areas.target_files.upload(SHA256)
    await _send(areas, 0, len(CONTENT))
    assert await _read(areas, SHA256) == CONTENT


@pytest.mark.parametrize(
    ("sha256", "length", "offset", "size"),
    [
        ("x" * 64, 10, 0, 10), ("", 10, 0, 10), (SHA256.upper(), 10, 0, 10), (SHA256, 0, 0, 0), (SHA256, 10, 0, 0),
        (SHA256, 10, 0, 11), (SHA256, 10, -1, 5), (SHA256, 10, 0, 5), (SHA256, 2**40, 0, PART_BYTES),
        (SHA256, 10 * PART_BYTES, 1, PART_BYTES), (SHA256, 2**27, 0, MAX_UPLOAD_BYTES + PART_BYTES),
    ],
)  # fmt: skip
async def test_a_part_that_does_not_fit_is_refused(
    areas: Areas, sha256: str, length: int, offset: int, size: int
) -> None:
    with pytest.raises(InvalidError):
        await areas.target_files.receive(sha256, length=length, offset=offset, content=bytes(size))


async def test_two_publishers_of_the_same_file_store_each_part_once(areas: Areas) -> None:
    ends = await asyncio.gather(*(_send(areas, 0, PART_BYTES) for _ in range(4)), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["ConflictError"] * 3 + ["str"]
    await _send(areas, PART_BYTES, len(CONTENT))
    assert await _read(areas, SHA256) == CONTENT


async def test_another_process_serves_what_this_one_received(office: Office) -> None:
    await office.release(CONTENT)
    other = TargetFiles(office.areas.database, office.areas.clock)
    assert b"".join([piece async for piece in other.pieces(SHA256, 0, len(CONTENT))]) == CONTENT


async def test_what_no_metadata_names_is_removed_after_a_day_and_what_they_name_stays(
    office: Office, clock: FakeClock
) -> None:
    named = await office.release(CONTENT)
    forgotten = await office.upload(b"y" * 1_000)
    await office.areas.target_files.tend()
    assert await _read(office.areas, forgotten) == b"y" * 1_000
    clock.advance(timedelta(days=1, seconds=1).total_seconds())
    await office.areas.target_files.tend()
    assert await _read(office.areas, named.sha256) == CONTENT
    with pytest.raises(NotFoundError):
        await office.areas.target_files.length(forgotten)


async def _publish(office: Office, info: TargetInfo) -> str:
    newest = await office.areas.trust.newest()
    metadata = {role: base64.b64decode(raw) for role, raw in newest.roles.items()}
    publication = sign_release(metadata, info, office.keys / "offline", office.areas.clock.now())
    try:
        await office.areas.trust.publish(publication, by="test")
    except PublicationError as refused:
        return refused.reason
    return ""


async def test_a_release_is_published_only_once_its_bytes_are_here(office: Office) -> None:
    custom: dict[str, Any] = {"version": "1.1.0", "platform": "win-x64", "release_seq": 1, "min_release_seq": 0}
    info = TargetInfo("agent/win-x64/1.1.0.zip", len(CONTENT), SHA256, custom)
    assert await _publish(office, info) == "target_missing"
    await _send(office.areas, 0, PART_BYTES)
    assert await _publish(office, info) == "target_missing"
    await _send(office.areas, PART_BYTES, len(CONTENT))
    assert await _publish(office, msgspec.structs.replace(info, length=5)) == "target_missing"
    assert await _publish(office, info) == ""
    assert [one.path for one in office.areas.trust.releases()] == [info.path]
    name = f"agent/win-x64/{SHA256}.1.1.0.zip"
    assert await office.areas.trust.large_target(name) == SHA256
    assert await office.areas.trust.large_target(name.replace("1.1.0", "1.1.1")) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"path": "agent/win-x64/9.9.9.zip"}, "target_malformed"), ({"path": "agent/mac-x64/1.2.0.zip"}, "path"),
        ({"path": "pipelines/action/1.2.0.zip"}, "path"), ({"custom": {}}, "target_malformed"),
        ({"custom": {"version": "1.2.0", "platform": "win-x64", "release_seq": 0}}, "target_malformed"),
        ({"custom": {"version": "1.2.0", "platform": "win-x64", "release_seq": 1}}, "target_malformed"),
        ({"custom": {"version": "1.2.0", "platform": "win-x64", "release_seq": 2, "more": 1}}, "target_malformed"),
        ({"custom": {"version": "1.2.0", "platform": "win-x64", "release_seq": 2, "min_release_seq": 3}},
         "target_malformed"),
        ({"custom": {"version": "..", "platform": "win-x64", "release_seq": 2}, "path": "agent/win-x64/...zip"},
         "target_malformed"),
    ],
)  # fmt: skip
async def test_a_release_that_no_pc_could_take_is_refused(
    office: Office, changes: dict[str, Any], reason: str
) -> None:
    first = await office.release(CONTENT)
    custom = {"version": "1.2.0", "platform": "win-x64", "release_seq": 2, "min_release_seq": 0}
    good = msgspec.structs.replace(first, path="agent/win-x64/1.2.0.zip", custom=custom)
    assert await _publish(office, msgspec.structs.replace(good, **changes)) == reason
    assert await _publish(office, good) == ""


async def test_a_published_release_never_changes_its_bytes(office: Office) -> None:
    first = await office.release(CONTENT)
    sha256 = await office.upload(b"other")
    changed = msgspec.structs.replace(first, sha256=sha256, length=5)
    assert await _publish(office, changed) == "release_changed"
