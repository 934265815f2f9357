"""The processes that are killed: an API with its PostgreSQL, and an agent."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import psutil

from canopee_kit.clock import SystemClock

_READY_S = 240.0
"""The machine may do much else at the same time; one that ended is told at once."""
_CLOCK = SystemClock()


class StartError(Exception):
    """A process did not start; with the end of its log."""


class Child:
    """One of our processes, with its log."""

    def __init__(
        self, module: str, arguments: list[str], log: Path, environ: dict[str, str] | None = None
    ) -> None:
        self._argv, self._log = [sys.executable, "-m", module, *arguments], log
        self._environ = {**os.environ, "PYTHONUNBUFFERED": "1", **(environ or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._from = 0

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it; its log goes on."""
        with self._log.open("ab") as log:
            self._from = log.tell()
            self._process = self._popen(log)

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def line(self, prefix: str) -> str | None:
        """The rest of the first line since the start that begins with `prefix`; `None` when it is not there yet.

        Raises:
            StartError: the process ended.
        """
        with self._log.open("rb") as file:
            file.seek(self._from)
            lines = file.read().decode(errors="replace").splitlines()
        found = next((one.removeprefix(prefix) for one in lines if one.startswith(prefix)), None)
        if found is None and (self._process is None or self._process.poll() is not None):
            raise StartError("\n".join(lines[-12:]))
        return found

    def log_size(self) -> int:
        """Bytes of its log, now."""
        return self._log.stat().st_size if self._log.exists() else 0

    def lines(self, said: str, since: int) -> list[str]:
        """The lines that say so, in its log after so many bytes."""
        with self._log.open("rb") as file:
            file.seek(since)
            return [one for one in file.read().decode(errors="replace").splitlines() if said in one]

    def _popen(self, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603  ourselves
            self._argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environ, cwd="/"
        )


class Api(Child):
    """`canopee api` with the embedded PostgreSQL of its home."""

    def __init__(self, home: Path, keys: Path, port: int, program: Sequence[str] = ("canopee", "api")) -> None:
        """`program`: a module, and its arguments."""
        self.home, self.url = home, f"http://127.0.0.1:{port}"
        home.mkdir(parents=True, exist_ok=True)
        environ = {
            "CANOPEE_HOME": str(home), "CANOPEE_LISTEN": f"127.0.0.1:{port}", "CANOPEE_KEYS": str(keys),
            "CANOPEE_DATABASE_URL": "", "CANOPEE_LOG_LEVEL": "WARNING",
        }  # fmt: skip
        super().__init__(program[0], list(program[1:]), home / "api.log", environ)

    def wait(self) -> None:
        """Return once it answers; raises `StartError`."""
        until = _CLOCK.monotonic() + _READY_S
        while self.line("ready ") is None:
            if _CLOCK.monotonic() > until:
                raise StartError(f"not ready after {_READY_S:.0f} s")
            _CLOCK.sleep(0.02)

    def database_pids(self) -> list[int]:
        """The PostgreSQL server (or the `initdb`) that the API started; none while there is none."""
        try:
            return [child.pid for child in psutil.Process(self.pid).children()]
        except psutil.NoSuchProcess:
            return []

    def kill_database(self) -> bool:
        """`kill -9` of the PostgreSQL server; `False` when there was none."""
        pids = self.database_pids()
        for pid in pids:
            _kill(pid)
        return bool(pids)


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def left_behind(folder: Path) -> list[str]:
    """Command lines of the processes that still work in a folder, or were started from it; after some grace."""
    until = _CLOCK.monotonic() + 15
    while (found := _at_work(folder)) and _CLOCK.monotonic() < until:
        _CLOCK.sleep(0.1)
    return found


def _at_work(folder: Path) -> list[str]:
    found: list[str] = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            if str(folder) in line or process.cwd().startswith(str(folder)):
                found.append(f"{process.pid}: {line[:200]}")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return [one for one in found if not one.startswith(f"{os.getpid()}:")]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
