"""What the agent's service needs besides the machine: its secrets, its server, and what starts and watches it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Protocol

import msgspec

DESK = "desk"
"""The folder of the home by which whoever uses this PC asks its agent for something."""


class Secrets(Protocol):
    """Protects a secret at rest, beyond the permissions of the file it is stored in; no step is given it."""

    def seal(self, secret: bytes) -> bytes:
        """What is stored of `secret`; raises `StateError`."""
        ...

    def is_sealed(self, stored: bytes) -> bool:
        """Whether `seal` made it; if not, an older agent stored the secret as it is."""
        ...

    def unseal(self, stored: bytes) -> bytes:
        """The secret; raises `StateError` when this machine cannot open it."""
        ...


class ServiceHost(Protocol):
    """Makes the agent a service of this machine, for its set-up; methods raise `StateError`."""

    @property
    def is_registered(self) -> bool: ...

    def take_over(self, folder: Path) -> None:
        """Make `folder` when it is missing, and its owner's alone; what somebody else made there is set aside."""
        ...

    def register(self, launcher: Path, *, is_delayed: bool) -> None:
        """Register `launcher` to start with the machine, and the source of its events."""
        ...

    def start(self) -> None:
        """Start the service, and return once it runs."""
        ...

    def stop(self) -> None:
        """Stop the service, and return once it has stopped; one that is not there is stopped."""
        ...

    def remove(self) -> None:
        """Stop the service and take it, and the source of its events, out of the machine's registers."""
        ...


class Request(msgspec.Struct, frozen=True):
    """One HTTP request to the server."""

    method: Literal["GET", "POST", "PUT"]
    path: str
    """Starts with `/`; relative to the server's address."""
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout_s: float = 60.0
    """Longest silence of the server once connected."""
    is_counted: bool = False
    """It holds a counter that is good for one sending: never send it twice, the server would see a clone."""


class Reply(msgspec.Struct, frozen=True):
    """The answer to a `Request`, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class ServerLink(Protocol):
    """Carries requests to the one server of this agent; one request at a time."""

    def send(self, request: Request) -> Reply:
        """The server's answer; raises `UnreachableError` when there is none, `interrupt` included.

        A counted request on a kept connection that turns out to be cut raises `CutLinkError`: count again.
        """
        ...

    def interrupt(self) -> None:
        """End the request under way, and refuse later ones; called from another thread."""
        ...


class Asker(Protocol):
    """Puts questions to whoever sits at this PC; nothing here waits for an answer."""

    def ask(self, order_id: str, text: str, *, within_s: float) -> None:
        """Show a question, to be answered by yes or no within so many seconds."""
        ...

    def inform(self, text: str) -> None:
        """Show something that needs no answer."""
        ...

    def answers(self) -> Mapping[str, bool]:
        """What was answered since the last call, by order: whether it was yes."""
        ...

    def withdraw(self, order_id: str) -> None:
        """The question of an order is over: take it away where that can be done."""
        ...


class Supervisor(Protocol):
    """Who started this agent and watches it: the launcher on Windows, systemd on Linux, or nobody."""

    is_trial: bool
    """This version is on trial: it is committed once it is `healthy`, and stages no other."""

    def begin(self, stop: Callable[[], None]) -> None:
        """Be watched from now on; `stop` is called, from another thread, when the agent is to end."""
        ...

    def expect(self, within_s: float) -> None:
        """Declare that the main loop will declare something else within `within_s`; when it does not, it hangs."""
        ...

    def healthy(self) -> None:
        """The server has accepted a check-in of this version."""
        ...

    def end(self) -> None:
        """The agent ends by itself."""
        ...
