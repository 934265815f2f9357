"""Who is asked at this PC: whoever has a session on Windows; elsewhere, whoever uses `canopee-agent consent`."""

import sys
from collections.abc import Mapping

from canopee_agent.service_ports import Asker
from canopee_kit.logs import get_logger

_log = get_logger(__name__)


class LoggedAsker:
    """`service_ports.Asker` where no window can be shown: the log says what is asked."""

    def ask(self, order_id: str, text: str, *, within_s: float) -> None:
        told = " ".join(text.split())
        _log.warning("%s: %s (canopee-agent consent, within %.0f s)", order_id, told, within_s)

    def inform(self, text: str) -> None:
        _log.warning("%s", " ".join(text.split()))

    def answers(self) -> Mapping[str, bool]:
        return {}

    def withdraw(self, order_id: str) -> None:
        """Nothing is shown."""


def this_asker() -> Asker:
    """What asks on the machine that this process runs on."""
    if sys.platform == "win32":
        from canopee_agent.windows.asking import WindowsAsker  # noqa: PLC0415  exists for one platform

        return WindowsAsker()
    return LoggedAsker()
