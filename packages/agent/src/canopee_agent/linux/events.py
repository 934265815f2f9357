"""Event logs of a Linux machine: there are none."""

from collections.abc import Iterator

from canopee_agent.errors import NotSupportedError
from canopee_agent.ports import Event


class NoEvents:
    """`ports.EventLogs`."""

    def read(self, channel: str, query: str) -> Iterator[Event]:
        raise NotSupportedError(f"there is no event log {channel} on this machine: it is not Windows ({query})")
