"""A server for agents under Wine: the shipped double, with all its keys, on the loopback."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from canopee_agent.fakes import FakeMachine
from canopee_agent.testing import FakeServer
from canopee_kit.clock import FakeClock, SystemClock
from canopee_proofs.loopback import Loopback


class UpdateServer:
    """Answers check-ins until it is cut."""

    def __init__(self, folder: Path) -> None:
        clock = FakeClock(SystemClock().now() + timedelta(seconds=1))
        self.fake = FakeServer(FakeMachine("windows", clock), folder)
        self.fake.lies["next_in_s"] = 1
        self._loopback = Loopback(self.fake.link, "", _nothing)

    @property
    def url(self) -> str:
        return self._loopback.url

    @property
    def root(self) -> bytes:
        return self.fake.publisher.root

    def open(self) -> None:
        self._loopback.open()

    def close(self) -> None:
        self._loopback.close()

    def cut(self) -> None:
        """The network fails."""
        self.fake.link.cut()

    def mend(self) -> None:
        self.fake.link.mend()


def _nothing() -> Iterator[bytes]:
    yield b""
