"""`pragma max_page_count` makes SQLite say what it says when the disk is full."""

from pathlib import Path

import msgspec
import pytest

from canopee_agent.engine.database import Transaction, open_database
from canopee_agent.engine.spool import Spool
from canopee_agent.errors import DiskError
from canopee_contract.records import Record
from canopee_kit.clock import FakeClock


def _records(number: int, size: int = 20_000) -> list[Record]:
    return [Record(0, "d", 1, FakeClock().now(), msgspec.Raw(b'"%s"' % (b"x" * size))) for _ in range(number)]


def _limit(spool: Spool, pages: int) -> None:
    spool._db.execute(f"pragma max_page_count = {pages}")  # pyright: ignore[reportPrivateUsage]  no other way in


def test_records_that_do_not_fit_are_refused_as_a_whole_and_the_others_stay(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", FakeClock())
    spool.append(_records(1))
    size = spool.size_bytes
    _limit(spool, 16)
    with pytest.raises(DiskError, match="free some space"):
        spool.append(_records(10))
    assert spool.size_bytes == size
    batch = spool.batch()
    assert batch is not None
    assert len(batch.records) == 1
    spool.close()


def test_once_there_is_room_the_spool_goes_on_by_itself(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", FakeClock())
    _limit(spool, 16)
    with pytest.raises(DiskError):
        spool.append(_records(10))
    _limit(spool, 10_000)
    spool.append(_records(2))
    batch = spool.batch()
    assert batch is not None
    assert [record.seq for record in batch.records] == [1, 2]
    spool.close()


def test_a_transaction_that_fails_leaves_none_open(tmp_path: Path) -> None:
    opened = open_database(tmp_path / "a.db", ("create table t (b blob)",), FakeClock())
    opened.connection.execute("pragma max_page_count = 4")
    with pytest.raises(DiskError), Transaction(opened.connection):
        opened.connection.execute("insert into t values (zeroblob(100000))")
    with Transaction(opened.connection):
        opened.connection.execute("insert into t values (1)")
    assert opened.connection.execute("select count(*) from t").fetchone() == (1,)
    opened.connection.close()


def test_another_error_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    opened = open_database(tmp_path / "a.db", ("create table t (b blob)",), FakeClock())
    with pytest.raises(ZeroDivisionError), Transaction(opened.connection):
        raise ZeroDivisionError
    assert not opened.connection.in_transaction
    opened.connection.close()
