"""`canopee-swarm`: simulated devices against one API."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvloop

from canopee_kit import logs
from canopee_kit.clock import SystemClock
from canopee_swarm.measured import Report
from canopee_swarm.swarm import Plan, addresses, simulate


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 ok, 2 usage."""
    parser = argparse.ArgumentParser(prog="canopee-swarm", description="Simulated devices, for demo and load.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where identities are kept")
    parser.add_argument("--root", type=Path, required=True, help="the pinned TUF root")
    parser.add_argument("--tokens", type=Path, help="one enrolment token a line")
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--wait", type=int, default=60, help="seconds of a long poll")
    parser.add_argument("--connections", type=int, default=0, metavar="N", help="at most so many; 0: one a device")
    parser.add_argument("--sources", type=_sources, default=(), metavar="A.B.C.D-E", help="addresses to call from")
    parser.add_argument("--think", type=float, default=0.0, metavar="S", help="between two check-ins, ± half")
    parser.add_argument(
        "--failures", type=_share, default=0.0, metavar="P", help="of steps, and of calls cut: 0 to 1"
    )
    parser.add_argument(
        "--slow", type=int, default=0, metavar="B", help="bytes a second of each link; 0: no limit"
    )
    parser.add_argument(
        "--off-every", type=int, default=0, metavar="N", help="one PC in N is off once it has enrolled; 0: none"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the fleet and of all that is drawn")
    parser.add_argument("--report", action="store_true", help="at the end, one line of JSON on standard output")
    arguments = parser.parse_args(argv)
    logs.set_up()
    tokens: Path | None = arguments.tokens
    plan = Plan(
        url=arguments.url, folder=arguments.folder, root=arguments.root.read_bytes(), devices=arguments.devices,
        tokens=tokens.read_text().split() if tokens and tokens.is_file() else (), wait_s=arguments.wait,
        seed=arguments.seed, sources=arguments.sources, connections=arguments.connections, think_s=arguments.think,
        failures=arguments.failures, slow=arguments.slow, off_every=arguments.off_every,
    )  # fmt: skip
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(_run(plan))
    if arguments.report:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    return 0


def _sources(text: str) -> list[str]:
    try:
        return addresses(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: an address or a range is expected, as 127.0.0.2-9") from error


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text}: 0 to 1 is expected")
    return share


async def _run(plan: Plan) -> Report:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await simulate(plan, SystemClock(), stop)
