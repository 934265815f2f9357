"""Archives: opened by whom, downloaded, read, searched, purged."""

import io
import zipfile
from datetime import timedelta

import pytest

from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.files.store import FileStore
from canopee_api.job import perform
from canopee_api.jobs.tend_logs import TendLogs
from canopee_api.logs.archives import Archives, check_pattern
from canopee_api.logs.reading import Readers
from canopee_api.settings import Settings
from canopee_api.testing import Office, ReplyError
from canopee_api.testing_logs import Support, an_archive
from canopee_contract.log_requests import SearchArchive
from canopee_kit.clock import FakeClock


@pytest.fixture
def store(settings: Settings) -> FileStore:
    """The folder of the process under test."""
    return FileStore(settings.files_folder)


async def test_everything_that_is_there_comes_in_one_zip_while_others_still_send(
    support: Support, office: Office
) -> None:
    first, second, slow = [await office.pc() for _ in range(3)]
    view = await support.request(first, second, slow)
    contents = [an_archive({"app.log": b"one"}), an_archive({"app.log": b"two"})]
    for pc, content in zip((first, second), contents, strict=True):
        await support.answer(pc, content)
    name, pieces = await office.areas.log_archives.open_all(view.id, by="dominique")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert name.startswith("SUP-4711_")
    assert archive.testzip() is None
    entries = [one for one in archive.namelist() if one != "request.json"]
    assert sorted(archive.read(one) for one in entries) == sorted(contents)
    assert len({*entries}) == 2
    assert all(one.compress_type == zipfile.ZIP_STORED for one in archive.infolist())
    with pytest.raises(ConflictError, match="not all of it"):
        await office.areas.log_archives.open(view.id, slow.id, step="", by="dominique", how="download")


async def test_who_opened_which_archive_is_in_the_audit_once_for_who_reads_on(
    support: Support, office: Office, clock: FakeClock
) -> None:
    pc = await office.pc()
    view = await support.request(pc)
    await support.answer(pc)
    archives = office.areas.log_archives
    for _ in range(3):
        await archives.listing(view.id, pc.id, step="", by="camille")
    await archives.open(view.id, pc.id, step="", by="camille", how="download")
    clock.advance(601)
    await archives.text(view.id, pc.id, step="", number=1, first=1, count=10, by="camille")
    history = await office.areas.log_requests.history(view.id, after=0, limit=10)
    opened = [(one.actor, one.detail["how"], one.detail["device"]) for one in history if one.action == "logs.open"]
    assert opened == [("camille", "read", pc.id), ("camille", "download", pc.id), ("camille", "read", pc.id)]


async def test_an_archive_is_searched_and_read_by_line(support: Support, office: Office) -> None:
    pc = await office.pc()
    view = await support.request(pc)
    await support.answer(pc)
    archives = office.areas.log_archives
    found = await archives.search(view.id, pc.id, SearchArchive("error"), by="camille")
    assert [(one.path, one.line, one.text[one.start : one.end]) for one in found.matches] == [
        ("product/app.log", 2, "ERROR")
    ]
    assert (found.ended_by, found.is_cut) == ("end", False)
    with pytest.raises(InvalidError, match="no such file"):
        await archives.text(view.id, pc.id, step="", number=2, first=1, count=10, by="camille")
    for device, step in ((pc.id, "other"), (view.id, "")):
        with pytest.raises((NotFoundError, ConflictError)):
            await archives.listing(view.id, device, step=step, by="camille")


async def test_a_search_that_would_take_for_ever_ends_in_time_with_what_it_found(
    support: Support, office: Office, store: FileStore, clock: FakeClock
) -> None:
    pc = await office.pc()
    view = await support.request(pc)
    await support.answer(pc, an_archive({"app.log": b"aX\n" + b"a" * 60 + b"\n"}))
    wanted = SearchArchive("^(a+)+X", regex=True)
    for longest_s in (2, 10, 50):  # on a busy machine, its process may begin late
        hasty = Archives(office.areas.database, store, Readers(longest_s=longest_s), clock)
        found = await hasty.search(view.id, pc.id, wanted, by="camille")
        if found.matches:
            break
    assert ([one.line for one in found.matches], found.ended_by, found.is_cut) == ([1], "time", True)


async def test_what_is_no_archive_is_said_to_be_none(support: Support, office: Office) -> None:
    pc = await office.pc()
    view = await support.request(pc)
    await support.answer(pc, b"not a zip at all")
    with pytest.raises(InvalidError, match="no archive that can be read"):
        await office.areas.log_archives.listing(view.id, pc.id, step="", by="camille")


