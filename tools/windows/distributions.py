"""The libraries that ship with the agent: which files of them, and what their metadata say."""

import hashlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from tools.windows.toolchain import BuildError

SHIPPED = ("msgspec", "psutil", "securesystemslib", "tuf", "zstandard")
"""Not `urllib3`, which nothing of ours imports (docs/adr/0006), nor `typing_extensions`: msgspec is smaller without."""
_LEFT_OUT = frozenset({".pyi", ".c", ".h", ".typed", ".rst", ".md"})
_NEVER = frozenset({"tests", "test", "__pycache__", "_cffi.pyd", "backend_cffi.py"})


class Library(msgspec.Struct, frozen=True):
    """One distribution, as it is shipped."""

    name: str
    version: str
    licence: str
    """An SPDX expression where the distribution gives one, else its own words."""
    text: str
    """Of its licence."""
    files: dict[str, bytes]

    @property
    def is_native(self) -> bool:
        """It holds Windows code: it cannot be in a zip."""
        return any(name.endswith(".pyd") for name in self.files)

    @property
    def sha256(self) -> str:
        """Of the files that are shipped, one after the other, with their names."""
        found = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            found.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
        return found.hexdigest()


def shipped(packages: Path) -> list[Library]:
    """The libraries, from the folder where they are installed; raises `BuildError` for one that is not."""
    found = {one.metadata["Name"].lower(): one for one in importlib.metadata.distributions(path=[str(packages)])}
    missing = [name for name in SHIPPED if name not in found]
    if missing:
        raise BuildError(f"{', '.join(missing)} is not in {packages}: run tools/windows/setup")
    return [_library(found[name]) for name in SHIPPED]


def _library(given: importlib.metadata.Distribution) -> Library:
    metadata = given.metadata
    licence = next((metadata[name] for name in ("License-Expression", "License") if name in metadata), "")
    return Library(
        metadata["Name"], given.version, licence.partition("\n")[0], _licence_text(given), dict(_files(given))
    )


def _files(given: importlib.metadata.Distribution) -> Iterator[tuple[str, bytes]]:
    for path in sorted(given.files or (), key=str):
        if is_shipped(path):
            yield path.as_posix(), path.read_binary()


def is_shipped(path: PurePosixPath) -> bool:
    """Whether a file of a distribution goes to PCs."""
    is_metadata = path.parts[0].endswith(".dist-info") or path.parts[0] in {"..", "bin"}
    return not is_metadata and path.suffix not in _LEFT_OUT and not _is_never(path)


def _is_never(path: PurePosixPath) -> bool:
    return any(part in _NEVER or part.startswith("_cffi.") for part in path.parts)


def _licence_text(given: importlib.metadata.Distribution) -> str:
    names = ("LICENSE", "LICENCE", "COPYING")
    paths = [
        path for path in given.files or () if path.name.upper().startswith(names) and ".dist-info" in str(path)
    ]
    return "\n\n".join(path.read_text() for path in sorted(paths, key=str))
