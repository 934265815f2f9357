"""The machine this process runs on, when it is a Linux one."""

from pathlib import Path

from canopee_agent.linux.events import NoEvents
from canopee_agent.linux.files import LinuxFiles
from canopee_agent.linux.programs import LinuxPrograms
from canopee_agent.linux.registry import NoRegistry
from canopee_agent.linux.services import NoServices
from canopee_agent.linux.system import LinuxSystem
from canopee_agent.ports import AgentReleases, OutgoingFiles
from canopee_agent.web import HttpDownloads
from canopee_kit.clock import Clock


class LinuxMachine:
    """Every capability of `ports.Machine`."""

    def __init__(self, clock: Clock, ca_file: Path | None = None) -> None:
        """`ca_file`: an authority that is trusted too when a file is downloaded."""
        self.clock = clock
        self.registry = NoRegistry()
        self.system = LinuxSystem()
        self.programs = LinuxPrograms(clock)
        self.files = LinuxFiles()
        self.downloads = HttpDownloads(clock, ca_file)
        self.services = NoServices()
        self.events = NoEvents()
        self.releases: AgentReleases | None = None
        self.outbox: OutgoingFiles | None = None
