"""The machine this process runs on, when it is a Linux one."""

from canopee_agent.linux.files import LinuxFiles
from canopee_agent.linux.programs import LinuxPrograms
from canopee_agent.linux.registry import NoRegistry
from canopee_agent.linux.system import LinuxSystem
from canopee_kit.clock import Clock


class LinuxMachine:
    """Every capability of `ports.Machine`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.registry = NoRegistry()
        self.system = LinuxSystem()
        self.programs = LinuxPrograms(clock)
        self.files = LinuxFiles()
