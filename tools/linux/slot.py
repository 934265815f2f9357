"""One version of the agent as a folder: its code and the libraries of `uv.lock`, compiled, and what starts it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("kit", "contract", "trust", "agent")
_LEFT_OUT = (
    "bin",
    ".lock",
    "psutil/tests",
    "zstandard/_cffi.*",
    "zstandard/backend_cffi.py",
    "**/*.sh",
    "**/.gitignore",
)
"""Programs and tests of libraries; of zstandard, what only PyPy needs: 12 MB."""
_UV = ROOT / ".venv" / "bin" / "uv"


def fill(slot: Path, program: Path) -> None:
    """Make `slot`: `lib/`, and the program as `canopee-agent`. The same sources make the same bytes."""
    lib = slot / "lib"
    lib.mkdir(parents=True)
    _install_libraries(lib)
    for package in _PACKAGES:
        _copy_sources(ROOT / "packages" / package / "src", lib)
    _compile(lib)
    shutil.copyfile(program, slot / "canopee-agent")
    (slot / "canopee-agent").chmod(0o755)


def _install_libraries(lib: Path) -> None:
    """Wheels of the locked versions, for the Python that runs this, by their hashes."""
    wanted = lib.parent / "requirements.txt"
    _run(
        _UV, "export", "--quiet", "--frozen", "--package", "canopee-agent", "--no-dev", "--no-emit-workspace",
        "--no-header", "--prune", "urllib3", "--output-file", wanted,
    )  # fmt: skip
    _run(
        _UV, "pip", "install", "--quiet", "--python", sys.executable, "--target", lib, "--no-deps",
        "--require-hashes", "--only-binary", ":all:", "--link-mode", "copy", "--no-compile", "-r", wanted,
    )  # fmt: skip
    wanted.unlink()
    for found in [path for name in _LEFT_OUT for path in lib.glob(name)]:
        if found.is_dir():
            shutil.rmtree(found)
        else:
            found.unlink()


def _copy_sources(source: Path, lib: Path) -> None:
    """What git has of them: no cache and nothing that lies around."""
    listed = _run("git", "ls-files", "-z", ".", cwd=source)
    for name in filter(None, listed.split("\0")):
        if not (source / name).is_file():  # deleted, and not committed yet
            continue
        target = lib / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target)


def _compile(lib: Path) -> None:
    """Bytecode that is never checked nor written again: the folder is root's, and read-only for the agent."""
    _run(
        sys.executable, "-m", "compileall", "-q", "-j", "1", "-o", "0", "--invalidation-mode", "unchecked-hash",
        "-s", lib, "-p", "canopee", lib, environment={"PYTHONHASHSEED": "0"},
    )  # fmt: skip


def _run(*command: str | Path, cwd: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    ended = subprocess.run(  # noqa: S603  our own commands
        list(map(str, command)), cwd=cwd, check=False, capture_output=True, text=True,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    if ended.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return ended.stdout
