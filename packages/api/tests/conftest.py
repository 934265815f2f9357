"""One PostgreSQL a worker, in memory; a migrated template database, a clone a test, the areas of a process on it."""

import os
import shutil
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from canopee_api.accounts import people
from canopee_api.app import running
from canopee_api.doors.areas import Areas
from canopee_api.postgres.database import Database
from canopee_api.postgres.location import forget
from canopee_api.postgres.migrate import migrate
from canopee_api.postgres.server import EmbeddedServer
from canopee_api.settings import Settings
from canopee_api.testing import Office
from canopee_kit.clock import FakeClock, SystemClock
from canopee_trust.ceremony import make_lab_keys

_HEAP = 25
"""A quarter of a gigabyte, or a little less."""
_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 3 * 1024**3  # noqa: S108  folders of our own are made in it


class Clones:
    """Databases of single tests; dropped some at a time, as ext4 makes files slowly after many were removed."""

    def __init__(self, server: str) -> None:
        self._maintenance, self._left, self._count = (
            make_conninfo(server, dbname="postgres"),
            list[Identifier](),
            0,
        )

    def clone(self, template: str) -> Generator[str]:
        """Address of a new one, for the length of a test."""
        self._count += 1
        name = f"test_{self._count}"
        with psycopg.connect(self._maintenance, autocommit=True) as connection:
            connection.execute(
                SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                    Identifier(name), Identifier(template)
                )
            )
        yield make_conninfo(self._maintenance, dbname=name)
        self._left.append(Identifier(name))
        if len(self._left) == _HEAP:
            with psycopg.connect(self._maintenance, autocommit=True) as connection:
                while self._left:
                    connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(self._left.pop()))


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Generator[PasswordHasher]:
    """What hashes passwords at work; the tests have the same algorithm, a thousand times cheaper."""
    real = people.HASHER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield real


@pytest.fixture(scope="session")
def clones(postgres: str) -> Clones:
    """The databases of this worker's tests."""
    return Clones(postgres)


@pytest.fixture(scope="session")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A folder in memory, where making a database takes a tenth of the time; on disk where there is little memory."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ROOM_BYTES:
        yield tmp_path_factory.mktemp("postgres")
        return
    for left in _MEMORY.glob("canopee-tests-*"):
        if not Path(f"/proc/{left.name.rpartition('-')[2]}").exists():  # its run was killed
            shutil.rmtree(left, ignore_errors=True)
    folder = _MEMORY / f"canopee-tests-{os.getpid()}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(memory: Path) -> Generator[str]:
    """Address of a server whose database is migrated: a template, to which nobody stays connected."""
    # With so many databases a worker of autovacuum would begin every second; and tests of the agent, in this process,
    # end whatever begins below it while a program runs: PostgreSQL would start again.
    options = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "max_wal_size": "128MB"}
    server = EmbeddedServer(memory, options=options)
    try:
        address = server.start()
        migrate(address)
        yield address
    finally:
        server.stop()
        forget(memory)


@pytest.fixture
def empty_database(clones: Clones) -> Generator[str]:
    """Address of a database without any table."""
    yield from clones.clone("template0")


@pytest.fixture
def database_url(clones: Clones) -> Generator[str]:
    """Address of a migrated database of this test's own."""
    yield from clones.clone("canopee")


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """A database of this test's own, that no process tends."""
    database = Database(database_url, size=4)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key folder for development."""
    folder = tmp_path_factory.mktemp("keys")
    make_lab_keys(folder, SystemClock().now())
    return folder


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the server under test, at the present of the keys."""
    return FakeClock(SystemClock().now())


@pytest.fixture
def settings(database_url: str, keys: Path, tmp_path: Path) -> Settings:
    """Settings of a process on the test's database; what is done periodically, a test does itself."""
    return Settings(
        home=tmp_path,
        database_url=database_url,
        port=0,
        keys=keys,
        secret_file=tmp_path / "secret.key",
        pool_size=4,
        worker=False,
    )


@pytest.fixture
async def areas(settings: Settings, clock: FakeClock) -> AsyncGenerator[Areas]:
    """The areas of a running process, without doors."""
    async with running(settings, settings.database_url, clock) as areas:
        yield areas


@pytest.fixture
async def office(areas: Areas, keys: Path) -> Office:
    """People at work on these areas: an administrator and a publisher, with the first metadata published."""
    office = Office(areas, keys)
    await office.open()
    return office
