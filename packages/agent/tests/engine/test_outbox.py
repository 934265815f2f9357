"""Files that wait to be sent: whole once their step has ended, kept until the server has them."""

import hashlib
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest

from canopee_agent.engine.outbox import KEPT, Outbox
from canopee_agent.errors import DiskError
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


def made(outbox: Outbox, name: str = "logs.zip", content: bytes = CONTENT) -> None:
    with outbox.create(name) as stream:
        stream.write(content)


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "outbox").glob("*.bin"))


def test_a_file_waits_once_its_step_has_ended_and_outlasts_the_process(
    outbox: Outbox, tmp_path: Path, clock: FakeClock
) -> None:
    made(outbox)
    assert outbox.first() is None
    outbox.commit("order", "logs")
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
    made(outbox)
    outbox.drop()
    outbox.commit("order", "logs")
    assert outbox.first() is None
    assert files(tmp_path) == []


def test_what_a_cut_left_behind_goes_at_the_next_start(outbox: Outbox, tmp_path: Path, clock: FakeClock) -> None:
    made(outbox, "kept.zip")
    outbox.commit("order", "logs")
    made(outbox, "lost.zip")
    outbox.close()
    again = Outbox(tmp_path / "outbox", clock)
    assert len(files(tmp_path)) == 1
    first = again.first()
    assert first is not None
    assert first.name == "kept.zip"
    again.close()


def test_files_are_handed_out_in_turn(outbox: Outbox) -> None:
    for name in ("a.zip", "b.zip"):
        made(outbox, name)
        outbox.commit("order", name)
    first = outbox.first()
    assert first is not None
    assert first.name == "a.zip"
    outbox.forget(first)
    first = outbox.first()
    assert first is not None
    assert first.name == "b.zip"


def test_a_file_that_was_sent_is_removed_with_its_row(outbox: Outbox, tmp_path: Path) -> None:
    made(outbox)
    outbox.commit("order", "logs")
    first = outbox.first()
    assert first is not None
    outbox.forget(first)
    assert outbox.first() is None
    assert files(tmp_path) == []
    assert outbox.waiting_bytes == 0


def test_a_file_that_no_server_takes_is_given_up_after_a_week(
    outbox: Outbox, tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    made(outbox)
    outbox.commit("order", "logs")
    outbox.close()
    clock.advance((KEPT + timedelta(seconds=1)).total_seconds())
    again = Outbox(tmp_path / "outbox", clock)
    assert again.first() is None
    assert files(tmp_path) == []
    assert "waited in vain" in caplog.text
    again.close()


def test_a_file_that_somebody_removed_is_forgotten(outbox: Outbox, tmp_path: Path, clock: FakeClock) -> None:
    made(outbox)
    outbox.commit("order", "logs")
    outbox.close()
    files(tmp_path)[0].unlink()
    again = Outbox(tmp_path / "outbox", clock)
    assert again.first() is None
    again.close()


def test_a_file_that_cannot_be_made_or_measured_is_a_fault_of_the_disk(outbox: Outbox, tmp_path: Path) -> None:
    made(outbox)
    files(tmp_path)[0].unlink()
    with pytest.raises(DiskError):
        outbox.commit("order", "logs")
    assert outbox.first() is None
    (tmp_path / "outbox").rename(tmp_path / "gone")
    with pytest.raises(DiskError):
        outbox.create("more.zip")
