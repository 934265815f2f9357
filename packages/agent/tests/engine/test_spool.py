from pathlib import Path

import msgspec
import pytest

from canopee_agent.engine.database import journal_mode
from canopee_agent.engine.policy import LocalPolicy, read_policy
from canopee_agent.engine.spool import MAX_RECORD_BYTES, Spool
from canopee_agent.errors import StateError
from canopee_contract.records import Record
from canopee_kit.clock import FakeClock


def _record(body: bytes = b'{"n":1}') -> Record:
    return Record(0, "d", 1, FakeClock().now(), msgspec.Raw(body))


def _spool(path: Path, max_bytes: int = 10**9) -> Spool:
    return Spool(path / "spool.db", FakeClock(), max_bytes=max_bytes)


def test_records_wait_on_disk_until_they_are_acknowledged(tmp_path: Path) -> None:
    first = _spool(tmp_path)
    first.append(_record() for _ in range(3))
    first.close()
    spool = _spool(tmp_path)
    batch = spool.batch()
    assert batch is not None
    assert [record.seq for record in batch.records] == [1, 2, 3]
    spool.acknowledge(batch, 2)
    again = spool.batch()
    assert again is not None
    assert [record.seq for record in again.records] == [3]
    spool.close()


def test_numbers_are_never_used_again_after_everything_was_sent(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    spool.append([_record()])
    batch = spool.batch()
    assert batch is not None
    spool.acknowledge(batch, 1)
    assert spool.batch() is None
    spool.append([_record()])
    later = spool.batch()
    assert later is not None
    assert later.records[0].seq == 2
    spool.close()


def test_when_it_is_full_the_oldest_give_way_and_the_loss_is_told(tmp_path: Path) -> None:
    spool = _spool(tmp_path, max_bytes=3_000)
    spool.append(_record(b'"' + b"x" * 500 + b'"') for _ in range(10))
    batch = spool.batch()
    assert batch is not None
    gap = next(record for record in batch.records if record.dataset == "gap")
    told = msgspec.json.decode(gap.body)
    kept = [record.seq for record in batch.records if record.dataset == "d"]
    assert told["dropped"] + len(kept) == 10
    assert (told["first_seq"], told["last_seq"]) == (1, min(kept) - 1)
    spool.close()


def test_a_batch_is_bounded_in_records_and_in_bytes(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    spool.append(_record() for _ in range(600))
    batch = spool.batch()
    assert batch is not None
    assert len(batch.records) == 500
    spool.close()
    large = Spool(tmp_path / "large.db", FakeClock())
    large.append(_record(b'"' + b"x" * 400_000 + b'"') for _ in range(5))
    some = large.batch()
    assert some is not None
    assert len(some.records) == 2
    with pytest.raises(ValueError, match="larger"):
        large.append([_record(b"x" * (MAX_RECORD_BYTES + 1))])
    large.close()


def test_a_corrupt_spool_is_set_aside_and_a_new_stream_begins(tmp_path: Path) -> None:
    first = _spool(tmp_path)
    stream = first.stream
    first.close()
    (tmp_path / "spool.db").write_bytes(b"not a database" * 1000)
    spool = _spool(tmp_path)
    assert spool.stream != stream
    assert spool.corrupt is not None
    assert spool.corrupt.read_bytes().startswith(b"not a database")
    spool.close()


@pytest.mark.parametrize(
    ("version", "mode"), [((3, 40, 1), "DELETE"), ((3, 44, 6), "WAL"), ((3, 51, 2), "DELETE"), ((3, 51, 3), "WAL")]
)
def test_the_versions_of_sqlite_whose_wal_may_corrupt_do_not_use_it(
    version: tuple[int, int, int], mode: str
) -> None:
    assert journal_mode(version) == mode


def test_without_a_policy_file_no_program_may_run_and_no_development_key_counts(tmp_path: Path) -> None:
    assert read_policy(tmp_path / "policy.toml") == LocalPolicy()
    assert LocalPolicy().program_roots == ()


@pytest.mark.parametrize("text", ["enabled = 1", "unknown = true", "program_roots = 'x'", "= ="])
def test_a_policy_that_cannot_be_read_for_sure_lets_nothing_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "policy.toml").write_text(text)
    with pytest.raises(StateError, match="correct the local policy"):
        read_policy(tmp_path / "policy.toml")


def test_a_policy_saved_by_the_notepad_of_windows_is_read(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("enabled = false\r\n", "utf-8-sig")
    assert not read_policy(tmp_path / "policy.toml").enabled
