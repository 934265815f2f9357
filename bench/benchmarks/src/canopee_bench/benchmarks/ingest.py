"""The benchmark `ingest`."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count

import msgspec
import psycopg
import zstandard

from canopee.documents import read_document
from canopee_bench.benchmark import Benchmark, Result, Setting, figure
from canopee_bench.catalog import CATALOG
from canopee_bench.charge import Charged, charge
from canopee_bench.installation import Api, Database, api, database, tokens_of
from canopee_bench.load import NextRequest, cycled, post
from canopee_contract.codec import encode
from canopee_contract.dataset import Dataset
from canopee_contract.records import Record, RecordBatch
from canopee_kit.clock import SystemClock
from canopee_proofs.million import device_id

_CONNECTIONS, _RECORDS, _ROWS = 64, 30, 1_920
_FIRST = 111_000_000_000
_DATASET, _ORDER = "read_registry", "01890a5d-ac96-774b-bcce-b302099a8057"
_BODY = {
    "name": "version", "key": "HKLM\\SOFTWARE\\Éditeur\\Cabinet",
    "value": "8.1.0 build 4711, installed by the setup of 2026-03-01 on this machine, by the practice's own hand",
    "type": "text", "found": True,
}  # fmt: skip
"""In the order of an agent's own records."""
_COPY = """COPY records (device_id, generation, stream, seq, dataset, version, at, received_at, order_id, body)
           FROM STDIN"""


class _Copied(msgspec.Struct, frozen=True):
    """What PostgreSQL does alone."""

    rows: int
    seconds: float
    cpu_s: float
    """Of PostgreSQL and of the client."""


class Ingest(Benchmark):
    """Records of about 240 bytes by batches of 30 on 64 connections, to a raw COPY of the same rows in the same table.

    The COPY sends rows made beforehand, 1 920 a transaction, from one connection. Besides the clock, both are charged
    for all the processor time they take, PostgreSQL's included.
    """

    def run(self, setting: Setting) -> Result:
        with database(setting.folder, _CONNECTIONS) as held, api(setting.folder, held.address) as served:
            dataset = read_document(CATALOG / "datasets" / f"{_DATASET}.yaml", Dataset)
            served.client.apply_dataset(dataset)
            now = SystemClock().now()
            tokens = tokens_of(setting.folder, range(1, _CONNECTIONS + 1))
            requests = [cycled(_batches(token, dataset.version, now)) for token in tokens]
            rounds = [_round(setting, held, served, requests) for _ in range(setting.rounds + 1)]
            before = served.memory_bytes()
            paced = [self._paced(setting, held, served, requests, rounds) for _ in range(setting.rounds)]
            grown = served.memory_bytes() - before
        copied, charged = [one for one, _ in rounds[1:]], [one for _, one in rounds[1:]]
        pairs = list(zip(copied, charged, strict=True))
        return Result(
            "ingest",
            figure("records by the clock", [_wall_ratio(one, other) for one, other in pairs], at_least=0.6),
            "raw COPY of the same rows",
            (
                figure("records per CPU-second, to raw COPY", [_cpu_ratio(*pair) for pair in pairs]),
                figure("records", [c.load.per_second * _RECORDS for c in charged], "/s"),
                figure("raw COPY", [one.rows / one.seconds for one in copied], "/s"),
                figure("API, CPU per record", [c.micros / _RECORDS for c in charged], "µs"),
                figure("PostgreSQL, CPU per record", [c.database_micros / _RECORDS for c in charged], "µs"),
                figure("raw COPY, CPU per row", [1e6 * one.cpu_s / one.rows for one in copied], "µs"),
                figure("p99 at half load", [1e3 * c.load.quantile(0.99) for c in paced], "ms", at_most=200),
                figure("p99 at full load", [1e3 * c.load.quantile(0.99) for c in charged], "ms"),
                figure("memory grown over the paced rounds", [grown / 2**20], "MiB", at_most=16),
                figure("share of its core that the generator used", [c.load.client_share for c in charged]),
            ),
        )  # fmt: skip

    def _paced(
        self, setting: Setting, held: Database, served: Api, requests: Sequence[NextRequest],
        rounds: Sequence[tuple[_Copied, Charged]],
    ) -> Charged:  # fmt: skip
        half = sorted(one.load.per_second for _, one in rounds)[len(rounds) // 2] / 2
        return charge(served, held, requests, seconds=setting.seconds, per_second=half)


def _round(
    setting: Setting, held: Database, served: Api, requests: Sequence[NextRequest]
) -> tuple[_Copied, Charged]:
    copied = _copy(held, setting.seconds)
    return copied, charge(served, held, requests, seconds=setting.seconds)


def _copy(held: Database, seconds: float) -> _Copied:
    rows, made = _rows(), 0
    with psycopg.connect(held.address, autocommit=True) as connection:
        started, cpu = time.perf_counter(), time.process_time() + held.cpu_s()
        while (elapsed := time.perf_counter() - started) < seconds:
            with connection.cursor().copy(_COPY) as copy:
                copy.write(rows)
            made += _ROWS
        return _Copied(made, elapsed, time.process_time() + held.cpu_s() - cpu)


def _rows() -> bytes:
    body, now = msgspec.json.encode(_BODY).decode().replace("\\", "\\\\"), SystemClock().now()
    return "".join(
        f"{device_id(1)}\t1\traw\t{seq}\t{_DATASET}\t1\t{now}\t{now}\t{_ORDER}\t{body}\n" for seq in range(_ROWS)
    ).encode()


def _batches(token: str, version: int, now: datetime) -> Iterator[bytes]:
    """Batches as an agent sends them, each with the next sequence numbers."""
    body, compress = msgspec.Raw(msgspec.json.encode(_BODY)), zstandard.ZstdCompressor(level=3).compress
    records = tuple(Record(_FIRST + n, _DATASET, version, now, body, _ORDER) for n in range(_RECORDS))
    text = encode(RecordBatch("main", records)).decode().replace("%", "%%")
    for number in range(_RECORDS):
        text = text.replace(str(_FIRST + number), "%d")
    for first in count(_FIRST, _RECORDS):
        content = compress((text % tuple(range(first, first + _RECORDS))).encode())
        yield post("/agent/v1/records", token, content, "content-encoding: zstd")


def _cpu_ratio(copied: _Copied, charged: Charged) -> float:
    return (copied.cpu_s / copied.rows) / (
        (charged.api_cpu_s + charged.database_cpu_s) / charged.load.requests / _RECORDS
    )


def _wall_ratio(copied: _Copied, charged: Charged) -> float:
    return charged.load.per_second * _RECORDS / (copied.rows / copied.seconds)
