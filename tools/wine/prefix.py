"""A Windows of a test's own: a Wine prefix with its services, which can be switched off and on again."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath

import msgspec

HERE = Path(__file__).parent
TEMPLATE = HERE.parents[1] / ".cache" / "wine" / "prefix"
"""Made by `tools/wine/setup`."""
_LONGEST_S = 180


class Ended(msgspec.Struct, frozen=True):
    """How a Windows program ended."""

    exit_code: int
    """Its last 8 bits: 1603 shows as 67."""
    output: str


class Prefix:
    """A copy of the template: the folder of Windows by hard links, the registry for real."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "drive_c").mkdir(parents=True)
        subprocess.run(["cp", "-al", TEMPLATE / "drive_c" / "windows", folder / "drive_c"], check=True)  # noqa: S603, S607  our own copy
        for part in TEMPLATE.iterdir():
            if part.is_file():
                shutil.copy2(part, folder)
        for part in (TEMPLATE / "drive_c").iterdir():
            if part.name != "windows":
                shutil.copytree(part, folder / "drive_c" / part.name, symlinks=True)
        shutil.copytree(TEMPLATE / "dosdevices", folder / "dosdevices", symlinks=True)
        self._environment = _environment(folder)
        self._desktop: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        """Switch it on: services that start by themselves do."""
        self._quietly("wineserver", "-p")
        self._quietly(self._environment["WINE64"], "wineboot.exe")
        # Started by the first window otherwise, with the pipe of whoever opens that.
        self._desktop = subprocess.Popen(  # noqa: S603  our own Wine
            [self._environment["WINE64"], r"C:\windows\system32\explorer.exe", "/desktop"], env=self._environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def down(self) -> None:
        """Switch it off, as a cut of the power does."""
        self._quietly("wineserver", "-k")
        self._quietly("wineserver", "-w")
        if self._desktop is not None:
            self._desktop.wait()

    def run(self, program: str, *arguments: str, variables: Mapping[str, str] | None = None) -> Ended:
        """Run a program to its end; 124 when it lasts longer than three minutes."""
        ended = subprocess.run(  # noqa: S603  our own runner
            [sys.executable, "-S", "-E", HERE / "run.py", "-t", str(_LONGEST_S), program, *arguments],
            env={**self._environment, **(variables or {})}, capture_output=True, check=False,
        )  # fmt: skip
        return Ended(ended.returncode, (ended.stdout + ended.stderr).decode("utf-8", "replace"))

    def service(self, name: str) -> str:
        """`RUNNING`, `STOPPED`, and so on; empty when no such service is registered."""
        output = self.run(r"C:\windows\system32\sc.exe", "query", name).output
        states = [line.split()[-1] for line in output.splitlines() if line.strip().startswith("STATE")]
        return states[0] if states else ""

    def path(self, windows: str) -> Path:
        """Where a path of drive `C:` lies."""
        return self.folder.joinpath("drive_c", *PureWindowsPath(windows).parts[1:])

    def registry(self) -> str:
        """The machine's registry as text, complete once the prefix is down."""
        return (self.folder / "system.reg").read_text("utf-8", "replace")

    def _quietly(self, *command: str) -> None:
        subprocess.run(  # noqa: S603  our own Wine
            command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, check=False, timeout=_LONGEST_S,
        )  # fmt: skip


def windows_path(path: Path) -> str:
    """How Windows programs under Wine name a file of this machine."""
    return "Z:" + str(path.absolute()).replace("/", "\\")


def _environment(prefix: Path) -> dict[str, str]:
    """What `env.sh` makes of ours."""
    told = subprocess.run(  # noqa: S603  our own script
        ["bash", "-c", '. "$0" && env -0', HERE / "env.sh"],  # noqa: S607  bash of the PATH
        env={**os.environ, "WINEPREFIX": str(prefix)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(entry.split("=", 1) for entry in told.stdout.split("\0") if "=" in entry)
