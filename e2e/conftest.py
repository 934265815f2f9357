"""The whole system as its user starts it: `canopee up`, then the command line."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from canopee.testing import Installation
from canopee_api.postgres.location import forget


@contextmanager
def fleet(folder: Path) -> Generator[Installation]:
    """Two API processes behind nginx, the agent of this machine, twelve simulated PCs; each has run something.

    Campaigns are looked at every second.
    """
    installation = Installation(folder)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CANOPEE_TICK_S", "1")
            installation.up("--devices", "12", "--api", "2")
        installation.run("wait", "runs", "--at-least", "13", "--timeout", "60")
        yield installation
    finally:
        installation.run("down", expect=None)
        forget(installation.home.folder / "postgres")


@pytest.fixture
def alone(tmp_path: Path) -> Generator[Installation]:
    """An installation of one test's own, not started."""
    installation = Installation(tmp_path / "home")
    try:
        yield installation
    finally:
        installation.run("down", expect=None)
        forget(installation.home.folder / "postgres")
