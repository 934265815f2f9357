"""`canopee-agent`: run the agent of a home, say where it stands, describe what it can do."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from canopee_agent import __version__, steps
from canopee_agent.linux.secrets import FileSecrets
from canopee_agent.ports import Machine, Secrets
from canopee_agent.service import setup_cli
from canopee_agent.service.agent import Agent
from canopee_agent.service.config import Home
from canopee_agent.service.link import HttpLink
from canopee_agent.step import StepKind
from canopee_kit import logs
from canopee_kit.clock import SystemClock
from canopee_kit.discovery import discover
from canopee_kit.errors import CanopeeError


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 ok, 1 failed, 2 usage."""
    arguments = _parser().parse_args(argv)
    logs.set_up(arguments.log_level)
    try:
        return int(arguments.action(arguments))
    except CanopeeError as error:
        sys.stderr.write(f"canopee-agent: {error}\n")
        return 1


def this_machine(ca_file: Path | None = None) -> Machine:
    """The machine that this process runs on; `ca_file`: an authority that is trusted too for downloads."""
    if sys.platform == "win32":
        from canopee_agent.windows.machine import WindowsMachine  # noqa: PLC0415  exists for one platform

        return WindowsMachine(SystemClock(), ca_file)
    from canopee_agent.linux.machine import LinuxMachine  # noqa: PLC0415  exists for one platform

    return LinuxMachine(SystemClock(), ca_file)


def this_machines_secrets() -> Secrets:
    """What protects a secret at rest on the machine that this process runs on."""
    if sys.platform == "win32":
        from canopee_agent.windows.secrets import MachineSecrets  # noqa: PLC0415  exists for one platform

        return MachineSecrets()
    return FileSecrets()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="canopee-agent", description="Runs signed pipelines on this PC.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    run = actions.add_parser("run", help="run the agent until it is told to stop")
    run.add_argument("--once", action="store_true", help="one check-in, what follows from it, and no more")
    run.set_defaults(action=_run)
    status = actions.add_parser("status", help="say as JSON where the agent stands")
    status.set_defaults(action=_status)
    for action in (run, status):
        action.add_argument("--home", type=Path, required=True, help="folder with agent.toml and root.json")
    described = actions.add_parser("steps", help="describe as JSON what a pipeline can do on this agent")
    described.set_defaults(action=_steps)
    setup_cli.add_to(actions)
    return parser


def _agent(arguments: argparse.Namespace) -> Agent:
    home = Home(arguments.home)
    config = home.config()
    ca_file = home.folder / config.ca_file if config.ca_file else None
    return Agent(home, this_machine(ca_file), HttpLink(config.server_url, ca_file), this_machines_secrets())


def _run(arguments: argparse.Namespace) -> int:
    agent = _agent(arguments)
    try:
        if arguments.once:
            agent.round()
            return 0
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda _number, _frame: agent.stop())
        agent.run()
        return 0
    finally:
        agent.close()


def _status(arguments: argparse.Namespace) -> int:
    agent = _agent(arguments)
    _print(dict(agent.status()))
    agent.close()
    return 0


def _steps(_: argparse.Namespace) -> int:
    _print([describe(name, kind) for name, kind in discover(steps, StepKind).items()])
    return 0


def describe(name: str, kind: type[StepKind[msgspec.Struct]]) -> dict[str, object]:
    """A step kind as data: what the API and the IHM know of it."""
    record = msgspec.json.schema(kind.Record) if kind.Record else None
    return {
        "name": name,
        "effect": kind.effect,
        "reads_file_content": kind.reads_file_content,
        "record_version": kind.record_version,
        "manual": kind.__doc__ or "",
        "parameters": msgspec.json.schema(kind.Parameters),
        "record": record,
        "outputs": msgspec.json.schema(kind.Outputs),
    }


def _print(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
