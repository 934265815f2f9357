"""`canopee-agent accept`: on Windows, every check that only a real one can answer."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

from canopee_agent.errors import StateError
from canopee_kit.clock import SystemClock

_CHILD_BYTES = 300 * 2**20


Actions: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
"""argparse gives this class no public name."""


def add_to(actions: Actions) -> None:
    """Add the action."""
    parser = actions.add_parser("accept", help="check on a Windows PC what no test can, and write a report")
    parser.add_argument("--out", type=Path, default=Path(), help="folder of the report (default: the current one)")
    parser.add_argument("--install-log", type=Path, help="log of msiexec /l*v, to be searched for a token")
    parser.add_argument("--only", nargs="+", default=[], metavar="AREA", help="these areas, and no others")
    parser.add_argument("--child", choices=["allocate", "spawn"], help=argparse.SUPPRESS)
    parser.set_defaults(action=_accept)


def _accept(arguments: argparse.Namespace) -> int:
    """0: no check failed; 1: some did; 3: none did, and the PC must be restarted now for the second part."""
    if arguments.child:
        return _child(arguments.child)
    if sys.platform != "win32":
        raise StateError("accept checks a Windows PC: run it there")
    from canopee_agent.windows.accept import accept  # noqa: PLC0415  exists for one platform
    from canopee_agent.windows.acceptance import as_text  # noqa: PLC0415  as above
    from canopee_agent.windows.machine import WindowsMachine  # noqa: PLC0415  as above

    found = accept(WindowsMachine(SystemClock()), arguments.out, arguments.install_log, only=arguments.only)
    sys.stdout.write(as_text(found))
    if any(row.state == "failed" for row in found.rows):
        return 1
    return 3 if found.awaits_restart else 0


def _child(what: str) -> int:
    """What a capped process tries, and says."""
    try:
        if what == "allocate":
            held = bytearray(_CHILD_BYTES)
            held[::4_096] = b"x" * len(held[::4_096])  # every page is touched
        else:
            subprocess.run(
                [sys.executable, "--version"], check=True, capture_output=True, stdin=subprocess.DEVNULL
            )
    except (MemoryError, OSError, subprocess.CalledProcessError):
        sys.stdout.write("refused")
        return 0
    sys.stdout.write("had")
    return 0
