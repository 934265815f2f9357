"""The repository's tracked files, as the rules see them."""

import ast
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Tree:
    """Path from the root → text, of every text file."""

    files: Mapping[str, str]

    @classmethod
    def tracked(cls) -> "Tree":
        """What git tracks, or would track."""
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607  git of the PATH
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return cls({path: text for path in listed.stdout.splitlines() if (text := _text(ROOT / path)) is not None})

    @cached_property
    def modules(self) -> Mapping[str, ast.Module]:
        """Path → syntax tree, of every Python file."""
        return {path: ast.parse(text) for path, text in self.files.items() if path.endswith(".py")}

    def sources(self) -> Iterator[tuple[str, ast.Module]]:
        """The modules that ship."""
        return ((path, module) for path, module in self.modules.items() if "/src/" in path)


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return None
