"""What an installer is made of."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from tools.windows import toolchain
from tools.windows.toolchain import ROOT, BuildError

SOURCES = toolchain.SOURCES / "installer"
EPOCH = "1700000000"
"""The time that everything in an installer has: two builds give the same bytes."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The built parts of one version."""

    version: str
    slot: Path
    launcher: Path
    icon: Path
    root: Path | None = None
    """`root.json` of the vendor: PCs pin it, nothing else needs to be given beside the installer."""
    policy: Path | None = None
    """`policy.toml` for PCs that have none."""

    @property
    def numbers(self) -> str:
        """The version as Windows wants it: four numbers, `1.8.0-3fa9c2d1` is `1.8.0.0`."""
        found = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", self.version)
        if found is None:
            raise BuildError(f"{self.version!r} does not begin with numbers: Windows needs some")
        return ".".join([*(number or "0" for number in found.groups()), "0"])


def run(command: Sequence[str | Path], *, cwd: Path = ROOT, environment: Mapping[str, str]) -> None:
    """Run a program of the build; raises `BuildError` with its words."""
    try:
        ended = subprocess.run(  # noqa: S603  the build's own command
            command, cwd=cwd, env=dict(environment), capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} is not there: run tools/windows/setup") from error
    if ended.returncode:
        raise BuildError(
            f"{command[0]} ended with {ended.returncode}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}"
        )