@pytest.mark.parametrize("pattern", ["", "(", "x" * 501, "a{99999999999}", "(?P<a>x)(?P<a>y)"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidError):
        check_pattern(pattern, is_regex=True, has_case=True)


async def test_a_purge_removes_the_bytes_and_leaves_a_receipt(
    support: Support, office: Office, store: FileStore
) -> None:
    ready, sending, waiting, nothing = [await office.pc() for _ in range(4)]
    view = await support.request(ready, sending, waiting, nothing)
    content = an_archive()
    await support.answer(ready, content)
    begun = await support.send(sending, await support.order(sending), content, only=10)
    await support.report(nothing, await support.order(nothing), "failed", step="failed", at="nothing_found")
    (archive,) = (await support.devices(view.id))[ready.id].archives
    purged = await office.areas.log_purges.purge(view.id, by="dominique")
    assert (purged.state, purged.purged_by, purged.states) == (
        "purged",
        "dominique",
        {"purged": 3, "nothing_found": 1},
    )
    assert not store.has(archive.sha256)
    assert begun not in store.under_way()
    receipts = {one.device_id: one for one in await office.areas.log_purges.receipts(view.id, after=0, limit=10)}
    assert {*receipts} == {ready.id, sending.id}
    receipt, cut = receipts[ready.id], receipts[sending.id]
    assert (receipt.sha256, receipt.size_bytes) == (archive.sha256, len(content))
    assert (receipt.purged_by, receipt.bytes_removed, receipt.on_pc) == ("dominique", True, "not_heard")
    assert (cut.size_bytes, cut.received_at, cut.bytes_removed) == (10, None, True)
    with pytest.raises(NotFoundError, match="receipt"):
        await office.areas.log_archives.open(view.id, ready.id, step="", by="camille", how="download")
    assert await office.areas.log_purges.purge(view.id, by="camille") == purged  # again: nothing changes
    assert (await waiting.check_in()).orders == ()  # what no PC has yet is not given any more


async def test_a_pc_that_goes_on_after_the_purge_is_told_to_forget(support: Support, office: Office) -> None:
    pc = await office.pc()
    view = await support.request(pc)
    order, content = await support.order(pc), an_archive()
    await support.send(pc, order, content, only=10)
    await office.areas.log_purges.purge(view.id, by="dominique")
    with pytest.raises(ReplyError, match=r"upload\.purged"):
        await support.send(pc, order, content)


async def test_bytes_that_another_request_has_too_are_kept_until_it_is_purged(
    support: Support, office: Office, store: FileStore
) -> None:
    one, two = await office.pc(), await office.pc()
    first, second, content = await support.request(one), await support.request(two), an_archive()
    await support.answer(one, content)
    await support.answer(two, content)
    (archive,) = (await support.devices(first.id))[one.id].archives
    purges = office.areas.log_purges
    await purges.purge(first.id, by="camille")
    assert store.has(archive.sha256)
    await purges.purge(second.id, by="camille")
    assert not store.has(archive.sha256)
    receipts = [(await purges.receipts(one, after=0, limit=10))[0] for one in (first.id, second.id)]
    assert [receipt.bytes_removed for receipt in receipts] == [False, True]


async def test_one_device_is_purged_and_the_others_stay(support: Support, office: Office) -> None:
    one, two = await office.pc(), await office.pc()
    view = await support.request(one, two)
    await support.answer(one, an_archive({"a": b"1"}))
    await support.answer(two, an_archive({"a": b"2"}))
    purged = await office.areas.log_purges.purge(view.id, by="camille", device_id=one.id)
    assert (purged.state, purged.states) == ("complete", {"purged": 1, "ready": 1})
    with pytest.raises(NotFoundError):
        await office.areas.log_purges.purge(view.id, by="camille", device_id=view.id)


async def test_what_was_kept_for_long_enough_is_purged_by_itself(
    support: Support, office: Office, clock: FakeClock, store: FileStore
) -> None:
    pc = await office.pc()
    view = await support.request(pc, keep_days=2)
    await support.answer(pc)
    (archive,) = (await support.devices(view.id))[pc.id].archives
    clock.advance(timedelta(days=2).total_seconds() - 1)
    await perform(TendLogs(), office.areas)
    assert store.has(archive.sha256)
    clock.advance(1)
    await perform(TendLogs(), office.areas)
    view = await office.areas.log_requests.view(view.id)
    assert (view.state, view.purged_by, store.has(archive.sha256)) == ("purged", "canopee", False)


async def test_bytes_that_are_gone_from_the_folder_are_said_to_be(
    support: Support, office: Office, store: FileStore
) -> None:
    pc = await office.pc()
    view = await support.request(pc)
    await support.answer(pc)
    store.remove((await support.devices(view.id))[pc.id].archives[0].sha256)
    with pytest.raises(NotFoundError, match="folder of files"):
        await office.areas.log_archives.open(view.id, pc.id, step="", by="camille", how="download")
