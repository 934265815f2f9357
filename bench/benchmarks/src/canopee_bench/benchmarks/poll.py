"""The benchmark `poll`."""

import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from canopee.home import Home
from canopee.publishing import publish, publish_first, read_target
from canopee_bench.benchmark import Benchmark, Figure, Result, Setting, figure
from canopee_bench.catalog import CATALOG
from canopee_bench.installation import Api, api, database
from canopee_contract.people import CollectRequest, NewCampaign
from canopee_kit.clock import SystemClock
from canopee_proofs.million import device_id

_CONNECTED, _IDLE, _PROCESSES = 10_000, 50_000, 3
_PUSHES, _PER_SECOND = 200, 20
_SETTLE_S, _LOOK_S, _LONGEST_S = 2.0, 10.0, 120.0
_PIPELINE = "inventory_hardware"


class Answers:
    """Pollers in processes of their own, and when each of their devices was answered."""

    def __init__(self) -> None:
        self.at: dict[int, float] = {}
        """Device number → monotonic seconds of its answer."""
        self.faults: list[str] = []
        self._changed = threading.Condition()

    @contextmanager
    def waiting(self, served: Api, source: str, numbers: range, secret: Path) -> Generator[None]:
        """These devices hold their polls inside the block."""
        command = [
            sys.executable, "-m", "canopee_bench.poller", str(served.port), source, str(numbers.start),
            str(numbers.stop), str(secret),
        ]  # fmt: skip
        with subprocess.Popen(  # noqa: S603  our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            ready = threading.Event()
            threading.Thread(target=self._read, args=(process, ready), daemon=True).start()
            try:
                if not ready.wait(_LONGEST_S):
                    raise RuntimeError("the pollers are not ready")
                yield
            finally:
                process.kill()

    def wait_for(self, number: int) -> bool:
        """Wait until so many devices were answered; `False` when it takes too long."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.at) >= number, _LONGEST_S)

    def _read(self, process: "subprocess.Popen[str]", ready: threading.Event) -> None:
        for line in process.stdout or ():
            if line.startswith("ready"):
                ready.set()
                continue
            number, at, status = line.split()
            with self._changed:
                self.at[int(number)] = float(at)
                self.faults += [] if status == "200" else [line]
                self._changed.notify_all()


class Poll(Benchmark):
    """Long polls: how soon an order reaches a PC that waits, and what it costs to let PCs wait.

    10 000 polls held by one process, 200 orders given one by one over HTTP: from the call that orders to the answer at
    the PC. The ratio compares the median push with the campaign's own call, which signs and commits. Then 50 000 idle
    polls over three processes (where one may hold 20 000 files), from several source addresses.
    """

    def run(self, setting: Setting) -> Result:
        connected, idle = setting.count(_CONNECTED), setting.count(_IDLE)
        folder = setting.folder
        with database(folder, max(connected, idle)) as held, ExitStack() as stack:
            setting.say(f"poll: {idle} idle polls over {_PROCESSES} processes")
            total, left = _idle_memory(folder, held.address, idle)
            served = stack.enter_context(api(folder, held.address))
            _publish(served, folder)
            before = served.memory_bytes()
            answers = Answers()
            with answers.waiting(served, "127.0.0.2", range(1, connected + 1), folder / "secret.key"):
                time.sleep(_SETTLE_S)
                each = (served.memory_bytes() - before) / connected
                quiet = _idle_share(served)
                calls, pushes = _push_one_by_one(setting, served, answers, connected)
                all_s = _push_to_all(served, answers, connected)
        pushes.sort()
        return Result(
            "poll",
            figure("median push", [pushes[len(pushes) // 2] / sorted(calls)[len(calls) // 2]]),
            "the call that gives the order",
            (
                Figure("order push, p99", 1e3 * pushes[int(len(pushes) * 0.99)], "ms", 1_000, "at_most"),
                Figure("order push, median", 1e3 * pushes[len(pushes) // 2], "ms"),
                Figure(f"one campaign to {connected - len(pushes)} that wait, last order", all_s, "s"),
                Figure("memory of a poll", each / 1024, "KiB"),
                Figure(f"CPU share of {connected} idle polls", quiet),
                Figure(
                    f"memory of {idle} idle polls, {_PROCESSES} processes", total / 2**20, "MiB", 2_048, "at_most"
                ),
                Figure("idle polls that did not wait", left, goal=0, goal_is="at_most"),
                Figure("answers that were no success", len(answers.faults), goal=0, goal_is="at_most"),
            ),
        )


def _publish(served: Api, folder: Path) -> None:
    keys = Home(folder).keys
    publish_first(served.client, keys)
    publish(served.client, keys, dict([read_target(CATALOG / "pipelines" / f"{_PIPELINE}.yaml")]))


def _idle_share(served: Api) -> float:
    before = served.cpu_s()
    time.sleep(_LOOK_S)
    return (served.cpu_s() - before) / _LOOK_S


def _push_one_by_one(
    setting: Setting, served: Api, answers: Answers, connected: int
) -> tuple[list[float], list[float]]:
    """Seconds of each call, and from its start to the answer of the device."""
    clock, number = SystemClock(), min(setting.count(_PUSHES), connected // 2)
    started: dict[int, float] = {}
    calls: list[float] = []
    first = clock.monotonic()
    for place in range(number):
        wait_s = first + place / _PER_SECOND - clock.monotonic()
        if wait_s > 0:
            clock.sleep(wait_s)
        device = 1 + place * (connected // number)
        condition = {"fact": "device.id", "op": "eq", "value": device_id(device)}
        started[device] = time.monotonic()
        served.client.start_campaign(NewCampaign(collect=CollectRequest(_PIPELINE, condition)))
        calls.append(time.monotonic() - started[device])
    answers.wait_for(number)
    return calls, [
        answers.at[device] - at if device in answers.at else _LONGEST_S for device, at in started.items()
    ]


def _push_to_all(served: Api, answers: Answers, connected: int) -> float:
    """Seconds until every device that still waits was answered."""
    started = time.monotonic()
    served.client.start_campaign(NewCampaign(collect=CollectRequest(_PIPELINE, {"all": []})))
    answers.wait_for(connected)
    return max(answers.at.values()) - started


def _idle_memory(folder: Path, address: str, idle: int) -> tuple[float, int]:
    """Bytes of all the processes that hold the idle polls, and how many polls did not wait."""
    share, answers = -(-idle // _PROCESSES), Answers()
    with ExitStack() as stack:
        processes = [stack.enter_context(api(folder, address)) for _ in range(_PROCESSES)]
        for place, served in enumerate(processes):
            numbers = range(1 + place * share, min(1 + (place + 1) * share, idle + 1))
            stack.enter_context(answers.waiting(served, f"127.0.0.{3 + place}", numbers, folder / "secret.key"))
        time.sleep(_SETTLE_S)
        return sum(served.memory_bytes() for served in processes), len(answers.at)
