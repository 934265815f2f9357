"""The log file of an agent that runs for years."""

import logging
from collections.abc import Generator
from pathlib import Path

import pytest

from canopee_kit import logs


@pytest.fixture(autouse=True)
def _as_it_was() -> Generator[None]:
    root = logging.getLogger()  # noqa: TID251  what is tested
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_log_file_is_followed_by_another_one_and_by_no_more(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "agent.log"
    logs.to_file(path, max_bytes=1_000)
    for number in range(200):
        logs.get_logger("test").info("line %d", number)
    assert sorted(one.name for one in path.parent.iterdir()) == ["agent.log", "agent.log.1"]
    assert all(one.stat().st_size < 1_100 for one in path.parent.iterdir())
    assert "line 199" in path.read_text() + Path(f"{path}.1").read_text()


def test_a_log_file_that_cannot_be_renamed_grows_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "agent.log"
    (tmp_path / "agent.log.1" / "in the way").mkdir(parents=True)
    logs.to_file(path, max_bytes=500)
    for number in range(50):
        logs.get_logger("test").info("line %d", number)
    assert path.read_text().count("\n") == 50
