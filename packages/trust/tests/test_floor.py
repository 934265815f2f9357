"""Floors: durable, never lower, and mended from one another."""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from canopee_trust.floor import MemoryFloor, MirroredFloor, SqliteFloor


@contextmanager
def _mirrored(folder: Path) -> Generator[MirroredFloor]:
    with closing(MirroredFloor((folder / "a.db", folder / "b.db"))) as floor:
        yield floor


def test_a_floor_never_goes_down(tmp_path: Path) -> None:
    with closing(SqliteFloor(tmp_path / "floor.db")) as kept:
        for floor in (kept, MemoryFloor()):
            floor.raise_to({"x": 5, "y": 1})
            floor.raise_to({"x": 3})
            assert (floor.get("x"), floor.get("y"), floor.get("z")) == (5, 1, 0)


@pytest.mark.parametrize("name", ["a.db", "b.db"])
@pytest.mark.parametrize("damage", [b"", b"\0" * 8_192, b"noise" * 1_000, None])
def test_one_copy_that_is_lost_or_spoiled_is_mended_from_the_other(
    tmp_path: Path, name: str, damage: bytes | None
) -> None:
    with _mirrored(tmp_path) as floor:
        floor.raise_to({"x": 7})
    if damage is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(damage)
    with _mirrored(tmp_path) as floor:
        assert floor.get("x") == 7
    for copy in ("a.db", "b.db"):
        with closing(SqliteFloor(tmp_path / copy)) as alone:
            assert alone.get("x") == 7


def test_a_copy_that_went_back_is_raised(tmp_path: Path) -> None:
    with _mirrored(tmp_path) as floor:
        floor.raise_to({"x": 2})
    old = (tmp_path / "a.db").read_bytes()
    with _mirrored(tmp_path) as floor:
        floor.raise_to({"x": 9})
    (tmp_path / "a.db").write_bytes(old)
    with _mirrored(tmp_path) as floor:
        assert floor.get("x") == 9


def test_a_spoiled_file_is_kept_aside(tmp_path: Path) -> None:
    (tmp_path / "floor.db").write_bytes(b"noise" * 1_000)
    with closing(SqliteFloor(tmp_path / "floor.db")) as floor:
        assert floor.all() == {}
    assert (tmp_path / "floor.db.corrupt").read_bytes() == b"noise" * 1_000


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        SqliteFloor(tmp_path / "none" / "floor.db")
