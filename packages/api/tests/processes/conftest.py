"""Two processes of the API on one database, shared by the tests of a module: each makes devices of its own."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from canopee_api.app import running, wire
from canopee_api.catalog.online_keys import OnlineKeys
from canopee_api.doors.areas import Areas
from canopee_api.live.listener import Listener
from canopee_api.postgres.database import Database
from canopee_api.settings import Settings, read_secret
from canopee_api.testing import Office, Pair
from canopee_kit.clock import FakeClock, SystemClock


@pytest.fixture(scope="module")
def shared(
    postgres: str, keys: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Settings]:
    """Settings of both processes."""
    name = f"m{abs(hash(request.node.nodeid))}"
    folder, maintenance = tmp_path_factory.mktemp("pair"), make_conninfo(postgres, dbname="postgres")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE canopee STRATEGY FILE_COPY").format(Identifier(name)))
    yield Settings(
        home=folder, database_url=make_conninfo(postgres, dbname=name), port=0, keys=keys,
        secret_file=folder / "secret.key", pool_size=4, worker=False,
    )  # fmt: skip
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(shared: Settings, keys: Path) -> AsyncGenerator[Pair]:
    clock = FakeClock(SystemClock().now())
    async with running(shared, shared.database_url, clock) as first:
        office = Office(first, keys)
        await office.open()
        async with running(shared, shared.database_url, clock) as second:
            yield Pair(office, second, clock)


@pytest_asyncio.fixture(loop_scope="module")
async def deaf(pair: Pair, shared: Settings) -> AsyncGenerator[Areas]:
    """A third process, that has read everything once and hears of nothing: the worst moment of a lag."""
    database = Database(shared.database_url, size=4)
    await database.open()
    areas = wire(database, OnlineKeys.read(shared.keys), read_secret(shared.secret_file), pair.clock, shared)

    async def reload() -> None:
        await areas.datasets.reload()
        await areas.trust.reload()

    await Listener(database, areas.fleet, reload).load()
    stop = asyncio.Event()
    intake = asyncio.create_task(areas.intake.run(stop))
    yield areas
    stop.set()
    await intake
    await database.close()
