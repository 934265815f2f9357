"""The launcher of an installed agent, and how a newer one takes its place.

A program that runs cannot be written or deleted on Windows, but it can be renamed. The new launcher runs from the
next start of the service on; until then the old one goes on from its renamed file.
"""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from canopee_agent.errors import StateError

NAME, OLD, NEW = "launcher.exe", "launcher.exe.old", "launcher.exe.new"
_SIGNATURE = 0xFEEF04BD.to_bytes(4, "little")
"""Of `VS_FIXEDFILEINFO`, in the version resource."""
_VERSION_AT, _VERSION_BYTES = 8, 8
_TRIAL_S = 30.0


def file_version(path: Path) -> tuple[int, int, int, int]:
    """The version resource of a Windows program.

    Raises:
        StateError: it has none, or cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error}") from error
    place = content.find(_SIGNATURE)
    numbers = content[place + _VERSION_AT :][:_VERSION_BYTES]
    if place < 0 or len(numbers) < _VERSION_BYTES:
        raise StateError(f"{path} says no version")
    high, low = int.from_bytes(numbers[:4], "little"), int.from_bytes(numbers[4:], "little")
    return high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF


def renew_launcher(slot: Path, program: Path) -> bool:
    """`replace_launcher` by the one that came with a version, if it came with one; whether it was.

    Raises:
        StateError: as `replace_launcher`.
    """
    return (slot / NAME).is_file() and replace_launcher(slot / NAME, program)


def replace_launcher(new_exe: Path, program: Path) -> bool:
    """Put `new_exe` in the place of the launcher in `program`, if it is newer and runs; whether it was.

    To be called by a committed version only. A cut between the two renames would leave none: Windows is asked
    before to put the new one there at its next start, which does nothing once it is there.

    Raises:
        StateError: it cannot be put there, or does not run here.
    """
    if file_version(new_exe) <= file_version(program / NAME):
        return False
    try:
        shutil.copyfile(new_exe, program / NEW)
        _flush(program / NEW)
        _try(program / NEW)
        with suppress(FileNotFoundError):
            (program / OLD).unlink()
        _rename_at_next_boot(program / NEW, program / NAME)
        (program / NAME).rename(program / OLD)
        try:
            (program / NEW).rename(program / NAME)
        except OSError:
            (program / OLD).rename(program / NAME)
            raise
    except OSError as error:
        raise StateError(
            f"the launcher cannot be replaced: {error}; it is tried again at the next start"
        ) from error
    return True


def _rename_at_next_boot(source: Path, target: Path) -> None:
    if sys.platform == "win32":
        from canopee_agent.windows.renames import rename_at_next_boot  # noqa: PLC0415  exists for one platform

        rename_at_next_boot(source, target)


def _flush(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _try(program: Path) -> None:
    """A launcher that does not even say its version would leave a PC without an agent."""
    try:
        ended = subprocess.run([program, "--version"], timeout=_TRIAL_S, capture_output=True, check=False)  # noqa: S603
    except subprocess.SubprocessError as error:
        raise StateError(f"{program} does not run here: {error}") from error
    if ended.returncode:
        raise StateError(f"{program} does not run here: it ended with {ended.returncode}")
