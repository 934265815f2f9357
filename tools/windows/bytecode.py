"""Python compiled for CPython 3.11, without time stamp or place of the build.

Where this machine's Python is another one, this file is run by the Windows Python under Wine:
`bytecode.py IN OUT`, JSON files of names and base64.
"""

import base64
import importlib.util
import json
import marshal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

TARGET = (3, 11)
_UNCHECKED = b"\1\0\0\0" + bytes(8)
"""A `.pyc` that is never compared with a source."""


def compile_all(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Name → source becomes name → bytes of its `.pyc`."""
    return compile_here(sources) if sys.version_info[:2] == TARGET else compile_under_wine(sources)


def compile_here(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """By a process that does nothing else: what `marshal` writes depends on which strings are in use elsewhere."""
    return _compile_with([sys.executable, "-I", "-S"], sources, str)


def compile_under_wine(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """By the Windows Python."""
    wine = Path(__file__).resolve().parents[1] / "wine" / "python"
    return _compile_with([str(wine), "-S"], sources, lambda path: f"Z:{path}".replace("/", "\\"))


def _compile_with(
    python: list[str], sources: Mapping[str, bytes], named: Callable[[Path], str]
) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="canopee-bytecode-") as place:
        given, answer = Path(place) / "in.json", Path(place) / "out.json"
        given.write_text(_told(sources))
        names = [named(path) for path in (Path(__file__).resolve(), given, answer)]
        subprocess.run([*python, *names], check=True)  # noqa: S603  our own script
        return _heard(answer.read_text())


def main(given: str, answer: str) -> None:
    """The command line."""
    sources = _heard(Path(given).read_text())
    Path(answer).write_text(_told({name: _compiled(name, source) for name, source in sources.items()}))


def _compiled(name: str, source: bytes) -> bytes:
    code = compile(source, name, "exec", optimize=2, dont_inherit=True)
    return importlib.util.MAGIC_NUMBER + _UNCHECKED + marshal.dumps(code)


def _told(contents: Mapping[str, bytes]) -> str:
    return json.dumps({name: base64.b64encode(content).decode() for name, content in contents.items()})


def _heard(text: str) -> dict[str, bytes]:
    return {name: base64.b64decode(content) for name, content in json.loads(text).items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
