"""The benchmark `agent`."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

from canopee.embedded import preparation
from canopee.home import Home
from canopee_bench.benchmark import Benchmark, Figure, Result, Setting
from canopee_bench.catalog import CATALOG
from canopee_bench.installation import Api, api, database
from canopee_kit.clock import SystemClock

_SETTLE_S, _LONGEST_S = 5.0, 60.0
_QUIET_S = 60.0
_AS_ON_A_PC = """
import sys
sys.modules["typing_extensions"] = None
from canopee_agent.service.cli import main
sys.exit(main())
"""
"""Without a development package that msgspec imports where it finds it, and that no dependency of the agent brings."""


class Agent(Benchmark):
    """A real agent of this machine, enrolled and idle after its first order: memory, processor time, wake-ups.

    The ratio compares its memory with that of the same Python that imports nothing of ours and waits.
    """

    def run(self, setting: Setting) -> Result:
        home, clock, quiet_s = Home(setting.folder), SystemClock(), max(5.0, _QUIET_S * setting.scale)
        with database(setting.folder, 0) as held, api(setting.folder, held.address) as served:
            preparation.apply_catalog(served.client, home, CATALOG, clock)
            preparation.make_agent_home(served.client, home)
            with _agent(home.agent) as process, _nothing() as bare:
                _wait_for_a_run(served)
                clock.sleep(_SETTLE_S)
                switches, cpu = _switches(process), process.cpu_times()
                clock.sleep(quiet_s)
                woken, after = _switches(process) - switches, process.cpu_times()
                memory, least = process.memory_info().rss, bare.memory_info().rss
        return Result(
            "agent",
            Figure("memory of the idle agent", memory / least),
            "Python that waits",
            (
                Figure("resident memory", memory / 2**20, "MiB", 35, "at_most"),
                Figure("wake-ups a minute while its poll waits", woken * 60 / quiet_s, goal=2, goal_is="at_most"),
                Figure("processor time a minute", 60e3 * (sum(after[:2]) - sum(cpu[:2])) / quiet_s, "ms"),
            ),
        )


@contextmanager
def _agent(home: Path) -> Generator[psutil.Process]:
    with _child("-c", _AS_ON_A_PC, "run", "--home", str(home)) as process:
        yield process


@contextmanager
def _nothing() -> Generator[psutil.Process]:
    """The least that a Python process costs."""
    with _child("-c", "import sys; sys.stdin.read()") as process:
        yield process


@contextmanager
def _child(*arguments: str) -> Generator[psutil.Process]:
    with subprocess.Popen(  # noqa: S603  our own modules
        [sys.executable, *arguments], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def _wait_for_a_run(served: Api) -> None:
    clock = SystemClock()
    until = clock.monotonic() + _LONGEST_S
    while next(served.client.runs(), None) is None:
        if clock.monotonic() > until:
            raise RuntimeError("the agent ran nothing")
        clock.sleep(0.2)


def _switches(process: psutil.Process) -> int:
    """How often its threads went to sleep of their own will, since its start."""
    lines = "".join(
        (path / "status").read_text() for path in Path(f"/proc/{process.pid}/task").iterdir()
    ).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
