"""`canopee-agent`: run the agent of a home, say where it stands, describe what it can do."""

import argparse
import faulthandler
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from canopee_agent import __version__, steps
from canopee_agent.errors import RejectedError, StateError
from canopee_agent.installed import Installed, installed
from canopee_agent.launcher import renew_launcher
from canopee_agent.ports import Machine
from canopee_agent.service import accept_cli, desk_cli, setup_cli
from canopee_agent.service.agent import Agent
from canopee_agent.service.asking import this_asker
from canopee_agent.service.clerk import Clerk
from canopee_agent.service.config import Home
from canopee_agent.service.desk import Desk
from canopee_agent.service.link import HttpLink
from canopee_agent.service.probe import probe
from canopee_agent.service.secrets import FileSecrets
from canopee_agent.service.selftest import is_sound, selftest
from canopee_agent.service.supervised import this_supervisor
from canopee_agent.service_ports import Secrets, Supervisor
from canopee_agent.step import StepKind
from canopee_kit import logs
from canopee_kit.clock import SystemClock
from canopee_kit.discovery import discover
from canopee_kit.errors import CanopeeError

_log = logs.get_logger(__name__)
REPAIR = 78
"""Exit code of `run` when somebody must repair something: starting again, or another version, would not help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 ok, 1 failed, 2 usage; of `run` also 75 (a version is staged) and 78 (repair something)."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if getattr(arguments, "home", "") is None and arguments.action is not _selftest:
        parser.error("--home is needed: this agent is not an installed one")
    logs.set_up(arguments.log_level)
    try:
        return int(arguments.action(arguments))
    except CanopeeError as error:
        sys.stderr.write(f"canopee-agent: {error}\n")
        needs_repair = arguments.action is _run and isinstance(error, StateError | RejectedError)
        return REPAIR if needs_repair else 1


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
    test = actions.add_parser("selftest", help="try whether this version can work here; changes nothing")
    test.set_defaults(action=_selftest)
    asked = actions.add_parser("probe", help="check in once and do no more; 0 when the server accepts it")
    asked.set_defaults(action=_probe)
    desk = desk_cli.add_to(actions, _home)
    own = installed()
    for action in (run, status, test, asked, *desk):
        action.add_argument(
            "--home", type=Path, default=own.home if own else None, help="folder with agent.toml and root.json"
        )
        action.add_argument(
            "--state", type=Path, help="folder of what the agent writes (default: state, in its home)"
        )
        action.add_argument(
            "--desk",
            type=Path,
            help="folder by which users ask the agent for something (default: desk, in its home)",
        )
    described = actions.add_parser("steps", help="describe as JSON what a pipeline can do on this agent")
    described.set_defaults(action=_steps)
    setup_cli.add_to(actions)
    accept_cli.add_to(actions)
    return parser


def _home(arguments: argparse.Namespace) -> Home:
    own = installed()
    return Home(arguments.home, own.program if own else None, arguments.state, arguments.desk)


def _link(home: Home) -> HttpLink:
    return HttpLink(home.config().server_url, home.ca_file)


def _agent(home: Home, supervisor: Supervisor | None = None) -> Agent:
    return Agent(
        home,
        this_machine(home.ca_file),
        _link(home),
        supervisor=supervisor,
        secrets=this_machines_secrets(),
        asker=this_asker(),
    )


def _run(arguments: argparse.Namespace) -> int:
    own = installed()
    if own is not None:
        faulthandler.enable()  # what the launcher keeps of our standard error
        logs.to_file(own.logs / "agent.log", arguments.log_level)
        _keep(own)
    try:
        supervisor = this_supervisor(SystemClock())
        if own is not None and not supervisor.is_trial:
            _renew_launcher(own)
        home = _home(arguments)
        return _live(_agent(home, supervisor), _clerk(home), once=arguments.once)
    except CanopeeError as error:
        if own is not None:
            _log.error("the agent ends: %s", error)
        raise


def _keep(own: Installed) -> None:
    """Verify at each start who may read the keys of this PC, and how users reach this version."""
    if sys.platform != "win32":
        return
    from canopee_agent.windows.acl import keep  # noqa: PLC0415  exists for one platform
    from canopee_agent.windows.reach import make_reachable  # noqa: PLC0415  exists for one platform

    try:
        keep(own.home)
    except OSError as error:
        _log.error("the permissions of %s cannot be read: %s", own.home, error)
    try:
        make_reachable(own.slot / "agent.exe")
    except OSError as error:
        _log.error("users of this PC do not reach canopee-agent: %s", error)


def _renew_launcher(own: Installed) -> None:
    """A version that is committed may bring a newer launcher; the old one does as well until it can be replaced."""
    try:
        if renew_launcher(own.slot, own.program):
            _log.info("the launcher of version %s runs from the next start of the service on", own.version)
    except StateError as error:
        _log.warning("%s", error)


def _clerk(home: Home) -> Clerk:
    clock = SystemClock()
    return Clerk(home.state, Desk(home.desk, this_machine().files, clock), lambda: closing(_link(home)), clock)


def _live(agent: Agent, clerk: Clerk, *, once: bool) -> int:
    try:
        if once:
            agent.round()
            return 0
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda _number, _frame: agent.stop())
        clerk.begin()
        return agent.run()
    finally:
        clerk.end()
        agent.close()


def _status(arguments: argparse.Namespace) -> int:
    agent = _agent(_home(arguments))
    _print(dict(agent.status()))
    agent.close()
    return 0


def _selftest(arguments: argparse.Namespace) -> int:
    found = selftest(_home(arguments) if arguments.home else None, SystemClock())
    _print(found)
    return 0 if is_sound(found) else 1


def _probe(arguments: argparse.Namespace) -> int:
    home = _home(arguments)
    probe(home, _link(home), SystemClock())
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
        "sends_files": kind.sends_files,
        "record_version": kind.record_version,
        "manual": kind.__doc__ or "",
        "parameters": msgspec.json.schema(kind.Parameters),
        "record": record,
        "outputs": msgspec.json.schema(kind.Outputs),
    }


def _print(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
