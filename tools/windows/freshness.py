"""Whether what was built is what the sources would give."""

import fcntl
import hashlib
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tools.windows.archives import files_of
from tools.windows.toolchain import ROOT

_SOURCES = (
    "deploy/windows/launcher", "deploy/windows/slot", "tools/windows", "packages/agent/src", "packages/contract/src",
    "packages/trust/src", "packages/kit/src",
)  # fmt: skip
_OTHERS = ("tools/wine/requirements.txt", "tools/wine/setup", "LICENSE")


class _Planned(Protocol):
    @property
    def version(self) -> str: ...

    @property
    def out(self) -> Path: ...


def sources_sha256() -> str:
    """Of everything that a build reads of this tree, names included."""
    names = [
        f"{folder}/{name}" for folder in _SOURCES for name in files_of(ROOT / folder) if "__pycache__" not in name
    ]
    found = hashlib.sha256()
    for name in sorted((*names, *_OTHERS)):
        found.update(name.encode() + b"\0" + hashlib.sha256((ROOT / name).read_bytes()).digest())
    return found.hexdigest()


def is_built(plan: _Planned) -> bool:
    """Whether `plan.out` holds that version, of these sources."""
    try:
        manifest = json.loads((plan.out / "manifest.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(manifest.get("version") == plan.version and manifest.get("sources") == sources_sha256())


@contextmanager
def alone(out: Path) -> Generator[None]:
    """Nobody else builds into `out` meanwhile."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with (out.parent / f".{out.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
