r"""Where an installed agent has its things: the program's folder, its home, its own slot.

    C:\Program Files\Canopee\slots\<version>\agent.exe     the program: launcher, slots, policy
    C:\ProgramData\Canopee\                                the home: agent.toml, root.json, state, logs

An agent that runs from elsewhere (a development tree, a package of Linux) is not installed in that sense.
"""

import sys
from pathlib import Path, PurePath

import msgspec

from canopee_agent.slots import EXECUTABLES, is_version

SERVICE = "CanopeeAgent"


class Installed(msgspec.Struct, frozen=True):
    """One installation, seen from the version that runs."""

    program: Path
    home: Path
    slot: Path
    version: str

    @property
    def policy(self) -> Path:
        """The local ceiling, beside the program, where only administrators write."""
        return self.program / "policy.toml"

    @property
    def logs(self) -> Path:
        return self.home / "logs"


def installed() -> Installed | None:
    """The installation that this process belongs to; `None` when it runs from elsewhere."""
    return find(Path(sys.executable), data_folder() / folder_name())


def find(executable: PurePath, home: Path) -> Installed | None:
    """What `…/slots/<version>/agent.exe` belongs to; `None` for any other place."""
    slot, slots = executable.parent, executable.parent.parent
    if executable.name.lower() not in EXECUTABLES or slots.name.lower() != "slots" or not is_version(slot.name):
        return None
    return Installed(Path(str(slots.parent)), home, Path(str(slot)), slot.name)


def data_folder() -> Path:
    r"""`C:\ProgramData`, asked of Windows: the variable of that name lies in some services. Elsewhere `/var/lib`."""
    if sys.platform == "win32":
        from canopee_agent.windows.folders import program_data  # noqa: PLC0415  exists for one platform

        return program_data()
    return Path("/var/lib")


def folder_name() -> str:
    """As the platform's folders are usually named."""
    return "Canopee" if sys.platform == "win32" else "canopee"
