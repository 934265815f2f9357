"""Two API processes behind the shipped proxy, one of which is killed now and then."""

import os
import random
import signal
from collections.abc import Callable

import msgspec

from canopee.home import Running
from canopee.testing import Installation
from canopee_client.errors import NoAnswerError
from canopee_kit.clock import SystemClock

_SETTLE_S = 120.0


def kill_one(installation: Installation, draw: random.Random) -> None:
    """Kill one of two processes, once both are there."""
    name = draw.choice(("api-1", "api-2"))
    log = installation.home.logs / f"{name}.log"
    until(lambda: _is_ready(log.read_text(errors="replace")), _SETTLE_S)
    running = msgspec.json.decode(installation.home.running.read_bytes(), type=Running)
    os.kill(running.pids[name], signal.SIGKILL)
    with log.open("a") as file:
        file.write("killed by a proof\n")


def _is_ready(log: str) -> bool:
    return "\nready " in "\n" + log.rpartition("killed by a proof")[2]


def until(is_so: Callable[[], bool], seconds: float) -> bool:
    """Whether it became so in time; a cut answer is asked for again."""
    clock = SystemClock()
    end = clock.monotonic() + seconds
    while clock.monotonic() < end:
        try:
            if is_so():
                return True
        except NoAnswerError:
            pass
        clock.sleep(0.2)
    return False
