"""Files that wait to be sent: whole once their step has ended, kept until the server has them."""

import hashlib
from collections.abc import Generator, Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from canopee_agent.engine import outbox as outbox_module
from canopee_agent.engine.draft import Draft
from canopee_agent.engine.outbox import KEPT, RECEIPTS_KEPT, Outbox, Outgoing
from canopee_agent.errors import DiskError, OverBudgetError, StepError
from canopee_kit.clock import FakeClock, SystemClock

CONTENT = b"a log\n" * 1_000


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(SystemClock().now())


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Generator[Outbox]:
    """An empty one."""
    outbox = Outbox(tmp_path / "outbox", clock)
    yield outbox
    outbox.close()


def draft(outbox: Outbox, *names: str, content: bytes = CONTENT, budget: int = 10**9) -> Draft:
    draft = outbox.draft(budget)
    for name in names or ("logs.zip",):
        with draft.create(name) as stream:
            stream.write(content)
    return draft


def committed(outbox: Outbox, *names: str, order_id: str = "order") -> Outgoing:
    """The first file that waits then."""
    outbox.commit(draft(outbox, *names), order_id, "logs")
    first = outbox.first()
    assert first is not None
    return first


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "outbox").glob("*.bin"))


def test_a_file_waits_once_its_step_has_ended_and_outlasts_the_process(
    outbox: Outbox, tmp_path: Path, clock: FakeClock
) -> None:
    waiting = draft(outbox)
    assert outbox.first() is None
    assert outbox.commit(waiting, "order", "logs") == len(CONTENT)
    outbox.close()
    again = Outbox(tmp_path / "outbox", clock)
    first = again.first()
    assert first is not None
    assert (first.order_id, first.step, first.name) == ("order", "logs", "logs.zip")
    assert (first.length, first.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert first.path.read_bytes() == CONTENT
    assert again.waiting_bytes == len(CONTENT)
    again.close()


def test_what_a_step_that_failed_made_goes_at_once(outbox: Outbox, tmp_path: Path) -> None:
    failed = draft(outbox)
    failed.drop()
    assert outbox.first() is None
    assert files(tmp_path) == []


def test_what_a_cut_left_behind_goes_at_the_next_start(outbox: Outbox, tmp_path: Path, clock: FakeClock) -> None:
    committed(outbox, "kept.zip")
    draft(outbox, "lost.zip")
    outbox.close()
    again = Outbox(tmp_path / "outbox", clock)
    assert len(files(tmp_path)) == 1
    first = again.first()
    assert first is not None
    assert first.name == "kept.zip"
    again.close()


def test_files_are_handed_out_in_turn(outbox: Outbox) -> None:
    first = committed(outbox, "a.zip")
    assert first.name == "a.zip"
    committed(outbox, "b.zip")
    outbox.forget(first, "sent")
    first = outbox.first()
    assert first is not None
    assert first.name == "b.zip"


def test_a_file_that_was_sent_is_removed_with_its_row(outbox: Outbox, tmp_path: Path) -> None:
    first = committed(outbox)
    outbox.forget(first, "sent")
    assert outbox.first() is None
    assert files(tmp_path) == []
    assert outbox.waiting_bytes == 0


def test_a_file_that_no_server_takes_is_given_up_after_a_week(
    outbox: Outbox, tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    committed(outbox)
    outbox.close()
    clock.advance((KEPT + timedelta(seconds=1)).total_seconds())
    again = Outbox(tmp_path / "outbox", clock)
    assert again.first() is None
    assert files(tmp_path) == []
    assert "waited in vain" in caplog.text
    again.close()


def test_a_file_that_somebody_removed_is_forgotten(outbox: Outbox, tmp_path: Path, clock: FakeClock) -> None:
    committed(outbox)
    outbox.close()
    files(tmp_path)[0].unlink()
    again = Outbox(tmp_path / "outbox", clock)
    assert again.first() is None
    again.close()


def test_a_file_that_cannot_be_made_or_measured_is_a_fault_of_the_disk(outbox: Outbox, tmp_path: Path) -> None:
    waiting = draft(outbox)
    files(tmp_path)[0].unlink()
    with pytest.raises(DiskError):
        outbox.commit(waiting, "order", "logs")
    assert outbox.first() is None
    (tmp_path / "outbox").rename(tmp_path / "gone")
    with pytest.raises(DiskError):
        outbox.draft(1).create("more.zip")


def test_files_beyond_the_budget_are_counted_not_kept_and_none_of_them_leaves(
    outbox: Outbox, tmp_path: Path
) -> None:
    large = draft(outbox, "a.zip", "b.zip", budget=len(CONTENT) + 10)
    assert sum(path.stat().st_size for path in files(tmp_path)) <= len(CONTENT) + 10
    with pytest.raises(
        OverBudgetError, match=rf"{2 * len(CONTENT)} bytes to send, and {len(CONTENT) + 10} are left"
    ):
        outbox.commit(large, "order", "logs")
    assert outbox.first() is None
    assert files(tmp_path) == []


def test_a_budget_is_used_up_to_its_last_byte(outbox: Outbox) -> None:
    outbox.commit(draft(outbox, budget=len(CONTENT)), "order", "logs")
    assert outbox.waiting_bytes == len(CONTENT)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".hidden", "é.zip", "C:x", "a" * 121])
