r"""`canopee-agent` in the Run box of Windows (the Windows key with R) is this version's `agent.exe`.

`App Paths` says so to every user. It names a slot, which goes some updates later: each version says it again as it
starts. Nothing is put in PATH.
"""

import sys
from contextlib import suppress
from pathlib import Path

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

import winreg  # noqa: E402

APP_PATH = r"SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\canopee-agent.exe"
_64 = winreg.KEY_WOW64_64KEY


def make_reachable(program: Path) -> None:
    """Have users reach `program` by its name; raises `OSError`."""
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, APP_PATH, 0, winreg.KEY_ALL_ACCESS | _64) as key:
        winreg.SetValueEx(key, "", 0, winreg.REG_SZ, str(program))


def forget() -> None:
    """Take the name away; raises `OSError`."""
    with suppress(FileNotFoundError):
        winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, APP_PATH, _64)
