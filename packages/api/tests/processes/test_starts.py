"""Processes that start, work and stop beside others."""

import asyncio
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from canopee_api.app import running
from canopee_api.postgres.migrate import migrate, migrations
from canopee_api.settings import Settings, read_secret
from canopee_api.testing import Office
from canopee_kit.clock import FakeClock, SystemClock

pytestmark = pytest.mark.real


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_two_processes_that_keep_the_repository_fresh_sign_it_once(
    office: Office, settings: Settings, clock: FakeClock
) -> None:
    before = office.areas.trust.timestamp_version
    async with running(settings, settings.database_url, clock) as other:
        clock.advance(timedelta(days=30).total_seconds())
        await asyncio.gather(office.areas.trust.keep_fresh(), other.trust.keep_fresh())
        assert (office.areas.trust.timestamp_version, other.trust.timestamp_version) == (before + 1, before + 1)


async def test_processes_started_at_once_on_an_empty_database_migrate_it_once_and_share_a_secret(
    empty_database: str, keys: Path, tmp_path: Path
) -> None:
    applied = await asyncio.gather(*(asyncio.to_thread(migrate, empty_database) for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, len(migrations())]
    settings = Settings(
        home=tmp_path, database_url=empty_database, port=0, keys=keys, secret_file=tmp_path / "s", pool_size=2
    )

    async def start() -> None:
        async with running(settings, empty_database, SystemClock()):
            pass

    await asyncio.gather(*(start() for _ in range(4)))
    with psycopg.connect(empty_database) as connection:
        partitions = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relname LIKE 'records_20%'"
        ).fetchone()
    assert partitions is not None
    assert partitions[0] >= 2
    secrets = await asyncio.gather(*(asyncio.to_thread(read_secret, tmp_path / "t") for _ in range(8)))
    assert len(set(secrets)) == 1
    assert _names(tmp_path) == ["s", "t"]


async def test_devices_sent_away_by_a_stop_come_back_over_some_time(office: Office) -> None:
    fleet = office.areas.fleet
    waits = [asyncio.create_task(fleet.wait(f"device-{number}", 60)) for number in range(4_000)]
    await asyncio.sleep(0)
    fleet.close()
    await asyncio.wait_for(asyncio.gather(*waits), 5)
    seconds = [fleet.come_back_s() for _ in range(4_000)]
    assert min(seconds) >= 2
    assert max(seconds.count(second) for second in set(seconds)) < 400
    assert await fleet.wait("late", 60)
