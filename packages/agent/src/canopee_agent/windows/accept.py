"""The acceptance of this PC, from the first check to the report."""

import ctypes
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath

import msgspec
import psutil

from canopee_agent.errors import DeniedError, MissingError, StateError
from canopee_agent.ports import Machine
from canopee_agent.windows import checks
from canopee_agent.windows.acceptance import (
    Area,
    Finding,
    Look,
    Report,
    Row,
    Scene,
    cleaned,
    failed,
    read,
    report,
    write,
)
from canopee_agent.windows.folders import program_data
from canopee_kit.discovery import discover
from canopee_kit.logs import get_logger

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_log = get_logger(__name__)
_SERVICE = "CanopeeAgent"
_SAME_START_S = 20.0
"""The start of Windows is known to a second or so, and two are further apart than this."""
_WINDOWS = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"


def accept(
    machine: Machine, out: Path, install_log: Path | None = None, *, only: Collection[str] = (),
    booted_at: datetime | None = None,
) -> Report:  # fmt: skip
    """Do the part that is due, and write the report in `out`: the first, or after a restart the second.

    `only`: names of areas; all of them when there is none. `booted_at`: when Windows started, if it is known better
    than by asking it.

    Raises:
        StateError: the report cannot be read or written, the PC was not restarted, or this is no administrator.
    """
    if not ctypes.WinDLL("shell32").IsUserAnAdmin():
        raise StateError("run it as an administrator: many checks would fail for that reason alone")
    first, now = read(out), machine.clock.now()
    booted_at = booted_at or datetime.fromtimestamp(psutil.boot_time(), UTC)
    if first is not None and abs((booted_at - first.booted_at).total_seconds()) < _SAME_START_S:
        raise StateError(f"restart the PC first; or remove {out / 'acceptance.json'}, to begin again")
    out.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="acceptance-", dir=out.resolve()))
    try:
        scene = Scene(
            machine=machine, scratch=scratch, program=_program(machine), home=program_data() / "Canopee",
            own_command=_own_command(), booted_at=booted_at, install_log=install_log,
            asked_at=first.started_at if first else None,
        )  # fmt: skip
        rows = cleaned(look(scene, only, is_after_restart=first is not None), _private())
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if first is not None:
        found = msgspec.structs.replace(first, rows=first.rows + rows, awaits_restart=False)
    else:
        found = report(machine.system.platform(), _edition(machine), rows, started_at=now, booted_at=booted_at)
    write(out, found)
    return found


def look(scene: Scene, only: Collection[str], *, is_after_restart: bool) -> tuple[Row, ...]:
    """Every check of this part, in order; one that fails in a way of its own is a failed check.

    Raises:
        StateError: there is no such area.
    """
    rows: list[Row] = []
    areas = discover(checks, Area)
    if unknown := sorted(set(only) - set(areas)):
        raise StateError(f"there is no area {', '.join(unknown)}: there are {', '.join(areas)}")
    for area, kind in areas.items():
        if only and area not in only:
            continue
        found = kind()
        for name, check in (found.after_restart() if is_after_restart else found.checks()).items():
            began = scene.machine.clock.monotonic()
            finding = _asked(check, scene)
            took_s = round(scene.machine.clock.monotonic() - began, 3)
            rows.append(Row(area, name, finding.state, finding.seen, took_s))
        if not is_after_restart:
            found.prepare(scene)
    return tuple(rows)


def _asked(check: Look, scene: Scene) -> Finding:
    try:
        return check(scene)
    except Exception as error:  # noqa: BLE001  a Windows that answers in an unknown way is what is looked for
        _log.debug("a check failed in a way of its own:\n%s", traceback.format_exc())
        return failed(f"{type(error).__name__}: {error}")


def _program(machine: Machine) -> Path | None:
    try:
        command = machine.services.look(_SERVICE).program
    except MissingError:
        return None
    return Path(PureWindowsPath(command.strip('"').partition('"')[0]).parent)


def _own_command() -> tuple[str, ...]:
    """Starts this very agent: from its slot, or from a development tree."""
    is_slot = Path(sys.executable).name.lower() == "agent.exe"
    return (sys.executable,) if is_slot else (sys.executable, "-m", "canopee_agent")


def _edition(machine: Machine) -> str:
    """Such as `Professional` or `ServerStandard, Server Core`."""
    words: list[str] = []
    for name in ("EditionID", "InstallationType"):
        try:
            words.append(str(machine.registry.value(_WINDOWS, name)))
        except (MissingError, DeniedError):
            continue
    return ", ".join(words) or "unknown"


def _private() -> dict[str, str]:
    """What names this PC or somebody, and what stands for it in a report."""
    names = {"USERPROFILE": "%USERPROFILE%", "USERNAME": "USER", "COMPUTERNAME": "PC", "USERDOMAIN": "DOMAIN"}
    return {os.environ[name]: shown for name, shown in names.items() if os.environ.get(name)}
