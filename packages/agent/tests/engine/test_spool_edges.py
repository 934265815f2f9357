"""The spool under any sequence of use, cut and shortage: what was appended is waiting, acknowledged or told as lost."""

import itertools
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canopee_agent.engine.spool import MAX_RECORD_BYTES, Spool
from canopee_agent.errors import DiskError
from canopee_contract.codec import MAX_MESSAGE_BYTES, encode, inspect
from canopee_contract.records import GAP_DATASET, MAX_RECORDS, Record, RecordBatch
from canopee_kit.clock import FakeClock

AT = FakeClock().now()


def _record(size: int = 10, dataset: str = "d") -> Record:
    return Record(0, dataset, 1, AT, msgspec.Raw(b'"' + b"x" * size + b'"'), "o" * 36)


def _spool(folder: Path, max_bytes: int = 10**9) -> Spool:
    return Spool(folder / "spool.db", FakeClock(), max_bytes=max_bytes)


def _batch(spool: Spool) -> RecordBatch:
    batch = spool.batch()
    assert batch is not None
    return batch


def _gaps(batch: RecordBatch) -> list[dict[str, Any]]:
    return [msgspec.json.decode(record.body) for record in batch.records if record.dataset == GAP_DATASET]


APPEND = st.tuples(st.just("append"), st.lists(st.integers(0, 900), max_size=5))
OTHERS = st.tuples(st.sampled_from(["send", "reopen", "lose"]), st.just([0]))
"""`lose`: the server stored a batch and its answer was lost."""


