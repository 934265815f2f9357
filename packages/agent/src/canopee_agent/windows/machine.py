"""The machine this process runs on, when it is a Windows one."""

from pathlib import Path

from canopee_agent.ports import AgentReleases, OutgoingFiles
from canopee_agent.web import HttpDownloads
from canopee_agent.windows.events import WindowsEvents
from canopee_agent.windows.files import WindowsFiles
from canopee_agent.windows.programs import WindowsPrograms
from canopee_agent.windows.registry import WindowsRegistry
from canopee_agent.windows.services import WindowsServices
from canopee_agent.windows.system import WindowsSystem
from canopee_kit.clock import Clock


class WindowsMachine:
    """Every capability of `ports.Machine`."""

    def __init__(self, clock: Clock, ca_file: Path | None = None) -> None:
        """`ca_file`: an authority that is trusted too when a file is downloaded."""
        self.clock = clock
        self.registry = WindowsRegistry()
        self.system = WindowsSystem(self.registry)
        self.programs = WindowsPrograms(clock)
        self.files = WindowsFiles(clock)
        self.downloads = HttpDownloads(clock, ca_file)
        self.services = WindowsServices()
        self.events = WindowsEvents()
        self.releases: AgentReleases | None = None
        self.outbox: OutgoingFiles | None = None
