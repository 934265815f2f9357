"""Services in memory, with the rules of Windows; part of `fakes.py`."""

from collections.abc import Callable

import msgspec

from canopee_agent.errors import BusyError, DeniedError, MissingError, NotSupportedError
from canopee_agent.fake_disk import Family
from canopee_agent.ports import Service
from canopee_kit.clock import FakeClock


class FakeService(msgspec.Struct):
    """One service, and how it behaves."""

    found: Service
    takes_s: float = 0.0
    """Time between a command and the state that it leads to; then `next` holds."""
    refuses_stop: bool = False
    exit_code: int = 0
    """How it ends as it starts; not 0: it does not stay."""
    is_held: bool = False
    """A program holds it open: deleted, it goes on being listed."""
    is_doomed: bool = False
    until: float = 0.0
    next: Service | None = None


class FakeServices:
    r"""Services by name; case does not count.

    services.add("OldAgent", FakeService(Service("Old agent", "running", "automatic", r"C:\Old\agent.exe"), takes_s=3))
    """

    def __init__(self, family: Family, clock: FakeClock) -> None:
        self._family, self._clock = family, clock
        self._held: dict[str, FakeService] = {}
        self.commands: list[tuple[str, str]] = []
        """Every command that was taken, with the name of its service."""
        self.before: Callable[[str, str], None] = lambda _call, _name: None
        """Called with the name of a method and of a service, before it looks: what somebody else does meanwhile."""

    def add(self, name: str, service: FakeService) -> None:
        """Install a service."""
        self._held[name.casefold()] = service

    def remove(self, name: str) -> None:
        """What its uninstaller does."""
        self._held.pop(name.casefold(), None)

    def look(self, name: str) -> Service:
        return self._find("look", name).found

    def stop(self, name: str) -> None:
        service = self._find("stop", name)
        if service.found.state == "stopped":
            return
        if service.found.state != "running":
            raise BusyError(f"{name} takes no command: it is {service.found.state}")
        if service.refuses_stop:
            raise DeniedError(f"{name} does not let itself be stopped")
        self._go(name, "stop", service, "stopping", msgspec.structs.replace(service.found, state="stopped"))

    def start(self, name: str) -> None:
        service = self._find("start", name)
        if service.found.state == "running":
            return
        if service.found.start == "disabled":
            raise DeniedError(f"{name} is disabled")
        stays = service.exit_code == 0
        after = msgspec.structs.replace(
            service.found, state="running" if stays else "stopped", exit_code=service.exit_code
        )
        self._go(name, "start", service, "starting", after)

    def disable(self, name: str) -> None:
        service = self._find("disable", name)
        service.found = msgspec.structs.replace(service.found, start="disabled")
        self.commands.append(("disable", name))

    def delete(self, name: str) -> None:
        service = self._find("delete", name)
        service.is_doomed = True
        self.commands.append(("delete", name))
        if not service.is_held:
            self.remove(name)

    def _go(self, name: str, command: str, service: FakeService, meanwhile: str, after: Service) -> None:
        self.commands.append((command, name))
        between = msgspec.convert({**msgspec.structs.asdict(service.found), "state": meanwhile}, Service)
        service.found, service.next = between, after
        service.until = self._clock.monotonic() + service.takes_s

    def _find(self, call: str, name: str) -> FakeService:
        if self._family != "windows":
            raise NotSupportedError("services are not commanded on this machine")
        self.before(call, name)
        service = self._held.get(name.casefold())
        if service is None:
            raise MissingError(f"there is no service {name}")
        if service.next is not None and self._clock.monotonic() >= service.until:
            service.found, service.next = service.next, None
        return service
