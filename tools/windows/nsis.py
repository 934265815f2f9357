"""The set-up program, by NSIS."""

import os
import sys
from pathlib import Path

from tools.windows.parts import EPOCH, SOURCES, Parts, run
from tools.windows.signing import Signer


def build(parts: Parts, folder: Path, signer: Signer | None = None, *, is_quick: bool = False) -> Path:
    """`canopee-agent-<version>-setup.exe` in `folder`; it and the uninstaller inside are signed by `signer`.

    `is_quick`: for tests, compressed less.

    Raises:
        BuildError: makensis does not like it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    out = folder.absolute() / f"canopee-agent-{parts.version}-setup.exe"
    defines: dict[str, object] = {
        "VERSION": parts.version, "NUMBERS": parts.numbers, "SLOT": parts.slot.absolute(),
        "LAUNCHER": parts.launcher.absolute(), "ICON": parts.icon.absolute(), "OUT": out,
    }  # fmt: skip
    optional = {"ROOT": parts.root, "POLICY": parts.policy}
    defines |= {name: path.absolute() for name, path in optional.items() if path}
    if is_quick:
        defines["QUICK"] = 1
    if signer:
        defines["SIGN"] = f'"{sys.executable}" -m tools.windows.signing'
    command = ["makensis", "-V2", "-WX", "-NOCD", "-INPUTCHARSET", "UTF8"]
    command += [f"-D{name}={value}" for name, value in defines.items()]
    run(
        [*command, SOURCES / "agent.nsi"],
        environment={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, **(signer.variables if signer else {})},
    )
    return out