def test_a_name_that_the_server_would_refuse_is_refused_here(outbox: Outbox, name: str) -> None:
    with pytest.raises(StepError, match="a name of its own"):
        outbox.draft(1).create(name)


def test_a_step_that_was_left_behind_makes_nothing_any_more(outbox: Outbox, tmp_path: Path) -> None:
    left = outbox.draft(1_000)
    stream = left.create("late.zip")
    left.drop()
    stream.write(b"x" * 100)
    with pytest.raises(StepError, match="over"):
        left.create("other.zip")
    stream.close()
    assert files(tmp_path) == []


def test_an_empty_file_is_not_sent(outbox: Outbox) -> None:
    outbox.commit(draft(outbox, content=b""), "order", "logs")
    assert outbox.first() is None


def test_what_has_gone_leaves_a_receipt(outbox: Outbox, tmp_path: Path, clock: FakeClock) -> None:
    one = committed(outbox, "sent.zip", order_id="one")
    outbox.forget(one, "sent")
    committed(outbox, "a.zip", "b.zip", order_id="two")
    purged = outbox.purge("two")
    assert [(receipt.name, receipt.state) for receipt in purged] == [("a.zip", "purged"), ("b.zip", "purged")]
    assert outbox.purge("two") == purged  # once more changes nothing
    assert [receipt.name for receipt in outbox.receipts()] == ["sent.zip", "a.zip", "b.zip"]
    assert outbox.receipts("one")[0].sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (files(tmp_path), outbox.first()) == ([], None)
    clock.advance((RECEIPTS_KEPT + timedelta(seconds=1)).total_seconds())
    outbox.forget(committed(outbox, "later.zip"), "sent")
    assert [receipt.name for receipt in outbox.receipts()] == ["later.zip"]


def test_a_purge_touches_no_other_order(outbox: Outbox) -> None:
    kept = committed(outbox, "kept.zip", order_id="one")
    assert outbox.purge("two") == ()
    assert outbox.first() == kept
    assert kept.path.read_bytes() == CONTENT


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("is_removed", [False, True])
def test_a_kill_between_a_purge_and_its_receipt_changes_nothing_of_it(
    outbox: Outbox, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, *, is_removed: bool
) -> None:
    """Whether the bytes had gone or not: they go, and the receipt says why, not that they were lost."""
    committed(outbox, "a.zip", "b.zip")

    def killed(paths: Iterable[Path]) -> None:
        if is_removed:
            for path in paths:
                path.unlink()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(outbox_module, "remove", killed)
        with pytest.raises(Killed):
            outbox.purge("order")
    outbox.close()
    again = Outbox(tmp_path / "outbox", clock)
    assert [(one.name, one.state) for one in again.untold()] == [("a.zip", "purged"), ("b.zip", "purged")]
    assert (files(tmp_path), again.first(), again.waiting_bytes) == ([], None, 0)
    again.close()


def test_bytes_that_somebody_holds_have_no_receipt_until_they_are_gone(
    outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows refuses to remove what an antivirus reads."""
    committed(outbox, "held.zip")

    def held(_: Iterable[Path]) -> None:
        """Nothing is removed."""

    with monkeypatch.context() as patch:
        patch.setattr(outbox_module, "remove", held)
        assert outbox.purge("order") == ()
        assert outbox.untold() == ()
        assert outbox.first() is None  # it is not sent any more
        outbox.commit(draft(outbox, "next.zip"), "other", "logs")
        following = outbox.first()
        assert following is not None
        assert following.name == "next.zip"
        outbox.forget(following, "sent")
    assert len(files(tmp_path)) == 2
    assert [(one.name, one.state) for one in outbox.untold()] == [("held.zip", "purged"), ("next.zip", "sent")]
    assert files(tmp_path) == []


def test_receipts_are_told_once_in_turn_and_across_restarts(
    outbox: Outbox, tmp_path: Path, clock: FakeClock
) -> None:
    committed(outbox, *[f"{number:03}.zip" for number in range(120)])
    outbox.purge("order")
    first = outbox.untold()
    assert [one.name for one in first] == [f"{number:03}.zip" for number in range(100)]
    outbox.note_told(first[49].number)
    outbox.note_told(first[3].number)  # late: nothing is told again
    outbox.close()
    again = Outbox(tmp_path / "outbox", clock)
    rest = again.untold()
    assert [one.name for one in rest] == [f"{number:03}.zip" for number in range(50, 120)]
    again.note_told(rest[-1].number)
    assert again.untold() == ()
    assert len(again.receipts()) == 100
    again.close()
