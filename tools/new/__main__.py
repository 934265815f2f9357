"""`python -m tools.new step collect_printers`: the module and its test; then everything generated follows."""

import re
import sys
from pathlib import Path

from tools.gen.__main__ import main as generate

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Path(__file__).parent / "templates"
FAMILIES = {
    "step": {
        "step.py.txt": "packages/agent/src/canopee_agent/steps/{name}.py",
        "test_step.py.txt": "packages/agent/tests/steps/test_{name}.py",
    },
}
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def files_of(kind: str, name: str) -> dict[str, str]:
    """Path from the root → text, of the new member.

    Raises:
        ValueError: an unknown family, or a name that is not lower case with underscores.
    """
    if kind not in FAMILIES:
        raise ValueError(f"KIND={kind}: one of {', '.join(FAMILIES)}")
    if not _NAME.fullmatch(name):
        raise ValueError(f"NAME={name}: lower case with underscores, such as collect_printers")
    words = {"@name@": name, "@Name@": "".join(part.capitalize() for part in name.split("_"))}
    return {
        place.format(name=name): _filled((TEMPLATES / template).read_text("utf-8"), words)
        for template, place in FAMILIES[kind].items()
    }


def main(arguments: list[str]) -> int:
    """2 when the arguments make no sense, 1 when a file exists already."""
    if len(arguments) != 2:  # noqa: PLR2004  kind and name
        print("make new KIND=step NAME=collect_printers")
        return 2
    try:
        files = files_of(*arguments)
    except ValueError as error:
        print(error)
        return 2
    if existing := [path for path in files if (ROOT / path).exists()]:
        print(f"{existing[0]} exists already")
        return 1
    for path, text in files.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8")
        print(path)
    return generate([])


def _filled(text: str, words: dict[str, str]) -> str:
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
