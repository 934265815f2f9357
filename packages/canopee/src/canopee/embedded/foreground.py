"""An embedded installation at work, from its start to its stop: PostgreSQL, the API, the agent, a simulated fleet."""

import argparse
import os
import shlex
import signal
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

import msgspec

from canopee.embedded import preparation, proxy
from canopee.embedded.processes import Children
from canopee.errors import FailedError
from canopee.home import Credential, Home, Running, default_home
from canopee_api.postgres.migrate import migrate
from canopee_api.postgres.server import EmbeddedServer
from canopee_api.settings import parse_listen
from canopee_client.client import Client
from canopee_contract.codec import encode
from canopee_kit.clock import SystemClock

_READY_S = 60.0
_LOOK_S = 0.5


class _StopError(Exception):
    """A signal asked us to stop."""


def run(arguments: argparse.Namespace, home: Home, catalog: Path) -> int:
    """Start all that the arguments of `canopee up` ask for, and tend it until a signal asks for the end.

    Raises:
        FailedError: something did not start, or ended by itself.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
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
                 "--devices", str(arguments.devices), "--off-every", str(arguments.off_every)],
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


def _stop(_: int, __: FrameType | None) -> None:
    raise _StopError
