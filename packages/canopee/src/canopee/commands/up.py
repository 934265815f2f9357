"""`canopee up` and `canopee down`: everything on one machine."""

import argparse
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from canopee.errors import FailedError, UsageError
from canopee.home import Home, add_home, home_of
from canopee.parsing import Commands
from canopee_api.errors import ServerError
from canopee_api.settings import DEFAULT_LISTEN, parse_listen
from canopee_kit.clock import SystemClock

_READY_S = 60.0
_STOP_S = 40.0
_MOST_PROCESSES = 8
"""Each holds up to eleven connections of the hundred that the embedded PostgreSQL accepts."""


def add_to(commands: Commands) -> None:
    """Both commands."""
    up = commands.add_parser("up", help="start everything on this machine: a fleet at work")
    up.add_argument(
        "--devices", type=int, default=0, metavar="N", help="simulated PCs, besides the agent of this one"
    )
    up.add_argument(
        "--off-every", type=int, default=0, metavar="N", help="of the simulated PCs, one in N is switched off"
    )
    up.add_argument(
        "--listen", default=DEFAULT_LISTEN, metavar="HOST:PORT", help="loopback only; port 0 = any free one"
    )
    up.add_argument(
        "--api", type=int, default=1, metavar="N", help="API processes, behind nginx when there are several"
    )
    up.add_argument("--detach", action="store_true", help="return once everything is ready")
    up.add_argument("--catalog", type=Path, help="catalog to apply (default: the sample catalog)")
    up.add_argument("--no-agent", action="store_true", help="leave out the agent of this machine")
    add_home(up)
    up.set_defaults(run=_up)
    down = commands.add_parser("down", help="stop what `canopee up` started")
    add_home(down)
    down.set_defaults(run=_down)


def _up(arguments: argparse.Namespace) -> int:
    try:
        parse_listen(arguments.listen)
    except ServerError as error:
        raise UsageError(f"--listen: {error}") from error
    if not 1 <= arguments.api <= _MOST_PROCESSES:
        raise UsageError(f"--api {arguments.api}: 1 to {_MOST_PROCESSES} processes")
    if arguments.off_every < 0:
        raise UsageError(f"--off-every {arguments.off_every}: one PC in how many? 0 for none")
    home = home_of(arguments)
    home.folder.mkdir(parents=True, exist_ok=True)
    catalog = arguments.catalog or _sample_catalog()
    if arguments.detach:
        return _detach(home)
    from canopee.embedded.foreground import run  # noqa: PLC0415  other commands need not wait for all of the API

    with _locked(home):
        return run(arguments, home, catalog)


def _detach(home: Home) -> int:
    """Start ourselves again in the background, and wait until it is ready."""
    argv = [argument for argument in sys.argv[1:] if argument != "--detach"]
    home.logs.mkdir(parents=True, exist_ok=True)
    path, clock = home.logs / "up.log", SystemClock()
    if _is_locked(home):
        raise _runs_already(home)
    home.running.unlink(missing_ok=True)
    with path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  ourselves
            [sys.executable, "-m", "canopee", *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    until = clock.monotonic() + _READY_S * 2
    while clock.monotonic() < until:
        if process.poll() is not None:
            raise FailedError(path.read_text(errors="replace").strip().removeprefix("canopee: "))
        if home.running.is_file():
            print(path.read_text(errors="replace").strip(), flush=True)  # noqa: T201  the output of the command
            return 0
        clock.sleep(0.1)
    process.terminate()
    raise FailedError(f"not ready after {_READY_S * 2:.0f} s: see {path}")


def _down(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    if not home.folder.is_dir() or not _is_locked(home):
        print("nothing runs there")  # noqa: T201  the output of the command
        return 0
    written, clock = (home.folder / "up.lock").read_text(), SystemClock()
    if not written.isdecimal():
        raise FailedError("it is just starting: try again")
    pid = int(written)
    with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(pid, signal.SIGTERM)
    until = clock.monotonic() + _STOP_S
    while _is_locked(home):
        if clock.monotonic() > until:
            raise FailedError(f"process {pid} does not stop")
        clock.sleep(0.1)
    print("stopped")  # noqa: T201  the output of the command
    return 0


def _locked(home: Home) -> IO[str]:
    """The lock of a home, held as long as we run; it holds our process id."""
    file = (home.folder / "up.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise _runs_already(home) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _runs_already(home: Home) -> UsageError:
    return UsageError(f"{home.folder} runs already: canopee status, or canopee down first")


def _is_locked(home: Home) -> bool:
    path = home.folder / "up.lock"
    if not path.is_file():
        return False
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _sample_catalog() -> Path:
    """The catalog of the repository that this package is installed from."""
    found = Path(__file__).resolve().parents[5] / "catalog"
    if not (found / "pipelines").is_dir():
        raise UsageError("the sample catalog is not installed: name one with --catalog")
    return found
