"""Who watches this agent, and what it is told of the time that the server may take."""

import sys
from collections.abc import Callable

from canopee_agent.service_ports import Reply, Request, ServerLink, Supervisor
from canopee_kit.clock import Clock

WORK_S = 600.0
"""For what the agent does between two requests, waits and steps."""
_BEYOND_S = 400.0
"""To connect, and for a whole answer beyond the longest silence (`link.LinkLimits`)."""


class NoSupervisor:
    """`ports.Supervisor`, where nobody watches: by hand, in tests."""

    is_trial = False

    def begin(self, stop: Callable[[], None]) -> None:
        """Nobody will ask to stop but by a signal."""

    def expect(self, within_s: float) -> None:
        """Nobody asks."""

    def healthy(self) -> None:
        """Nobody waits for it."""

    def end(self) -> None:
        """Nobody cares."""


class SupervisedLink:
    """`ports.ServerLink`, each of whose requests is declared: once, and the second time that a cut allows."""

    def __init__(self, link: ServerLink, supervisor: Supervisor) -> None:
        self._link, self._supervisor = link, supervisor

    def send(self, request: Request) -> Reply:
        self._supervisor.expect(2 * (request.timeout_s + _BEYOND_S))
        try:
            return self._link.send(request)
        finally:
            self._supervisor.expect(WORK_S)

    def interrupt(self) -> None:
        self._link.interrupt()


def this_supervisor(clock: Clock) -> Supervisor:
    """The launcher's, systemd's, or nobody's."""
    if sys.platform == "win32":
        from canopee_agent.windows import supervisor as windows  # noqa: PLC0415  exists for one platform

        return windows.LauncherSupervisor(clock) if windows.is_launched() else NoSupervisor()
    from canopee_agent.linux import supervisor as linux  # noqa: PLC0415  exists for one platform

    return linux.SystemdSupervisor(clock) if linux.is_watched() else NoSupervisor()
