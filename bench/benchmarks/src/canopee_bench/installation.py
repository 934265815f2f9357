"""What a benchmark measures: an embedded PostgreSQL filled with devices, and an API process that can be charged."""

import os
import resource
import subprocess
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from canopee.embedded import preparation
from canopee.home import Credential, Home
from canopee_api.devices.tokens import Tokens
from canopee_api.postgres.migrate import migrate
from canopee_api.postgres.server import EmbeddedServer
from canopee_api.settings import read_secret
from canopee_client.client import Client
from canopee_kit.clock import SystemClock
from canopee_proofs.million import device_id, fill

_STOP_S = 30.0


class Database(msgspec.Struct, frozen=True):
    """An embedded PostgreSQL."""

    address: str
    server: EmbeddedServer

    def cpu_s(self) -> float:
        """Processor time of the server and of all its processes, those that have ended included."""
        root = psutil.Process(self.server.pid)
        ended = root.cpu_times()
        alive = sum(_cpu_s(one) for one in (root, *root.children(recursive=True)))
        return alive + ended.children_user + ended.children_system


class Api(msgspec.Struct, frozen=True):
    """One API process."""

    url: str
    process: psutil.Process
    start_s: float
    """From its start to its first answer."""
    client: Client

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def cpu_s(self) -> float:
        """Its processor time so far."""
        return _cpu_s(self.process)

    def memory_bytes(self) -> int:
        """Its resident memory."""
        return self.process.memory_info().rss


@contextmanager
def database(folder: Path, devices: int) -> Generator[Database]:
    """A migrated database with that many devices."""
    server = EmbeddedServer(folder / "postgres")
    try:
        address = server.start()
        migrate(address)
        if devices:
            fill(address, devices)
        yield Database(address, server)
    finally:
        server.stop()


@contextmanager
def api(folder: Path, address: str) -> Generator[Api]:
    """`canopee api` on that database, with development keys and an administrator; the hello of `server.py` beside."""
    home, clock = Home(folder), SystemClock()
    preparation.make_keys(home, clock)
    environ = {
        **os.environ, "CANOPEE_HOME": str(folder), "CANOPEE_DATABASE_URL": address, "CANOPEE_LISTEN": "127.0.0.1:0",
    }  # fmt: skip
    raise_file_limit()
    started = clock.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "canopee_bench.server"], env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            url = (process.stdout.readline() if process.stdout else "").removeprefix("ready ").strip()
            start_s = clock.monotonic() - started
            preparation.make_administrator(address, url, home, clock)
            credential = msgspec.json.decode(home.credential.read_bytes(), type=Credential)
            with Client(url, credential.api_key) as client:
                yield Api(url, psutil.Process(process.pid), start_s, client)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def tokens_of(folder: Path, numbers: Iterable[int]) -> list[str]:
    """Bearer tokens of devices, as the API would give them."""
    tokens, now = Tokens(read_secret(folder / "secret.key")), SystemClock().now()
    return [tokens.make(device_id(number), 1, now)[0] for number in numbers]


def raise_file_limit() -> None:
    """Let this process, and those it starts, hold as many connections as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system
