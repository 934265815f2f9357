"""The machine this process runs on, when it is a Windows one."""

from canopee_agent.windows.files import WindowsFiles
from canopee_agent.windows.programs import WindowsPrograms
from canopee_agent.windows.registry import WindowsRegistry
from canopee_agent.windows.system import WindowsSystem
from canopee_kit.clock import Clock


class WindowsMachine:
    """Every capability of `ports.Machine`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.registry = WindowsRegistry()
        self.system = WindowsSystem(self.registry)
        self.programs = WindowsPrograms(clock)
        self.files = WindowsFiles()
