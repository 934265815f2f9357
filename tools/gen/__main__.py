"""`python -m tools.gen [--check]`: write every generated file, or say which ones have drifted."""

import importlib
import pkgutil
import sys
from pathlib import Path

import tools.gen as package

ROOT = Path(__file__).resolve().parents[2]


def generated() -> dict[str, str]:
    """Path from the root → text, of every generated file."""
    files: dict[str, str] = {}
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            files |= importlib.import_module(f"{package.__name__}.{module.name}").generate()
    return files


def main(arguments: list[str]) -> int:
    """1 when `--check` finds a drift."""
    drifted = [path for path, text in generated().items() if _held(path) != text]
    if "--check" in arguments:
        for path in drifted:
            print(f"{path} is not what `make gen` writes")
        return 1 if drifted else 0
    for path in drifted:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(generated()[path], "utf-8")
        print(path)
    return 0


def _held(path: str) -> str:
    file = ROOT / path
    return file.read_text("utf-8") if file.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
