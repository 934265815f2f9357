"""The official Windows CPython: where it comes from, and what of it the agent needs."""

import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tools.windows.toolchain import ROOT, BuildError

CACHE = ROOT / ".cache" / "wine"
DLL = "python311.dll"
PINNED = {DLL: "0817a2a657a24c0d5fbb60df56960f42fc66b3039d522ec952dab83e2d869364"}
"""SHA-256 of what the Python Software Foundation signed: 3.11.9, the last 3.11 with Windows binaries."""
FILES = (
    DLL, "python3.dll", "vcruntime140.dll", "vcruntime140_1.dll", "libcrypto-3.dll", "libssl-3.dll", "libffi-8.dll",
    "sqlite3.dll", "_ctypes.pyd", "_hashlib.pyd", "_socket.pyd", "_sqlite3.pyd", "_ssl.pyd", "select.pyd",
    "unicodedata.pyd", "_queue.pyd", "_decimal.pyd", "_bz2.pyd", "_lzma.pyd", "_uuid.pyd", "pyexpat.pyd",
)  # fmt: skip
_LIBRARY = "python311.zip"
_DROPPED = (
    "tkinter/", "test/", "idlelib/", "lib2to3/", "distutils/", "ensurepip/", "pydoc_data/", "turtledemo/", "unittest/",
    "curses/", "msilib/", "xmlrpc/", "wsgiref/", "venv/", "dbm/", "asyncio/", "multiprocessing/", "turtle", "pydoc",
    "doctest", "pdb",
)  # fmt: skip
"""Of the standard library; `agent.exe selftest` imports all that the agent has, and so finds what is missing."""


def downloaded() -> Path:
    """The Python that `tools/wine/setup` has unpacked."""
    return CACHE / "python"


def official_zip(path: Path, sha256: str) -> Path:
    """Unpack an embeddable Python given by its builder, once its hash is the one that they expect.

    Raises:
        BuildError: another file, or not a whole one.
    """
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256.lower():
        raise BuildError(f"{path} has SHA-256 {found}, not {sha256}: it is not the file that was meant")
    folder = Path(tempfile.mkdtemp(prefix="canopee-python-"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in (*FILES, _LIBRARY, "LICENSE.txt"):
            try:
                (folder / name).write_bytes(archive.read(name))
            except KeyError as error:
                raise BuildError(
                    f"{path} holds no {name}: an embeddable CPython 3.11 for amd64 is needed"
                ) from error
    return folder


def put_runtime(python: Path, slot: Path) -> None:
    """Copy the interpreter and its native modules; raises `BuildError` for another one than that of 3.11.9."""
    for name in FILES:
        shutil.copyfile(python / name, slot / name)
    for name, expected in PINNED.items():
        if hashlib.sha256((slot / name).read_bytes()).hexdigest() != expected:
            raise BuildError(f"{name} is not that of CPython 3.11.9: the wheels of the agent are built for it")


def library(python: Path) -> Iterator[tuple[str, bytes]]:
    """What is kept of the standard library: name and bytes of each file, sorted."""
    with zipfile.ZipFile(python / _LIBRARY) as archive:
        for name in sorted(archive.namelist()):
            if not name.startswith(_DROPPED) and not name.endswith("/"):
                yield name, archive.read(name)
