"""The installers that the cases use: two versions of the agent, built once for the same sources."""

import fcntl
import hashlib
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from tools.windows import msi, nsis
from tools.windows.build import VERSION, Plan, build, stamp
from tools.windows.freshness import alone, is_built, sources_sha256
from tools.windows.parts import SOURCES, Parts
from tools.windows.toolchain import ROOT

Kind = Literal["nsis", "msi"]
OLD, NEW = "1.0.0", "1.1.0"
_FOLDER = ROOT / "build" / "wine"


class Installer(msgspec.Struct, frozen=True):
    """One installer of one version."""

    kind: Kind
    version: str
    path: Path


def installer(kind: Kind, version: str) -> Installer:
    """An installer, made unless it is there; raises `BuildError`."""
    with _locked() as folder:
        suffix = ".msi" if kind == "msi" else "-setup.exe"
        path = folder / f"canopee-agent-{version}{suffix}"
        if not path.is_file():
            _make(kind, version, folder)
        return Installer(kind, version, path)


def _make(kind: Kind, version: str, folder: Path) -> None:
    plan, slot = Plan(VERSION, ROOT / "build" / "windows"), folder / "slots" / version
    with alone(plan.out):
        if not is_built(plan):
            build(plan)
        if not slot.is_dir():
            slot.parent.mkdir(exist_ok=True)
            stamp(plan.out / "slot", version, slot)
        parts = Parts(
            version=version, slot=slot, launcher=plan.out / "launcher.exe", icon=plan.out / "canopee.ico"
        )
        is_msi = kind == "msi"
        made = msi.build(parts, folder / "part") if is_msi else nsis.build(parts, folder / "part", is_quick=True)
    made.rename(folder / made.name)


@contextmanager
def _locked() -> Generator[Path]:
    """The folder of what is built from these sources, ours alone for now; those of other sources are removed."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with (_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = _FOLDER / _fingerprint()
        for other in _FOLDER.iterdir():
            if other.is_dir() and other != folder:
                shutil.rmtree(other)
        folder.mkdir(exist_ok=True)
        yield folder


def _fingerprint() -> str:
    found = hashlib.sha256(sources_sha256().encode())
    for path in sorted(SOURCES.iterdir()):
        found.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]
