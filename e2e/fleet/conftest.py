"""A fleet that the journeys of this folder share: one worker does them all."""

from collections.abc import Generator

import pytest

from canopee.testing import Installation
from e2e.conftest import fleet


@pytest.fixture(scope="package")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    """The fleet, which ends with the last journey here; they count its PCs: none adds any."""
    with fleet(tmp_path_factory.mktemp("home")) as installation:
        yield installation
