"""mingw: our C becomes Windows programs, the same bytes each time."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "deploy" / "windows"
_PREFIX = "x86_64-w64-mingw32-"
_COMPILE = ("-std=c11", "-Os", "-s", "-Wall", "-Wextra", "-Werror", "-municode", "-fno-ident")
_LINK = ("-Wl,--dynamicbase,--nxcompat,--high-entropy-va,--no-insert-timestamp", "-ladvapi32")
_UTF_8 = "65001"


class BuildError(Exception):
    """Something could not be built; the sentence says what to do."""


def numbers(version: str) -> str:
    """`1.8.0-3fa9c2d1` → `1,8,0,0`, as version resources want it."""
    parts = version.partition("-")[0].split(".")
    found = [int(part) for part in parts if part.isdecimal()][:4]
    return ",".join(map(str, found + [0] * (4 - len(found))))


def compile_windows(
    out: Path, sources: Sequence[Path], *, resource: Path, headers: Mapping[str, str], messages: Path | None = None,
    icon: bytes,
) -> None:  # fmt: skip
    """Make the program `out`; `headers` are written as `#define`s into `version.h`."""
    with tempfile.TemporaryDirectory(prefix="canopee-windows-") as place:
        work = Path(place)
        defines = [f"#define {name} {value}\n" for name, value in headers.items()]
        (work / "version.h").write_text("".join(defines))
        (work / "canopee.ico").write_bytes(icon)
        if messages is not None:
            _run("windmc", "-C", _UTF_8, "-h", work, "-r", work, messages)
        _run("windres", "-I", work, "-I", resource.parent, resource, "-O", "coff", "-o", work / "resource.o")
        out.parent.mkdir(parents=True, exist_ok=True)
        included = ("-I", work, "-I", resource.parent, f"-ffile-prefix-map={work}=.")
        _run("gcc", *_COMPILE, *included, "-o", out, *sources, work / "resource.o", *_LINK)


def compile_library(out: Path, sources: Sequence[Path]) -> None:
    """Make a shared library of this machine, for tests of what is not about Windows."""
    command = [
        "gcc",
        "-std=c11",
        "-O1",
        "-g",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fPIC",
        "-shared",
        "-o",
        out,
        *sources,
    ]
    _check(command)


def _run(tool: str, *arguments: str | Path) -> None:
    _check([_PREFIX + tool, *arguments])


def _check(command: Sequence[str | Path]) -> None:
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} is not there: run tools/windows/setup") from error
    if ended.returncode:
        raise BuildError(f"{command[0]} failed:\n{ended.stdout}{ended.stderr}")
