"""`canopee-swarm`: simulated devices against one API."""

import argparse
import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

import uvloop

from canopee_kit import logs
from canopee_kit.clock import SystemClock
from canopee_swarm.swarm import Plan, simulate


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 ok, 2 usage."""
    parser = argparse.ArgumentParser(prog="canopee-swarm", description="Simulated devices, for demo and load.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where identities are kept")
    parser.add_argument("--root", type=Path, required=True, help="the pinned TUF root")
    parser.add_argument("--tokens", type=Path, help="one enrolment token a line")
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--wait", type=int, default=60, help="seconds of a long poll")
    arguments = parser.parse_args(argv)
    logs.set_up()
    tokens: Path | None = arguments.tokens
    plan = Plan(
        url=arguments.url, folder=arguments.folder, root=arguments.root.read_bytes(), devices=arguments.devices,
        tokens=tokens.read_text().split() if tokens and tokens.is_file() else (), wait_s=arguments.wait,
    )  # fmt: skip
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(plan))
    return 0


async def _run(plan: Plan) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await simulate(plan, SystemClock(), stop)
