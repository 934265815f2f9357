"""A publisher with every key, and a PC that trusts its root."""

from collections.abc import Callable
from pathlib import Path

import pytest

from canopee_kit.clock import FakeClock
from canopee_trust.client import TrustedRepository
from canopee_trust.floor import MemoryFloor, VersionFloor
from canopee_trust.testing import Publisher


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def publisher(clock: FakeClock) -> Publisher:
    return Publisher(clock.now())


@pytest.fixture
def open_repository(
    tmp_path: Path, publisher: Publisher, clock: FakeClock
) -> Callable[[VersionFloor], TrustedRepository]:
    def build(floor: VersionFloor) -> TrustedRepository:
        return TrustedRepository(tmp_path / "tuf", publisher.root, fetch=publisher.fetch, floor=floor, clock=clock)

    return build


@pytest.fixture
def repository(open_repository: Callable[[VersionFloor], TrustedRepository]) -> TrustedRepository:
    return open_repository(MemoryFloor())
