"""`canopee storage`, against an API that answers as told."""

import json
from collections.abc import Callable
from datetime import date

import pytest

from canopee.commands.storage import bytes_text
from canopee_contract.storage import DatasetVolume, OpenTransaction, ReaderLag, TableVolume, Volumes

VOLUMES = Volumes(
    bytes=3_200_000_000,
    months=["2026-11", "2026-12"],
    datasets=[
        DatasetVolume("measure@1", "measure", 1, 12_000, 5_000_000, date(2026, 11, 1), 30, 1_500.4, 625_000)
    ],
    tables=[TableVolume("runs", 10, 8_192, 400), TableVolume("audit", 3, 8_192)],
    readers=[ReaderLag("storage", 12, 3.5)],
)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (3.2e9, "3.2 GB"), (5e15, "5000.0 TB")]
)
def test_bytes_are_said_in_the_unit_that_suits(number: float, text: str) -> None:
    assert bytes_text(number) == text


def test_growth_retention_and_lag_are_shown(answers: dict[str, object], run: Callable[..., str]) -> None:
    answers["/v1/storage"] = VOLUMES
    shown = " ".join(run("storage").split())
    assert "measure@1 12,000 5.0 MB 2026-11-01 30 d 1,500 625.0 kB" in shown
    assert "runs 10 8.2 kB 400 d" in shown
    assert "audit 3 8.2 kB -" in shown
    assert "storage 12 3.5" in shown
    assert "3.2 GB in all; months of records: 2026-11, 2026-12" in shown
    assert "readers wait" not in shown


def test_who_holds_the_readers_back_is_named(answers: dict[str, object], run: Callable[..., str]) -> None:
    held = Volumes(1, [], [], [], [], OpenTransaction(4711, "psql", "idle in transaction", 90.4))
    answers["/v1/storage"] = held
    assert "readers wait for process 4711 (psql, idle in transaction): 90 s" in " ".join(run("storage").split())


def test_a_program_gets_the_same_as_json(answers: dict[str, object], run: Callable[..., str]) -> None:
    answers["/v1/storage"] = VOLUMES
    assert json.loads(run("storage", "--json"))["datasets"][0]["bytes_per_day"] == 625_000
