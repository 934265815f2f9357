import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from canopee_api.errors import ServerError
from canopee_api.postgres.location import forget
from canopee_api.postgres.server import EmbeddedServer
from canopee_kit.clock import SystemClock

pytestmark = pytest.mark.real
_CHILD = """
import sys, signal
from pathlib import Path
from canopee_api.postgres.server import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
print(server.start(), server.pid, sep="\\n", flush=True)
signal.pause()
"""


@pytest.fixture
def folder(tmp_path: Path):
    path = tmp_path / "postgres"
    yield path
    forget(path)


def test_what_was_written_is_there_after_a_stop_and_a_start(folder: Path) -> None:
    first = EmbeddedServer(folder)
    with psycopg.connect(first.start()) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    first.stop()
    second = EmbeddedServer(folder)
    try:
        with psycopg.connect(second.start()) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    finally:
        second.stop()


def test_a_second_server_on_the_same_folder_is_refused_with_what_to_do(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    try:
        with pytest.raises(ServerError, match="stop it first"):
            EmbeddedServer(folder).start()
    finally:
        server.stop()


def test_the_server_dies_with_its_parent_and_the_next_start_works(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        pid = int(parent.stdout.readline())
        parent.kill()
    _wait_until_gone(pid)
    server = EmbeddedServer(folder)
    server.start()
    server.stop()


def test_a_server_killed_at_once_is_recovered_by_the_next_start(folder: Path) -> None:
    killed = EmbeddedServer(folder)
    with psycopg.connect(killed.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        os.kill(killed.pid, signal.SIGKILL)
    killed.stop()
    server = EmbeddedServer(folder)
    try:
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    finally:
        server.stop()


def test_no_permission_of_a_parent_folder_is_changed(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    server = EmbeddedServer(private / "home" / "postgres")
    try:
        server.start()
        assert private.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()
        forget(private / "home" / "postgres")


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with pytest.raises(ServerError, match="shared_buffers"):
        EmbeddedServer(folder, options={"shared_buffers": "nonsense"}).start()


def _wait_until_gone(pid: int) -> None:
    clock = SystemClock()
    until = clock.monotonic() + 20
    while clock.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except FileNotFoundError:
            return
        clock.sleep(0.05)
    raise AssertionError(f"process {pid} is still there")
