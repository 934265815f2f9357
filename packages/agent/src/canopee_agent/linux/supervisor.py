"""systemd, seen from a service of `Type=notify`: what it is told goes to the socket that it named."""

import os
import socket
import threading
from collections.abc import Callable

from canopee_agent.promise import Promise
from canopee_kit.clock import Clock

SOCKET, WATCHDOG = "NOTIFY_SOCKET", "WATCHDOG_USEC"
_USUAL_S = 60.0


class SystemdSupervisor:
    """`ports.Supervisor`; systemd asks to stop by SIGTERM."""

    is_trial = False

    def __init__(self, clock: Clock) -> None:
        """Takes the names out of the environment: no program of a step is to see them."""
        self._address = os.environ.pop(SOCKET, "")
        period = os.environ.pop(WATCHDOG, "")
        os.environ.pop("WATCHDOG_PID", None)
        self._beat_s = int(period) / 3_000_000 if period.isdecimal() else _USUAL_S
        self._promise, self._is_over = Promise(clock), threading.Event()

    def begin(self, stop: Callable[[], None]) -> None:  # noqa: ARG002  as the port has it
        self._tell("READY=1")
        threading.Thread(target=self._watch, daemon=True, name="systemd").start()

    def expect(self, within_s: float) -> None:
        self._promise.make(within_s)

    def healthy(self) -> None:
        self._tell("STATUS=the server has accepted a check-in")

    def end(self) -> None:
        self._is_over.set()
        self._tell("STOPPING=1")

    def _watch(self) -> None:
        while not self._is_over.wait(self._beat_s):
            if self._promise.is_kept:
                self._tell("WATCHDOG=1")

    def _tell(self, text: str) -> None:
        """Nothing comes back; a socket that is gone is systemd's own business."""
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            try:
                channel.sendto(text.encode(), address)
            except OSError:
                return


def is_watched() -> bool:
    """Whether systemd started this process and listens."""
    return bool(os.environ.get(SOCKET))
