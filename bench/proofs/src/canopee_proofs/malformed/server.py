"""A real `canopee api` process on an embedded PostgreSQL, with an administrator and published metadata."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from canopee.embedded import preparation
from canopee.home import Credential, Home
from canopee.publishing import publish_first
from canopee_api.postgres.location import forget
from canopee_api.postgres.migrate import migrate
from canopee_api.postgres.server import EmbeddedServer
from canopee_client.client import Client
from canopee_kit.clock import SystemClock

_STOP_S = 30.0


class Server(msgspec.Struct, frozen=True):
    """One API process."""

    url: str
    api_key: str
    """Of an administrator who holds every role."""
    log: Path
    process: psutil.Process
    client: Client

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE

    def memory_bytes(self) -> int:
        """Its resident memory."""
        return self.process.memory_info().rss

    def faults(self) -> list[str]:
        """What it logged as a fault of its own."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line[:2_000] for line in lines if "a request failed" in line or "Traceback" in line]


@contextmanager
def serving(folder: Path) -> Generator[Server]:
    """`canopee api` and its database in `folder`; both have ended after the block."""
    database = EmbeddedServer(folder / "postgres")
    try:
        address = database.start()
        migrate(address)
        with _api(folder, address) as server:
            yield server
    finally:
        database.stop()
        forget(folder / "postgres")


@contextmanager
def _api(folder: Path, address: str) -> Generator[Server]:
    home, clock, log = Home(folder), SystemClock(), folder / "api.log"
    preparation.make_keys(home, clock)
    environ = {
        **os.environ, "CANOPEE_HOME": str(folder), "CANOPEE_DATABASE_URL": address, "CANOPEE_LISTEN": "127.0.0.1:0",
    }  # fmt: skip
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "canopee", "api"], env=environ, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            url = (process.stdout.readline() if process.stdout else "").removeprefix("ready ").strip()
            preparation.make_administrator(address, url, home, clock)
            api_key = msgspec.json.decode(home.credential.read_bytes(), type=Credential).api_key
            with Client(url, api_key) as client:
                publish_first(client, home.keys)
                yield Server(url, api_key, log, psutil.Process(process.pid), client)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
