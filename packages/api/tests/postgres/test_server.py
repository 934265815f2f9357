import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from canopee_api.errors import ServerError
from canopee_api.postgres.location import forget, locate
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


def test_a_first_start_killed_in_the_middle_of_initdb_is_begun_again(folder: Path) -> None:
    """`PG_VERSION` is one of the first files that initdb writes: it does not say that the folder is complete."""
    half = locate(folder).data.with_name("new-0000")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedServer(folder)
    try:
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()
    assert not half.exists()


def test_a_start_waits_for_the_backends_of_a_server_that_was_killed(folder: Path) -> None:
    killed = EmbeddedServer(folder)
    address = killed.start()
    busy = psycopg.connect(address, autocommit=True)
    busy.execute("CREATE TABLE kept (n bigint)")
    backend = busy.info.backend_pid
    busy.pgconn.send_query(b"INSERT INTO kept SELECT sum(n) FROM generate_series(1, 4000000) n")
    os.kill(killed.pid, signal.SIGKILL)
    killed.stop()
    server = EmbeddedServer(folder)
    try:
        with psycopg.connect(server.start()) as connection:
            assert not _is_alive(backend)
            connection.execute("SELECT count(*) FROM kept")
    finally:
        server.stop()
        busy.pgconn.finish()


def test_a_server_that_died_is_started_again_at_the_same_address(folder: Path) -> None:
    server = EmbeddedServer(folder)
    try:
        address = server.start()
        assert not server.revive()
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            os.kill(server.pid, signal.SIGKILL)
        _wait_until_gone(server.pid)
        assert server.has_died
        assert server.revive()
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    finally:
        server.stop()


def test_the_address_of_a_running_server_is_found_from_its_home(folder: Path) -> None:
    server = EmbeddedServer(folder)
    try:
        assert server.start() == EmbeddedServer.find(folder) == server.address
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_is_said_and_once_there_is_room_nothing_is_lost() -> None:
    """A disk of 100 MB fills up: PostgreSQL stops, does not start again, and starts once there is room."""
    small = Path(tempfile.mkdtemp(prefix="canopee-small-"))  # where the server's account may enter
    small.chmod(0o755)
    server = EmbeddedServer(small / "postgres", options={"max_wal_size": "32MB"})
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=100m,mode=755", "tmpfs", small], check=True)
    try:
        kept = _fill(server.start())
        server.stop()
        filler = small / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(b"x" * 200_000_000)
        with pytest.raises(ServerError, match="make room"):
            server.start()
        subprocess.run(["/bin/mount", "-o", "remount,size=400m", small], check=True)
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (kept,)
        server.stop()
    finally:
        server.stop()
        subprocess.run(["/bin/umount", small], check=True)
        small.rmdir()


def _fill(address: str) -> int:
    """Insert until the disk is full; rows that were acknowledged."""
    kept = 0
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (text text STORAGE EXTERNAL)")
        while True:
            try:
                connection.execute(
                    "INSERT INTO kept SELECT repeat(md5(n::text), 300) FROM generate_series(1, 200) n"
                )
            except psycopg.Error:
                return kept
            kept += 200


def _is_alive(pid: int) -> bool:
    """Whether a process still runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
