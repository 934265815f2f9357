"""Everything of one version: launcher, slot, archive, manifest and list of parts."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from canopee_agent import __version__
from canopee_agent.slots import is_version
from tools.windows.archives import files_of, settle, write_zip
from tools.windows.bytecode import compile_all
from tools.windows.distributions import Library, shipped
from tools.windows.freshness import sources_sha256
from tools.windows.icon import icon
from tools.windows.launcher import VERSION as LAUNCHER_VERSION
from tools.windows.launcher import build_launcher
from tools.windows.release import write_release
from tools.windows.runtime import CACHE, downloaded, library, put_runtime
from tools.windows.sbom import sbom
from tools.windows.signing import unsigned
from tools.windows.toolchain import ROOT, SOURCES, BuildError, compile_windows, numbers

VERSION = __version__
"""What a build has when nothing else is asked."""
OURS = ("canopee_agent", "canopee_contract", "canopee_trust", "canopee_kit")
_LEFT_OUT = re.compile(r"(^|/)(testing\.py|fake\w*\.py|py\.typed)$|canopee_agent/linux/|__pycache__")
_VERSION_LINE = re.compile(rb'^__version__ = "[^"]+"$', re.MULTILINE)
_VERSION_FILE = "canopee_agent/__init__.py"
_PATHS = "app.zip\r\npython311.zip\r\nlib\r\n.\r\n"


class Plan(msgspec.Struct, frozen=True):
    """What to build."""

    version: str
    out: Path
    python: Path | None = None
    """Another unpacked Windows Python than the downloaded one."""
    sign: Callable[[Path], None] | None = None
    """Signs a program in place, before it is archived; bytes then differ from build to build."""


class Built(msgspec.Struct, frozen=True):
    """What there is now."""

    version: str
    launcher: Path
    slot: Path
    icon: Path
    archive: Path
    manifest: Path
    sbom: Path


def build(plan: Plan) -> Built:
    """Write all of it into `plan.out`, whatever was there; raises `BuildError`."""
    if not is_version(plan.version):
        raise BuildError(f"{plan.version!r} cannot be a version: digits, letters, '.' and '-', a digit first")
    out, name = plan.out, f"canopee-agent-{plan.version}-win-x64"
    built = Built(
        plan.version, out / "launcher.exe", out / "slot", out / "canopee.ico", out / f"{name}.zip",
        out / "manifest.json", out / f"{name}.cdx.json",
    )  # fmt: skip
    shutil.rmtree(out, ignore_errors=True)
    built.slot.mkdir(parents=True)
    built.icon.write_bytes(icon())
    python, libraries = plan.python or downloaded(), shipped(CACHE / "packages")
    build_launcher(built.launcher)
    _build_slot(built, python, libraries)
    if plan.sign is not None:
        for program in (built.launcher, *unsigned(built.slot)):
            plan.sign(program)
    shutil.copyfile(built.launcher, built.slot / "launcher.exe")
    settle(built.slot)
    write_release(built.slot, built.version, built.archive)
    built.sbom.write_text(sbom(plan.version, built.slot, libraries))
    built.manifest.write_text(_manifest(built))
    return built


def stamp(slot: Path, version: str, out: Path) -> None:
    """The same slot as another version, for tests: what differs is what it says of itself. Other files are links."""
    shutil.copytree(slot, out, copy_function=_link)
    for name in ("app.zip", "version.txt"):
        (out / name).unlink()
    (out / "version.txt").write_text(f"{version}\n")
    write_zip(out / "app.zip", _entries(_our_code(version), shipped(CACHE / "packages")))


def _build_slot(built: Built, python: Path, libraries: list[Library]) -> None:
    slot, version = built.slot, built.version
    put_runtime(python, slot)
    write_zip(slot / "python311.zip", library(python))
    write_zip(slot / "app.zip", _entries(_our_code(version), libraries))
    for name, content in _native(libraries):
        (slot / "lib" / name).parent.mkdir(parents=True, exist_ok=True)
        (slot / "lib" / name).write_bytes(content)
    (slot / "python311._pth").write_text(_PATHS, newline="")
    (slot / "version.txt").write_text(f"{version}\n")
    (slot / "LICENSES.txt").write_text(_licences(python, libraries), encoding="utf-8")
    compile_windows(
        slot / "agent.exe", [SOURCES / "slot" / "agent.c"], resource=SOURCES / "slot" / "agent.rc",
        headers={"AGENT_VERSION": f'"{version}"', "AGENT_NUMBERS": numbers(version)}, icon=icon(),
    )  # fmt: skip


def _our_code(version: str) -> dict[str, bytes]:
    """The files of our packages that go to PCs, with the version that is built."""
    found: dict[str, bytes] = {}
    for package in OURS:
        sources = ROOT / "packages" / package.removeprefix("canopee_") / "src"
        for name in files_of(sources):
            if name.startswith(f"{package}/") and not _LEFT_OUT.search(name):
                found[name] = (sources / name).read_bytes()
    found[_VERSION_FILE] = _VERSION_LINE.sub(f'__version__ = "{version}"'.encode(), found[_VERSION_FILE])
    return found


def _entries(ours: dict[str, bytes], libraries: list[Library]) -> Iterator[tuple[str, bytes]]:
    """What `app.zip` holds: all that is not native, compiled, and the data beside it."""
    files = dict(ours)
    for one in libraries:
        if not one.is_native:
            files |= one.files
    yield from sorted(_compiled(files | _packages(files)).items())


def _packages(files: dict[str, bytes]) -> dict[str, bytes]:
    """An empty `__init__.py` for each folder that has none: in a zip Python finds no package without."""
    folders = {name.rpartition("/")[0] for name in files if name.endswith(".py") and "/" in name}
    return {f"{folder}/__init__.py": b"" for folder in folders if f"{folder}/__init__.py" not in files}


def _native(libraries: list[Library]) -> Iterator[tuple[str, bytes]]:
    for one in libraries:
        if one.is_native:
            yield from _compiled(one.files).items()


def _compiled(files: dict[str, bytes]) -> dict[str, bytes]:
    sources = {name: content for name, content in files.items() if name.endswith(".py")}
    others = {name: content for name, content in files.items() if not name.endswith(".py")}
    return others | {f"{name}c": code for name, code in compile_all(sources).items()}


def _licences(python: Path, libraries: list[Library]) -> str:
    parts = [("Canopée", (ROOT / "LICENSE").read_text()), ("Python", (python / "LICENSE.txt").read_text("utf-8"))]
    parts += [(f"{one.name} {one.version}", one.text) for one in libraries]
    return "\n\n".join(f"===== {title} =====\n\n{text.strip()}" for title, text in parts) + "\n"


def _manifest(built: Built) -> str:
    """SHA-256 and bytes of every file: of the slot by its path in it, of the others by their name."""
    slot = {name: _described(built.slot / name) for name in files_of(built.slot)}
    others = {path.name: _described(path) for path in (built.launcher, built.archive, built.sbom)}
    document = {
        "version": built.version, "launcher": LAUNCHER_VERSION, "sources": sources_sha256(), "files": others,
        "slot": slot,
    }  # fmt: skip
    return json.dumps(document, indent=1) + "\n"


def _described(path: Path) -> dict[str, object]:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)
