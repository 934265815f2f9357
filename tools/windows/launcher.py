"""`launcher.exe`, and the same decisions as a library of this machine."""

from pathlib import Path

from tools.windows.icon import icon
from tools.windows.toolchain import SOURCES, compile_library, compile_windows, numbers

FOLDER = SOURCES / "launcher"
DECISIONS = (FOLDER / "state.c", FOLDER / "decide.c")
VERSION = (FOLDER / "VERSION").read_text().strip()
"""Of the launcher: it changes when the launcher does, about once a year."""


def build_launcher(out: Path, version: str = VERSION) -> None:
    """Make `launcher.exe`."""
    headers = {"LAUNCHER_VERSION": f'"{version}"', "LAUNCHER_NUMBERS": numbers(version)}
    compile_windows(
        out, sorted(FOLDER.glob("*.c")), resource=FOLDER / "launcher.rc", headers=headers,
        messages=FOLDER / "msg.mc", icon=icon(),
    )  # fmt: skip


def build_decisions(out: Path) -> None:
    """Make the shared library that tests drive."""
    compile_library(out, DECISIONS)
