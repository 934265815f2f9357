"""A support desk that the journeys of this folder share: one worker does them all."""

from collections.abc import Generator
from pathlib import Path

import pytest

from e2e.logs.desk import Desk, support_desk


@pytest.fixture(scope="package")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Generator[Desk]:
    """Fifty-one PCs at work and an SFTP server, until the last journey here has ended."""
    folder: Path = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANOPEE_TICK_S", "1")
        with support_desk(folder) as desk:
            yield desk
