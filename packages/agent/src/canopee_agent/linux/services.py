"""Services are not commanded on Linux.

Commanding systemd takes a right over every unit of the machine, which the agent's own unit gives up
(`deploy/linux/canopee-agent.service`); and the tools that an agent may have to replace are services of Windows.
"""

from typing import NoReturn

from canopee_agent.errors import NotSupportedError
from canopee_agent.ports import Service


class NoServices:
    """Refuses every call."""

    def look(self, name: str) -> Service:
        _refuse(name)

    def stop(self, name: str) -> None:
        _refuse(name)

    def start(self, name: str) -> None:
        _refuse(name)

    def disable(self, name: str) -> None:
        _refuse(name)

    def delete(self, name: str) -> None:
        _refuse(name)


def _refuse(name: str) -> NoReturn:
    raise NotSupportedError(f"{name}: services are commanded on Windows only; here, use systemctl")
