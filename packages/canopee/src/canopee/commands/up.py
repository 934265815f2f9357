"""`canopee up` and `canopee down`: everything on one machine."""

import argparse
import contextlib
import fcntl
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import IO

import msgspec

from canopee.embedded import preparation, proxy
from canopee.embedded.processes import Children
from canopee.errors import FailedError, UsageError
from canopee.home import Credential, Home, add_home, default_home, home_of
from canopee.parsing import Commands
from canopee_api.errors import ServerError
from canopee_api.postgres.migrate import migrate
from canopee_api.postgres.server import EmbeddedServer
from canopee_api.settings import DEFAULT_LISTEN, parse_listen
from canopee_client.client import Client
from canopee_contract.codec import encode
from canopee_kit.clock import SystemClock

_READY_S = 60.0
_STOP_S = 40.0
_LOOK_S = 0.5
_MOST_PROCESSES = 8
"""Each holds up to eleven connections of the hundred that the embedded PostgreSQL accepts."""


class Running(msgspec.Struct, frozen=True):
    """`up.json`: what runs, once all of it is ready."""

    url: str
    pid: int
    pids: dict[str, int]
    started_at: datetime


class _StopError(Exception):
    """A signal asked us to stop."""


def add_to(commands: Commands) -> None:
    """Both commands."""
    up = commands.add_parser("up", help="start everything on this machine: a fleet at work")
    up.add_argument(
        "--devices", type=int, default=0, metavar="N", help="simulated PCs, besides the agent of this one"
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
    home = home_of(arguments)
    home.folder.mkdir(parents=True, exist_ok=True)
    catalog = arguments.catalog or _sample_catalog()
    if arguments.detach:
        return _detach(home)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    lock = _locked(home)
    clock = SystemClock()
    server, children = EmbeddedServer(home.folder / "postgres"), Children(home.logs, clock)
    home.running.unlink(missing_ok=True)
    try:
        address = server.start()
        url, password = _start(arguments, home, catalog, address, children)
        _note_running(home, url, server, children)
        print(welcome(home, url, password, arguments.devices), flush=True)  # noqa: T201  the output of the command
        while True:
            if _has_revived(server, children, arguments.api):
                _note_running(home, url, server, children)
            children.check()
            clock.sleep(_LOOK_S)
    except _StopError:
        return 0
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        home.running.unlink(missing_ok=True)
        children.stop()
        server.stop()
        lock.close()


def _has_revived(server: EmbeddedServer, children: Children, processes: int) -> bool:
    """With several API processes, one that died and PostgreSQL are started again; with one, a death ends everything."""
    if processes > 1:
        return children.revive(_processes(processes)) | server.revive()
    if server.has_died:
        raise FailedError("PostgreSQL stopped by itself: start again, it will recover")
    return False


def _note_running(home: Home, url: str, server: EmbeddedServer, children: Children) -> None:
    running = Running(url, os.getpid(), {**children.pids(), "postgres": server.pid}, SystemClock().now())
    part = home.running.with_suffix(".part")
    part.write_bytes(encode(running))
    part.replace(home.running)


def _start(
    arguments: argparse.Namespace, home: Home, catalog: Path, address: str, children: Children
) -> tuple[str, str]:
    """Start and prepare everything; the API's address and the administrator's password if it is new."""
    clock = SystemClock()
    preparation.make_keys(home, clock)
    migrate(address)
    environ = {
        "CANOPEE_HOME": str(home.folder), "CANOPEE_DATABASE_URL": address, "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    url = _serve(arguments, home, environ, children)
    password = preparation.make_administrator(address, url, home, clock)
    credential = msgspec.json.decode(home.credential.read_bytes(), type=Credential)
    with Client(url, credential.api_key) as client:
        preparation.apply_catalog(client, home, catalog, clock)
        if not arguments.no_agent:
            preparation.make_agent_home(client, home)
            children.start("agent", "canopee_agent", ["run", "--home", str(home.agent)])
        if arguments.devices:
            tokens = preparation.mint_swarm_tokens(client, home, arguments.devices)
            root = str(home.keys / "root.json")
            children.start(
                "swarm", "canopee_swarm",
                ["--url", url, "--folder", str(home.swarm), "--root", root, "--tokens", str(tokens),
                 "--devices", str(arguments.devices)],
            )  # fmt: skip
    return url, password


def _serve(arguments: argparse.Namespace, home: Home, environ: Mapping[str, str], children: Children) -> str:
    """Start the API, several processes of it behind nginx if so asked; its address."""
    if arguments.api == 1:
        children.start("api", "canopee", ["api"], {**environ, "CANOPEE_LISTEN": arguments.listen})
        return children.wait_for_line("api", "ready ", _READY_S)
    host, port = parse_listen(arguments.listen)
    listen, names = f"{host}:{port or proxy.free_port()}", _processes(arguments.api)
    addresses = [f"127.0.0.1:{proxy.free_port()}" for _ in names]
    argv = proxy.command(home.folder / "proxy", listen, addresses)
    for name, address in zip(names, addresses, strict=True):
        children.start(name, "canopee", ["api"], {**environ, "CANOPEE_LISTEN": address})
    for name in names:
        children.wait_for_line(name, "ready ", _READY_S)
    children.start_program("proxy", argv)
    return f"http://{listen}"


def _processes(count: int) -> list[str]:
    return [f"api-{number}" for number in range(1, count + 1)]


def welcome(home: Home, url: str, password: str, devices: int) -> str:
    """What a person needs to know once everything runs; `password` is empty but for the first start."""
    lines = [
        f"Canopée runs at {url} (home: {home.folder})",
        f"  this PC is enrolled with a real agent, beside {devices} simulated PCs of French practices",
        "  a collection and an action chosen by condition are under way: see `canopee campaigns`, `canopee runs`",
        "  it signs with DEVELOPMENT keys, made on this machine: not for real PCs",
    ]
    if password:
        lines.append(f"  administrator: login {preparation.ADMIN}, password {password} (shown this once)")
    if home.folder != default_home().folder:
        lines.append(f"  in your shell: export CANOPEE_HOME={shlex.quote(str(home.folder))}")
    lines += [
        "  look around:   canopee devices · device ID · runs · records · orders · match --condition FILE",
        f"  stop:          Ctrl-C, or canopee down --home {shlex.quote(str(home.folder))}",
    ]
    return "\n".join(lines)


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


def _stop(_: int, __: FrameType | None) -> None:
    raise _StopError


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