@settings(max_examples=25, deadline=None)
@given(st.lists(APPEND | OTHERS, max_size=12), st.sampled_from([1_500, 4_000, 10**9]))
def test_every_record_is_waiting_stored_or_counted_as_dropped_and_no_number_comes_twice(
    plan: list[tuple[str, list[int]]], max_bytes: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spool = _spool(Path(folder), max_bytes)
        appended, stored, dropped = 0, dict[int, str](), 0

        def take(*, acknowledge: bool) -> None:
            nonlocal dropped
            batch = spool.batch()
            if batch is None:
                return
            assert [record.seq for record in batch.records] == sorted({record.seq for record in batch.records})
            for record in batch.records:
                seen = bytes(record.body).decode()
                assert stored.setdefault(record.seq, seen) == seen
            if acknowledge:
                dropped += sum(gap["dropped"] for gap in _gaps(batch))
                spool.acknowledge(batch, batch.records[-1].seq)

        for act, sizes in plan:
            if act == "append":
                spool.append(_record(size) for size in sizes)
                appended += len(sizes)
            elif act == "reopen":
                spool.close()
                spool = _spool(Path(folder), max_bytes)
            else:
                take(acknowledge=act == "send")
            assert spool.size_bytes <= max_bytes + 600  # a gap record is never dropped
        while spool.size_bytes:
            take(acknowledge=True)
        take(acknowledge=True)
        records = sum('"dropped"' not in body for body in stored.values())
        assert records + dropped >= appended
        assert records <= appended
        assert spool.batch() is None
        spool.close()


@pytest.mark.parametrize(("mark", "left"), [(-5, [1, 2, 3]), (0, [1, 2, 3]), (2, [3]), (3, []), (10**15, [])])
def test_a_mark_counts_within_its_batch_only(tmp_path: Path, mark: int, left: list[int]) -> None:
    spool = _spool(tmp_path)
    spool.append(_record() for _ in range(3))
    batch = _batch(spool)
    spool.append([_record()])
    spool.acknowledge(batch, mark)
    assert [record.seq for record in _batch(spool).records] == [*left, 4]
    spool.close()


def test_a_mark_that_goes_back_brings_nothing_back(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    spool.append(_record() for _ in range(4))
    batch = _batch(spool)
    for mark in (3, 1, 2):
        spool.acknowledge(batch, mark)
    assert [record.seq for record in _batch(spool).records] == [4]
    spool.close()


@pytest.mark.parametrize("size", [0, 1_000, 2_090, 100_000, MAX_RECORD_BYTES - 2])
def test_a_batch_always_fits_in_a_message_and_makes_progress(tmp_path: Path, size: int) -> None:
    spool = _spool(tmp_path)
    total = 3 if size > 10_000 else MAX_RECORDS + 20
    spool.append(_record(size, dataset="a" * 60) for _ in range(total))
    sent = 0
    while batch := spool.batch():
        raw = encode(batch)
        assert len(raw) <= MAX_MESSAGE_BYTES
        inspect(raw)
        sent += len(batch.records)
        spool.acknowledge(batch, batch.records[-1].seq)
    assert (sent, spool.size_bytes) == (total, 0)
    spool.close()


def test_bytes_that_count_double_once_escaped_do_not_make_a_batch_too_long(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    body = encode("\x01" * 100_000)
    spool.append(Record(0, "d", 1, AT, msgspec.Raw(body)) for _ in range(4))
    assert len(encode(_batch(spool))) <= MAX_MESSAGE_BYTES
    spool.close()


def test_losses_add_up_in_one_gap_that_survives_a_restart_and_is_told_once(tmp_path: Path) -> None:
    spool = _spool(tmp_path, 2_000)
    for _ in range(4):
        spool.append(_record(500) for _ in range(3))
    spool.close()
    again = _spool(tmp_path, 2_000)
    batch = _batch(again)
    kept = [record.seq for record in batch.records if record.dataset == "d"]
    (gap,) = _gaps(batch)
    assert gap == {
        "stream": again.stream, "dropped": 12 - len(kept), "first_seq": 1, "last_seq": min(kept) - 1,
        "reason": "spool_full",
    }  # fmt: skip
    again.acknowledge(batch, batch.records[-1].seq)
    assert again.batch() is None
    again.close()


def test_a_gap_waits_for_its_acknowledgement_as_any_record_and_is_never_dropped_itself(tmp_path: Path) -> None:
    spool = _spool(tmp_path, 2_000)
    spool.append(_record(500) for _ in range(6))
    told = _gaps(_batch(spool))
    spool.append(_record(500) for _ in range(6))
    batch = _batch(spool)
    assert _gaps(batch)[0] == told[0]
    assert sum(gap["dropped"] for gap in _gaps(batch)) + sum(r.dataset == "d" for r in batch.records) == 12
    spool.close()


def test_a_record_larger_than_the_whole_spool_is_told_as_lost(tmp_path: Path) -> None:
    spool = _spool(tmp_path, 1_000)
    spool.append([_record(5_000)])
    (gap,) = _gaps(_batch(spool))
    assert (gap["dropped"], gap["first_seq"], gap["last_seq"]) == (1, 1, 1)
    spool.close()


def test_a_record_too_large_for_a_message_keeps_none_of_its_company(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    with pytest.raises(ValueError, match="larger than"):
        spool.append([_record(), _record(MAX_RECORD_BYTES + 1)])
    assert (spool.batch(), spool.size_bytes) == (None, 0)
    spool.close()


def test_a_full_disk_is_said_keeps_none_of_the_records_and_counts_none(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    spool.append([_record()])
    before = spool.size_bytes
    pages = spool._db.execute("pragma page_count").fetchone()[0]  # pyright: ignore[reportPrivateUsage]
    spool._db.execute(f"pragma max_page_count={pages}")  # pyright: ignore[reportPrivateUsage]
    for _ in range(2):
        with pytest.raises(DiskError, match="cannot be written"):
            spool.append(_record(50_000) for _ in range(5))
    assert (spool.size_bytes, len(_batch(spool).records)) == (before, 1)
    spool._db.execute("pragma max_page_count=100000")  # pyright: ignore[reportPrivateUsage]
    spool.append([_record(50_000)])
    assert len(_batch(spool).records) == 2
    spool.close()


def test_a_new_database_never_takes_the_name_of_an_old_one(tmp_path: Path) -> None:
    names = [Spool(tmp_path / f"{number}.db", FakeClock()) for number in range(5)]
    assert len({spool.stream for spool in names}) == 5
    for spool in names:
        spool.close()


def test_numbers_go_on_after_a_restart_even_when_everything_was_sent(tmp_path: Path) -> None:
    seen = list[int]()
    for _ in range(3):
        spool = _spool(tmp_path)
        spool.append([_record(), _record()])
        batch = _batch(spool)
        seen += [record.seq for record in batch.records]
        spool.acknowledge(batch, batch.records[-1].seq)
        spool.close()
    assert all(later > earlier for earlier, later in itertools.pairwise(seen))


def test_a_record_comes_back_as_it_went_in(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    given = Record(
        0, "jeu_de_données", 3, AT.replace(microsecond=123), msgspec.Raw(b'{"b":1,"a":[null, 1.50]}'), "o"
    )
    spool.append([given])
    (record,) = _batch(spool).records
    assert record == msgspec.structs.replace(given, seq=1, body=record.body)
    assert bytes(record.body) == bytes(given.body)
    spool.close()
